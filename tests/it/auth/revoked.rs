//! Tokens that are revoked on purpose, in the middle of a request.

use super::{Cloud, SECRET, asked, assert_line, soon};
use crate::glance::local;
use std::sync::Arc;
use stormglass_glance::auth::{Proof, Secret};
use stormglass_glance::{Answer, Client, GlanceTarget, Identity, RunId, Watch, locate};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::script::{ClientFault, Point};
use stormglass_model::units::Span;

/// The answer to an upload whose token is revoked at this point, and why it was not.
async fn revoked_at(cloud: &Cloud, client: &Client, point: Point) -> (Answer, Option<String>) {
    cloud.seen.borrow_mut().clear();
    let watch = Watch::new(point, Span::ZERO, Some(ClientFault::Revoke));
    let upload = asked(Operation::Upload, 1);
    let answer = soon(client.perform_watched(&upload, &watch)).await;
    (answer, watch.unrevoked())
}

#[test]
fn a_token_is_revoked_at_its_point_and_no_other_is() {
    local(async {
        let cloud = Cloud::start().await;
        let client = Client::new(&soon(locate(&cloud.target())).await.unwrap(), RunId(1)).unwrap();
        assert_eq!(cloud.issued.get(), 1);
        // This Glance looks at a token when it has all of the request.
        for (number, (point, status)) in (2..).zip([
            (Point::Before, 401),
            (Point::FirstByte, 401),
            (Point::MidBody, 401),
            (Point::LastByte, 401),
            (Point::Answer, 204),
        ]) {
            let (answer, unrevoked) = revoked_at(&cloud, &client, point).await;
            assert_eq!(answer.http_status, Some(status), "{point}: {answer:?}");
            assert_eq!(unrevoked, None, "{point}");
            assert!(!answer.note.contains("of-the-cloud"), "{}", answer.note);
            let own = format!("token-{number}-of-the-cloud");
            assert_eq!(cloud.revoked.borrow().last(), Some(&own), "{point}");
            assert_eq!(cloud.seen.borrow().len(), 1, "it is sent once");
        }
        // All others go on with the first.
        let answer = soon(client.perform(&asked(Operation::Upload, 1))).await;
        assert_eq!(answer.http_status, Some(204));
        assert_eq!(cloud.issued.get(), 6);
        // A Keystone that does not revoke it, since it knows of none any more: the request goes on, and that is told.
        cloud.trusts.set(false);
        let (_, unrevoked) = revoked_at(&cloud, &client, Point::MidBody).await;
        assert!(unrevoked.unwrap().ends_with("HTTP 404"));
    });
}

#[test]
fn a_token_that_is_given_is_never_revoked() {
    local(async {
        let cloud = Cloud::start().await;
        let url = format!("{}/image", cloud.url);
        let given = Identity::Token("mine".to_owned());
        let mut login = cloud.login(SECRET);
        login.proof = Proof::Token(Secret::new("mine"));
        for identity in [given, Identity::Keystone(Arc::new(login))] {
            assert!(!identity.can_revoke());
            let target = GlanceTarget::new(url.clone(), identity.clone(), identity);
            let client = Client::new(&target, RunId(1)).unwrap();
            assert!(client.unable(Who::Member, ClientFault::Revoke).is_some());
            assert_eq!(client.unable(Who::Member, ClientFault::Close), None);
            let (answer, _) = revoked_at(&cloud, &client, Point::MidBody).await;
            assert_eq!(answer.outcome, Outcome::Fail);
            assert_line(&answer.note);
            assert_eq!((cloud.seen.borrow().len(), cloud.asked.get()), (0, 0));
        }
    });
}
