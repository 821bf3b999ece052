//! Against a real Keystone, and a Glance that asks it: `tests/keystone/run` starts both.

use super::{SEED, SIZE, local};
use stormglass_glance::auth::{Environment, cloud};
use stormglass_glance::target_from_environment;
use stormglass_glance::{Client, ImageId, Request, RunId, Watch, locate};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::script::{ClientFault, Point};
use stormglass_model::units::{Bytes, Span};

/// What surrounds a test beside a Keystone.
fn environment() -> Environment {
    let environment = Environment::of_process();
    let keystone = environment.said("STORMGLASS_GLANCE_KEYSTONE");
    assert!(keystone.is_some(), "it is set by tests/keystone/run");
    environment
}

fn identity(environment: &Environment, name: &str) -> Identity {
    cloud(environment, name).unwrap().identity
}

fn target(environment: &Environment, member: &str) -> GlanceTarget {
    let named = |name| identity(environment, name);
    GlanceTarget {
        url: None,
        ..GlanceTarget::new(String::new(), named(member), named("admin"))
    }
}

#[test]
#[ignore = "needs a Keystone: tests/keystone/run"]
fn a_password_and_an_application_credential_reach_glance() {
    let environment = environment();
    local(async {
        for (number, member) in ["member", "credential"].into_iter().enumerate() {
            let target = locate(&target(&environment, member)).await.unwrap();
            let url = std::env::var("STORMGLASS_GLANCE_URL").unwrap();
            assert_eq!(target.url, Some(url), "the catalog says it");
            let run = RunId::fresh(SEED + number as u64);
            let client = Client::new(&target, run).unwrap();
            let greeting = client.hello().await.unwrap();
            assert!(greeting.admin_is_admin && !greeting.member_is_admin);
            for operation in [
                Operation::Create,
                Operation::Upload,
                Operation::Download,
                Operation::Deactivate,
                Operation::Delete,
            ] {
                let request = Request {
                    operation,
                    who: Who::Member,
                    id: ImageId::new(run, 1),
                    size: Bytes(SIZE),
                    content_seed: SEED,
                    fraction: 0.5,
                };
                let answer = client.perform(&request).await;
                assert_eq!(answer.outcome, Outcome::Ok, "{operation}: {answer:?}");
            }
            assert_eq!(client.cleanup().await.left, []);
        }
    });
}

#[test]
#[ignore = "needs a Keystone: tests/keystone/run"]
fn a_wrong_password_and_an_unknown_project_are_refused() {
    let environment = environment();
    local(async {
        let keystone = environment.said("STORMGLASS_GLANCE_KEYSTONE").unwrap();
        for (password, project) in [("wrong", "demo"), ("open-sesame", "none")] {
            let variables = [
                ("OS_AUTH_URL", keystone),
                ("OS_USERNAME", "demo"),
                ("OS_PASSWORD", password),
                ("OS_PROJECT_NAME", project),
                ("OS_USER_DOMAIN_NAME", "Default"),
                ("OS_PROJECT_DOMAIN_NAME", "Default"),
            ];
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let nowhere = std::path::Path::new("nowhere");
            let environment = Environment::new(variables, nowhere, nowhere);
            let target = target_from_environment(&environment, None).unwrap();
            let error = locate(&target).await.unwrap_err().to_string();
            let expected = "(HTTP 401): the user, the password, a domain or the project is wrong; it does not say which";
            assert!(error.ends_with(expected), "{error}");
        }
    });
}

#[test]
#[ignore = "needs a Keystone: tests/keystone/run"]
fn a_token_of_a_request_is_revoked_in_the_middle_of_it() {
    let environment = environment();
    local(async {
        for (number, member) in (20..).zip(["member", "credential"]) {
            let target = locate(&target(&environment, member)).await.unwrap();
            let run = RunId::fresh(SEED + number);
            let client = Client::new(&target, run).unwrap();
            let asked = |operation, number| Request {
                operation,
                who: Who::Member,
                id: ImageId::new(run, number),
                size: Bytes(SIZE),
                content_seed: SEED,
                fraction: 0.5,
            };
            let revoked_at = async |point, operation, number| {
                let watch = Watch::new(point, Span::ZERO, Some(ClientFault::Revoke));
                let request = asked(operation, number);
                let answer = client.perform_watched(&request, &watch).await;
                assert_eq!(watch.unrevoked(), None, "{operation} {point}");
                answer
            };
            let answer = revoked_at(Point::Before, Operation::Create, 0).await;
            assert_eq!(answer.http_status, Some(401), "{answer:?}");
            let inside = [Point::FirstByte, Point::MidBody, Point::LastByte];
            for (number, point) in (1..).zip(inside) {
                let create = client.perform(&asked(Operation::Create, number)).await;
                assert_eq!(create.outcome, Outcome::Ok, "{create:?}");
                let upload = revoked_at(point, Operation::Upload, number).await;
                // Whether it looks at a token again after the head is the server's own.
                assert!(matches!(upload.http_status, Some(204 | 401)), "{upload:?}");
                let delete = revoked_at(Point::Answer, Operation::Delete, number).await;
                assert_eq!(delete.http_status, Some(204), "{delete:?}");
            }
            assert_eq!(client.cleanup().await.left, []);
        }
    });
}
