//! A real Glance as a target: operations become requests, answers become completions and history.
//!
//! Requests run as local tasks of the arbiter; what they bring lies in an inbox until the shard takes it in,
//! so that everything that counts happens in one order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use stormglass_glance::{Answer, Cleanup, Client, CommandError, Commands, ImageId, Request, RunId};
use stormglass_model::checker::Violation;
use stormglass_model::fault::{FaultId, Faults};
use stormglass_model::history::{Audit, Event, Gauges, Seen, SubjectId};
use stormglass_model::invocation::{Completion, Invocation, Out};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::load::StoryId;
use stormglass_model::script::{Act, ClientFault};
use stormglass_model::target::Target;
use stormglass_model::units::{Bytes, Span, Time};
use tokio::task::spawn_local;

mod actor;
mod faults;
mod last_look;
mod moves;
mod tracker;

pub use actor::{TrackerMessage, TrackerReply, Trackers};
pub use tracker::{Ticket, Tracker};

use last_look::last_looks;

/// What the target puts into the calendar: look at a subject that was left in the middle of something.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    subject: SubjectId,
    story: StoryId,
    /// Since when a transition that is seen may have been under way.
    since: Time,
    /// How often it was looked at already.
    looks: u8,
}

/// What requests bring.
enum Arrival {
    Answer {
        invocation: Invocation,
        ticket: Option<Ticket>,
        answer: Box<Answer>,
    },
    Look {
        look: Look,
        ticket: Option<Ticket>,
        answer: Box<Answer>,
    },
    Last {
        subject: SubjectId,
        ticket: Ticket,
        answer: Box<Answer>,
    },
    Command {
        fault: FaultId,
        open: bool,
        error: Option<CommandError>,
    },
    Closed(Cleanup),
}

/// Where requests leave what they bring.
#[derive(Clone)]
struct Inbox {
    arrivals: Rc<RefCell<Vec<Arrival>>>,
    bell: Rc<dyn Fn()>,
}

impl Inbox {
    fn put(&self, arrival: Arrival) {
        self.arrivals.borrow_mut().push(arrival);
        (self.bell)();
    }
}

/// A subject that exists, as far as the run knows.
#[derive(Clone, Copy, Debug)]
struct Live {
    subject: SubjectId,
    /// The largest size that was ever sent to it.
    size: u64,
    /// It can only be gone. Answers are judged all the same for as long as its story asks.
    gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Closing,
    Closed,
}

/// A subject left in the middle of an upload is looked at so often, at twice the distance each time.
const LOOKS: u8 = 10;
const FIRST_LOOK: Span = Span::from_millis(10);

/// One shard's view of a real Glance.
pub struct Remote<A> {
    client: Client,
    run: RunId,
    delayed_delete: bool,
    actors: A,
    faults: Faults,
    commands: Commands,
    live: BTreeMap<u32, Live>,
    inbox: Inbox,
    /// Requests and commands that have not ended.
    open: u64,
    stage: Stage,
    gone: u64,
    requests: u64,
}

impl<A: Trackers> Remote<A> {
    /// A target whose server has said hello.
    pub fn new(
        client: Client,
        run: RunId,
        delayed_delete: bool,
        faults: Faults,
        commands: Commands,
        actors: A,
    ) -> Self {
        Remote {
            client,
            run,
            delayed_delete,
            actors,
            faults,
            commands,
            live: BTreeMap::new(),
            inbox: Inbox {
                arrivals: Rc::default(),
                bell: Rc::new(|| {}),
            },
            open: 0,
            stage: Stage::Open,
            gone: 0,
            requests: 0,
        }
    }

