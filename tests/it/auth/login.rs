//! Logging in at Keystone, and what becomes of tokens.

use super::{Cloud, SECRET, asked, assert_line, soon, target_of};
use crate::glance::local;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use stormglass_glance::Identity;
use stormglass_glance::auth::{Credential, Domain, Interface, Login, Named, Proof, Scope, Secret};
use stormglass_glance::{Client, HelloError, RunId, locate};
use stormglass_model::lifecycle::{Operation, Outcome};
use tokio::sync::Notify;
use tokio::task::JoinSet;

async fn client(cloud: &Cloud) -> Client {
    let target = soon(locate(&cloud.target())).await.unwrap();
    assert_eq!(target.url, Some(format!("{}/image", cloud.url)));
    Client::new(&target, RunId(1)).unwrap()
}

/// Lets time pass, but not for what is on its way.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// So many deletes at once; all must be answered ok.
async fn deletes(client: &Client, count: u64) {
    let mut open = JoinSet::new();
    for number in 0..count {
        let client = client.clone();
        open.spawn_local(async move { client.perform(&asked(Operation::Delete, number)).await });
    }
    for answer in soon(open.join_all()).await {
        assert_eq!(answer.outcome, Outcome::Ok, "{answer:?}");
    }
}

#[test]
fn one_login_serves_all_clients_and_connections() {
    local(async {
        let cloud = Cloud::start().await;
        let target = soon(locate(&cloud.target())).await.unwrap();
        for run in 0..3 {
            let client = Client::new(&target, RunId(run)).unwrap();
            soon(client.hello()).await.unwrap();
            deletes(&client, 40).await;
        }
        assert_eq!(cloud.issued.get(), 1);
    });
}

#[test]
fn a_token_is_renewed_before_it_ends_while_others_use_it() {
    local(async {
        let cloud = Cloud::start().await;
        let client = client(&cloud).await;
        pass(3_290).await;
        deletes(&client, 20).await;
        assert_eq!(cloud.issued.get(), 1, "not due yet");
        pass(20).await;
        let gate = Rc::new(Notify::new());
        *cloud.gate.borrow_mut() = Some(gate.clone());
        let renewing = tokio::task::spawn_local({
            let client = client.clone();
            async move { deletes(&client, 1).await }
        });
        while cloud.asked.get() < 2 {
            tokio::task::yield_now().await;
        }
        deletes(&client, 20).await;
        assert_eq!(cloud.issued.get(), 1, "the old one is still good");
        gate.notify_one();
        soon(renewing).await.unwrap();
        cloud.accepted.borrow_mut().remove("token-1-of-the-cloud");
        deletes(&client, 20).await;
        assert_eq!((cloud.issued.get(), cloud.asked.get()), (2, 2));
    });
}

#[test]
fn how_long_a_token_lives_is_told_by_two_times_or_not_at_all() {
    local(async {
        let cloud = Cloud::start().await;
        for (from, to, seconds) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:02:00Z", Some(120)),
            ("1999-12-31T23:59:00Z", "2000-01-01T00:01:00.5Z", Some(120)),
            (
                "2000-02-28T00:00:00Z",
                "2000-03-01T00:00:00Z",
                Some(2 * 86_400),
            ),
            ("2023-02-28T00:00:00Z", "2023-03-01T00:00:00Z", Some(86_400)),
            ("2024-02-29T23:59:59.5Z", "2024-03-01T00:00:59Z", Some(60)),
            (
                "2024-01-01T00:00:00Z",
                "2024-09-30T00:00:00Z",
                Some(273 * 86_400),
            ),
            ("2024-01-01T00:00:00Z", "", None),
            ("2024-01-01T00:00:00Z", "Z", None),
            ("2024-01-01T00:00:00Z", "TZ", None),
            ("2024-01-01T00:00:00Z", "2024-02-29", None),
            ("2024-01-01T00:00:00Z", "2024-13-01T00:00:00Z", None),
            ("2024-01-01T00:00:00Z", "99999-01-01T00:00:00Z", None),
            ("2024-01-01T00:00:00Z", "2024-1-é-T::Z", None),
        ] {
            cloud.times.set([from, to]);
            let client = client(&cloud).await;
            let before = cloud.issued.get();
            // Renewed five minutes before its end, or in the last tenth of its life.
            let due = seconds.map_or(364 * 86_400, |life: u64| life - (life / 10).min(300));
            pass(due - 2).await;
            deletes(&client, 1).await;
            assert_eq!(cloud.issued.get(), before, "{to}: not due yet");
            pass(4).await;
            deletes(&client, 1).await;
            let renewed = u32::from(seconds.is_some());
            assert_eq!(cloud.issued.get(), before + renewed, "{to}");
        }
    });
}

