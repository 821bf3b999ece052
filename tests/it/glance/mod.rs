//! The client against a real Glance. `tests/glance/run` starts one and sets STORMGLASS_GLANCE_URL; without it nothing runs here.

#![allow(
    clippy::print_stderr,
    reason = "a test that did not run says so, and one that measured says what"
)]

use std::num::NonZeroU32;
use stormglass::engine::glance::Tracker;
use stormglass_glance::{Answer, Client, ImageId, Request, RunId};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use stormglass_model::script::Act;
use stormglass_model::units::{Bytes, Span};

mod faults;
mod keystone;
mod latency;
mod life;
mod probe;
mod rivals;
mod safety;
mod surface;

const SEED: u64 = 42;
const SIZE: u64 = 300_000;

/// Runs an async test on one thread with a set of local tasks, as an arbiter does.
pub fn local<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}

/// The real server, and a run of our own on it.
#[derive(Clone)]
struct Place {
    target: GlanceTarget,
    run: RunId,
}

/// The real server, if there is one.
fn place() -> Option<Place> {
    let set = |name: &str| std::env::var(format!("STORMGLASS_GLANCE_{name}")).ok();
    let Some(url) = set("URL") else {
        eprintln!(
            "not run: STORMGLASS_GLANCE_URL is not set; tests/glance/run starts a Glance and sets it"
        );
        return None;
    };
    Some(Place {
        target: GlanceTarget {
            timeout: Span::from_secs(30),
            connections: NonZeroU32::MIN.saturating_add(15),
            delayed_delete: set("DELAYED_DELETE").is_some_and(|set| set == "true"),
            ..GlanceTarget::new(
                url,
                Identity::Token(set("TOKEN").unwrap()),
                Identity::Token(set("ADMIN_TOKEN").unwrap()),
            )
        },
        run: RunId::fresh(SEED),
    })
}

impl Place {
    fn client(&self) -> Client {
        Client::new(&self.target, self.run).unwrap()
    }

    /// Identities by header in place of tokens.
    fn by_headers(mut self) -> Place {
        let headers = |roles: &[&str]| Identity::Headers {
            user: "hannah".to_owned(),
            project: "headers".to_owned(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        };
        self.target.member = headers(&["member", "reader"]);
        self.target.admin = headers(&["admin", "member", "reader"]);
        self
    }
}

/// One subject with its client, and a tracker that every answer must satisfy.
struct Subject {
    client: Client,
    request: Request,
    tracker: Tracker,
}

impl Subject {
    fn new(place: &Place, number: u64) -> Subject {
        Subject {
            client: place.client(),
            request: Request {
                operation: Operation::Create,
                who: Who::Member,
                id: ImageId::new(place.run, number),
                size: Bytes(SIZE),
                content_seed: SEED + number,
                fraction: 0.5,
            },
            tracker: Tracker::new(Some(place.target.delayed_delete)),
        }
    }

    fn asked(&self, operation: Operation) -> Request {
        Request {
            operation,
            who: Act::usual(operation).who,
            ..self.request
        }
    }

    async fn answer(&mut self, operation: Operation) -> Answer {
        let ticket = self.tracker.invoked(operation);
        let answer = self.client.perform(&self.asked(operation)).await;
        let findings = self.tracker.completed(ticket, &answer);
        assert_eq!(findings.violation, None, "{operation}: {answer:?}");
        answer
    }

    async fn check(&mut self, operation: Operation, outcome: Outcome) -> Answer {
        let answer = self.answer(operation).await;
        assert_eq!(answer.outcome, outcome, "{operation}: {answer:?}");
        answer
    }

    async fn show(&mut self) -> Answer {
        let ticket = self.tracker.showing();
        let answer = self.client.show(self.request.id).await;
        assert_eq!(
            self.tracker.completed(ticket, &answer).violation,
            None,
            "{answer:?}"
        );
        answer
    }

    async fn seen(&mut self, status: SubjectStatus) {
        assert_eq!(self.show().await.observed, Some(Seen::Status(status)));
    }

    /// Removes what the test made, and shows that nothing with its tag is left.
    async fn clean(self) {
        let cleanup = self.client.cleanup().await;
        assert_eq!(cleanup.left, []);
        assert_eq!(self.client.tagged().await, Ok(Vec::new()));
    }
}