    /// Starts a request whose answer will lie in the inbox.
    fn send<F: Future<Output = Answer> + 'static>(
        &mut self,
        request: F,
        arrival: impl FnOnce(Box<Answer>) -> Arrival + 'static,
    ) {
        self.open += 1;
        self.requests += 1;
        let inbox = self.inbox.clone();
        spawn_local(async move {
            let answer = request.await;
            inbox.put(arrival(Box::new(answer)));
        });
    }

    fn look(&mut self, look: Look) {
        let slot = look.subject.slot;
        if self.stage != Stage::Open || !self.is_live(look.subject) {
            return;
        }
        let ticket = self
            .actors
            .tell(slot, TrackerMessage::Sending(None))
            .and_then(|reply| reply.ticket);
        let (client, id) = (
            self.client.clone(),
            ImageId::new(self.run, look.subject.number),
        );
        let request = async move { client.show(id).await };
        self.send(request, move |answer| Arrival::Look {
            look,
            ticket,
            answer,
        });
    }

    fn is_live(&self, subject: SubjectId) -> bool {
        self.live
            .get(&subject.slot)
            .is_some_and(|live| live.subject == subject)
    }

    fn take(&mut self, now: Time, arrival: Arrival, out: &mut Out<Look>) {
        match arrival {
            Arrival::Answer {
                invocation,
                ticket,
                answer,
            } => {
                self.answered(now, invocation, ticket, *answer, out);
            }
            Arrival::Look {
                mut look,
                ticket,
                answer,
            } => {
                self.open -= 1;
                let seen = answer.observed;
                self.learn(
                    now,
                    look.subject,
                    look.story,
                    None,
                    (look.since, look.since),
                    ticket,
                    answer,
                    out,
                );
                let unsettled = matches!(seen, None | Some(Seen::Status(SubjectStatus::Saving)));
                if unsettled && look.looks < LOOKS {
                    look.looks += 1;
                    out.later
                        .push((now + Span(FIRST_LOOK.0 << look.looks), look));
                }
            }
            Arrival::Last {
                subject,
                ticket,
                answer,
            } => {
                let ended = answer.observed.map(TrackerMessage::Ended);
                let answered = TrackerMessage::Answered(ticket, answer);
                for message in [Some(answered), ended].into_iter().flatten() {
                    let reply = self.actors.tell(subject.slot, message);
                    let violation = reply.and_then(|reply| reply.findings.violation);
                    out.violations
                        .extend(violation.map(|found| named(now, subject, None, found)));
                }
            }
            Arrival::Command { fault, open, error } => {
                self.commanded(now, fault, open, error, out);
            }
            Arrival::Closed(cleanup) => {
                self.stage = Stage::Closed;
                if !cleanup.left.is_empty() {
                    let first = cleanup.left[0];
                    let n = cleanup.left.len();
                    out.notes.push(format!(
                        "{n} images of this run may still be on the server (tag {}), {first} the first; \
                         `stormglass cleanup` with the folder of these results removes them",
                        self.run.tag()
                    ));
                }
            }
        }
    }

    /// An operation was answered: the subject's actor judges it, and the driver hears of it.
    fn answered(
        &mut self,
        now: Time,
        mut invocation: Invocation,
        ticket: Option<Ticket>,
        answer: Answer,
        out: &mut Out<Look>,
    ) {
        self.open -= 1;
        // Waiting for a connection of our own, and opening one, is not the server's doing.
        invocation.sent = invocation.sent + answer.waited + answer.connect;
        let Invocation {
            subject,
            story,
            operation,
            intended,
            sent,
            ..
        } = invocation;
        let Answer {
            outcome,
            content,
            observed,
            http_status,
            ..
        } = answer;
        let due = (intended, sent);
        self.learn(
            now,
            subject,
            story,
            Some(operation),
            due,
            ticket,
            Box::new(answer),
            out,
        );
        out.completed.push_back(Completion {
            invocation,
            outcome,
            content: content.filter(|_| outcome == Outcome::Ok),
            seen: observed,
            http_status,
        });
        // A create that failed for certain is forgotten by the driver.
        if operation.creates() && outcome != Outcome::Ok {
            return;
        }
        let left_open = matches!(outcome, Outcome::Fail | Outcome::Unknown) && observed.is_none();
        if left_open || operation == Operation::AbortUpload || invocation.client_fault.is_some() {
            let look = Look {
                subject,
                story,
                since: sent,
                looks: 0,
            };
            out.later.push((now + FIRST_LOOK, look));
        }
    }

    /// Lets the subject's actor judge an answer, and enters what it proves into the history. `due` is the
    /// intended time and the time of sending.
    #[expect(clippy::too_many_arguments, reason = "the parts of one answer")]
    fn learn(
        &mut self,
        now: Time,
        subject: SubjectId,
        story: StoryId,
        operation: Option<Operation>,
        due: (Time, Time),
        ticket: Option<Ticket>,
        answer: Box<Answer>,
        out: &mut Out<Look>,
    ) {
        let (Some(ticket), true) = (ticket, self.is_live(subject)) else {
            return;
        };
        let Some(reply) = self
            .actors
            .tell(subject.slot, TrackerMessage::Answered(ticket, answer))
        else {
            return;
        };
        for (from, to) in reply.findings.transitions {
            // Nobody saw the subject enter saving: no earlier than the upload was sent.
            let due = if from == Some(SubjectStatus::Saving) {
                due.1
            } else {
                due.0
            };
            out.record(
                now,
                subject,
                story,
                Event::Moved {
                    from,
                    to,
                    op: None,
                    due,
                },
            );
        }
        let violation = reply.findings.violation;
        out.violations
            .extend(violation.map(|found| named(now, subject, operation, found)));
        let live = self.live.get_mut(&subject.slot);
        let created = !operation.is_some_and(Operation::creates);
        if let Some(live) = live.filter(|live| reply.gone && created && !live.gone) {
            live.gone = true;
            self.gone += 1;
            out.deleted.push(subject.slot);
        }
    }
}