#[test]
fn a_failed_renewal_leaves_the_old_token() {
    local(async {
        let cloud = Cloud::start().await;
        let client = client(&cloud).await;
        pass(3_400).await;
        *cloud.gate.borrow_mut() = Some(Rc::new(Notify::new()));
        let renewing = tokio::task::spawn_local({
            let client = client.clone();
            async move { deletes(&client, 1).await }
        });
        while cloud.asked.get() < 2 {
            tokio::task::yield_now().await;
        }
        pass(6).await; // longer than anything is waited for
        soon(renewing).await.unwrap();
        deletes(&client, 5).await;
        assert_eq!(cloud.issued.get(), 1);
    });
}

#[test]
fn however_many_wait_one_logs_in() {
    local(async {
        let cloud = Cloud::start().await;
        let client = client(&cloud).await;
        pass(10_000).await;
        cloud.revoke();
        deletes(&client, 100).await;
        assert_eq!((cloud.issued.get(), cloud.asked.get()), (2, 2));
        assert!(!cloud.seen.borrow().iter().any(|seen| seen.ends_with("401")));
    });
}

#[test]
fn a_token_that_is_refused_in_mid_run_is_replaced_once() {
    local(async {
        let cloud = Cloud::start().await;
        let client = client(&cloud).await;
        soon(client.hello()).await.unwrap();
        cloud.revoke();
        deletes(&client, 100).await;
        assert_eq!(cloud.issued.get(), 2);

        // What has a body is not sent twice: its answer stands, and the next one has a new token.
        cloud.revoke();
        let create = asked(Operation::Create, 1);
        let refused = soon(client.perform(&create)).await;
        assert_eq!(
            (refused.outcome, refused.http_status),
            (Outcome::Fail, Some(401))
        );
        assert_eq!(refused.note, "who is ?", "a token is never shown");
        assert_eq!(soon(client.perform(&create)).await.outcome, Outcome::Ok);
        assert_eq!(cloud.issued.get(), 3);
    });
}

#[test]
fn a_glance_that_accepts_no_token_is_no_reason_to_log_in_again() {
    local(async {
        let cloud = Cloud::start().await;
        cloud.trusts.set(false);
        let client = client(&cloud).await;
        let error = soon(client.hello()).await.unwrap_err();
        assert!(
            matches!(error, HelloError::Identity { status: 401, .. }),
            "{error}"
        );
        for number in 0..20 {
            let answer = soon(client.perform(&asked(Operation::Delete, number))).await;
            assert_eq!(answer.http_status, Some(401));
        }
        assert_eq!(cloud.asked.get(), 1);
    });
}

#[test]
fn what_keystone_refuses_is_asked_for_once() {
    local(async {
        let cloud = Cloud::start().await;
        let mut target = target_of(cloud.login("wrong-password"));
        let error = soon(locate(&target)).await.unwrap_err().to_string();
        let url = &cloud.url;
        let expected = format!(
            "the Keystone at {url} refuses user `demo` of domain `Default` by password, for project `project` of domain `Default` \
             (HTTP 401): the user, the password, a domain or the project is wrong; it does not say which"
        );
        assert_eq!(error, expected);
        target.url = Some(cloud.url.clone());
        let client = Client::new(&target, RunId(1)).unwrap();
        assert_eq!(
            soon(client.hello()).await.unwrap_err().to_string(),
            expected
        );
        for number in 0..20 {
            let answer = soon(client.perform(&asked(Operation::Create, number))).await;
            assert_eq!(answer.outcome, Outcome::Fail);
            assert_line(&answer.note);
            assert!(!answer.note.contains("wrong-password"));
        }
        assert_eq!(cloud.asked.get(), 1, "an account may be locked");
        assert_eq!(
            client.created(),
            [],
            "what was never sent was never created"
        );
    });
}

