//! The client against a real Glance, which `tests/glance/run` starts; without one these tests are ignored, and fail if they are run.

#![allow(
    clippy::print_stderr,
    reason = "a test that did not run says so, and one that measured says what"
)]

use std::num::NonZeroU32;

use stormglass_glance::{Answer, Client, ImageId, Request, RunId};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::checker::concurrent::{Rules, judge};
use stormglass_model::history::{ClientEvent, Ending, Observation, OpId, Seen, SubjectHistory};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use stormglass_model::script::Act;
use stormglass_model::units::{Bytes, Span, Time};

mod faults;
mod keystone;
mod learned;
mod life;
mod probe;
mod safety;
pub mod served;
mod sources;
mod stores;
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

/// The real server.
fn place() -> Place {
    let set = |name: &str| std::env::var(format!("STORMGLASS_GLANCE_{name}")).ok();
    let served = served::url();
    let token = |name: &str, ours: &str| match &served {
        Some(_) => ours.to_owned(),
        None => set(name).expect("it is set by tests/glance/run"),
    };
    let member = token("TOKEN", "alice:stormglass:member,reader");
    let admin = token("ADMIN_TOKEN", "root:stormglass:admin,member,reader");
    let url = served.or_else(|| set("URL"));
    let url = url.expect("STORMGLASS_GLANCE_URL is set by tests/glance/run");
    Place {
        target: GlanceTarget {
            timeout: Span::from_secs(30),
            connections: NonZeroU32::MIN.saturating_add(15),
            delayed_delete: set("DELAYED_DELETE").is_some_and(|set| set == "true"),
            ..GlanceTarget::new(url, Identity::Token(member), Identity::Token(admin))
        },
        run: RunId::fresh(SEED),
    }
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

/// One subject with its client, and a history that must be valid after every answer.
struct Subject {
    client: Client,
    request: Request,
    rules: Rules,
    history: SubjectHistory,
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
            rules: Rules::glance(Some(place.target.delayed_delete)),
            history: SubjectHistory::default(),
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
        let request = self.asked(operation);
        let op = self.sent(&request);
        let answer = self.client.perform(&request).await;
        self.answered(op, &request, &answer);
        answer
    }

    /// Enters an operation into the history, whose clock is the order of its events.
    fn sent(&mut self, request: &Request) -> OpId {
        let op = OpId(self.history.events.len() as u64);
        self.tell(Observation::Invoked {
            op,
            operation: request.operation,
            who: request.who,
            brings: None,
            spoiled: request.operation == Operation::AbortUpload,
        });
        op
    }

    /// Enters an answer, with which the history must be valid.
    fn answered(&mut self, op: OpId, request: &Request, answer: &Answer) {
        let reads = request.operation.reads() || request.operation == Operation::Show;
        for event in &mut self.history.events {
            if let Observation::Invoked {
                op: sent, brings, ..
            } = &mut event.observation
                && *sent == op
                && !reads
            {
                *brings = answer.content;
            }
        }
        self.tell(Observation::Answered {
            op,
            ending: Ending {
                outcome: answer.outcome,
                seen: answer.observed,
                content: answer.content.filter(|_| reads),
                http_status: answer.http_status,
            },
        });
        let judgement = judge(&self.history, &self.rules);
        assert_eq!(
            judgement.violations,
            [],
            "{}: {answer:?}",
            request.operation
        );
    }

    fn tell(&mut self, observation: Observation) {
        let at = Time(self.history.events.len() as u64);
        self.history.events.push(ClientEvent { at, observation });
    }

    async fn check(&mut self, operation: Operation, outcome: Outcome) -> Answer {
        let answer = self.answer(operation).await;
        assert_eq!(answer.outcome, outcome, "{operation}: {answer:?}");
        answer
    }

    async fn show(&mut self) -> Answer {
        self.answer(Operation::Show).await
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