fn named(
    at: Time,
    subject: SubjectId,
    operation: Option<Operation>,
    found: tracker::Violation,
) -> Violation {
    Violation {
        at,
        subject: Some(subject.number),
        invariant: found.invariant,
        from: "",
        to: "",
        operation,
        detail: found.detail,
    }
}

impl<A: Trackers> Target for Remote<A> {
    type Wake = Look;

    fn start(&mut self, _: Time, _: &mut Out<Look>) {}

    fn invoke(&mut self, _: Time, invocation: Invocation, _: &mut Out<Look>) {
        let Invocation {
            subject,
            operation,
            content,
            client_fault,
            ..
        } = invocation;
        if operation.creates() {
            self.actors
                .spawn(subject.slot, Tracker::new(Some(self.delayed_delete)));
            self.live.insert(
                subject.slot,
                Live {
                    subject,
                    size: 0,
                    gone: false,
                },
            );
        }
        let size = self.live.get_mut(&subject.slot).map_or(0, |live| {
            live.size = live.size.max(content.size);
            if operation.reads() {
                live.size
            } else {
                content.size
            }
        });
        let (judged, watch) = faults::spoil(operation, size, client_fault);
        let message = TrackerMessage::Sending(Some(judged));
        let ticket = self
            .actors
            .tell(subject.slot, message)
            .and_then(|reply| reply.ticket);
        let request = Request {
            operation,
            who: Act::usual(operation).who,
            id: ImageId::new(self.run, subject.number),
            size: Bytes(size),
            content_seed: content.checksum,
            fraction: client_fault.map_or(1.0, |(_, after)| after),
        };
        let client = self.client.clone();
        let answer = async move {
            match &watch {
                Some(watch) => client.perform_watched(&request, watch).await,
                None => client.perform(&request).await,
            }
        };
        self.send(answer, move |answer| Arrival::Answer {
            invocation,
            ticket,
            answer,
        });
    }

    fn wake(&mut self, _: Time, look: Look, _: &mut Out<Look>) {
        self.look(look);
    }

    fn fault(&mut self, _: Time, fault: FaultId, open: bool, _: &mut Out<Look>) {
        self.faults.set(fault, open);
        self.command(fault, open);
    }

    fn heals_later(&self, fault: FaultId) -> bool {
        self.faults.command(fault).is_some()
    }

    fn client_fault(&mut self, operation: Operation) -> Option<(ClientFault, f64)> {
        self.faults.client_fault(faults::has_data(operation))
    }

    fn forget(&mut self, slot: u32) {
        self.actors.stop(slot);
        self.live.remove(&slot);
    }

    fn is_at_rest(&mut self, _: Time) -> bool {
        self.open == 0
    }

    fn gauges(&mut self, _: Time, gauges: &mut Gauges) {
        for live in self.live.values().filter(|live| !live.gone) {
            let reply = self.actors.tell(live.subject.slot, TrackerMessage::Ask);
            if let Some(status) = reply.and_then(|reply| reply.status) {
                gauges.subjects[status.index()] += 1;
            }
        }
        gauges.subjects[SubjectStatus::Deleted.index()] += self.gone;
        gauges.events += self.actors.messages() + self.requests;
    }

    fn audit(&mut self, _: SubjectId) -> Option<Audit> {
        None
    }

    fn on_arrival(&mut self, bell: Rc<dyn Fn()>) {
        self.inbox.bell = bell;
    }

    fn take_arrivals(&mut self, now: Time, out: &mut Out<Look>) {
        let arrivals = std::mem::take(&mut *self.inbox.arrivals.borrow_mut());
        for arrival in arrivals {
            self.take(now, arrival, out);
        }
    }

    fn close(&mut self, _: Time, hasty: bool, _: &mut Out<Look>) {
        self.stage = Stage::Closing;
        let (client, inbox, run) = (self.client.clone(), self.inbox.clone(), self.run);
        let there = self.live.values().filter(|live| !live.gone && !hasty);
        let looks: Vec<_> = there
            .filter_map(|live| {
                let sending = TrackerMessage::Sending(None);
                let reply = self.actors.tell(live.subject.slot, sending)?;
                Some((live.subject, reply.ticket?))
            })
            .collect();
        let commands = self.commands.clone();
        spawn_local(async move {
            // What cannot be undone is told by whoever owns the commands.
            commands.undo_all().await;
            last_looks(&client, run, looks, &inbox).await;
            inbox.put(Arrival::Closed(client.cleanup().await));
        });
    }

    fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }
}