#[test]
fn the_catalog_says_what_there_is_instead() {
    local(async {
        let cloud = Cloud::start().await;
        let check = async |region: Option<&str>, interfaces: &[Interface], expected: &str| {
            let mut login = cloud.login(SECRET);
            login.image.region = region.map(str::to_owned);
            login.image.interfaces = interfaces.to_vec();
            match soon(locate(&target_of(login))).await {
                Ok(target) => assert_eq!(target.url.as_deref(), Some(expected)),
                Err(error) => {
                    let text = error.to_string();
                    assert!(text.ends_with(expected), "{text}");
                }
            }
        };
        let internal = [Interface::Internal];
        check(None, &internal, "http://internal").await;
        check(Some("One"), &internal, "http://internal").await;
        let either = [Interface::Internal, Interface::Public];
        check(Some("Two"), &either, "http://two/image").await;
        check(
            Some("Two"),
            &internal,
            "has no internal endpoint of an image service in Two; it has internal in One, public in One, public in Two",
        )
        .await;
    });
}

#[test]
fn every_kind_of_login_says_what_keystone_expects() {
    local(async {
        let cloud = Cloud::start().await;
        let url = format!("{}/identity/v3/", cloud.url);
        let id = |id: &str| Named::Id(id.to_owned());
        let credential = |credential| Proof::ApplicationCredential(credential, Secret::new(SECRET));
        let password = |user| Proof::Password(user, Secret::new(SECRET));
        let by_name = Credential::Name("ci".to_owned(), id("u1"));
        for (proof, scope, expected) in [
            (
                password(id("u1")),
                Scope::System,
                r#"{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"open-sesame"}}},"scope":{"system":{"all":true}}}"#,
            ),
            (
                password(Named::Name("demo".to_owned(), Domain::Id("d".to_owned()))),
                Scope::Project(id("p1")),
                r#"{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"d"},"name":"demo","password":"open-sesame"}}},"scope":{"project":{"id":"p1"}}}"#,
            ),
            (
                credential(Credential::Id("c1".to_owned())),
                Scope::Unsaid,
                r#"{"identity":{"application_credential":{"id":"c1","secret":"open-sesame"},"methods":["application_credential"]}}"#,
            ),
            (
                credential(by_name),
                Scope::Unsaid,
                r#"{"identity":{"application_credential":{"name":"ci","secret":"open-sesame","user":{"id":"u1"}},"methods":["application_credential"]}}"#,
            ),
            (
                password(id("u1")),
                Scope::Trust("t1".to_owned()),
                r#"{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"open-sesame"}}},"scope":{"OS-TRUST:trust":{"id":"t1"}}}"#,
            ),
            (
                Proof::Token(Secret::new(SECRET)),
                Scope::Domain(Domain::Name("Default".to_owned())),
                r#"{"identity":{"methods":["token"],"token":{"id":"open-sesame"}},"scope":{"domain":{"name":"Default"}}}"#,
            ),
        ] {
            soon(locate(&target_of(Login::new(url.clone(), proof, scope))))
                .await
                .unwrap();
            let sent = cloud.logins.borrow_mut().pop().unwrap();
            assert_eq!(
                sent,
                serde_json::json!({ "auth": serde_json::from_str::<serde_json::Value>(expected).unwrap() })
            );
        }
    });
}

#[test]
fn no_secret_is_shown() {
    local(async {
        let cloud = Cloud::start().await;
        let target = soon(locate(&cloud.target())).await.unwrap();
        let Identity::Keystone(login) = &target.member else {
            panic!()
        };
        let shown = format!(
            "{target:?} {login:?} {:?} {}",
            Arc::clone(login),
            login.who()
        );
        assert!(
            !shown.contains(SECRET) && !shown.contains("of-the-cloud"),
            "{shown}"
        );
    });
}
