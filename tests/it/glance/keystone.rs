//! Against a real Keystone, and a Glance that asks it: `tests/keystone/run` starts both.

use super::{SEED, SIZE, local};
use stormglass_glance::auth::{Environment, cloud};
use stormglass_glance::target_from_environment;
use stormglass_glance::{Client, ImageId, Request, RunId, locate};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::units::Bytes;

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
