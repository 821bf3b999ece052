//! A real Glance as a target: operations become requests, answers become completions and history.
//!
//! Requests run as local tasks of the arbiter; what they bring lies in an inbox until the shard takes it in,
//! so that everything that counts happens in one order. Nothing is judged here: what was sent and answered is recorded, and the
//! concurrent checker judges each subject by that.

use super::actor::Runtime;
use super::actor_table::ActorsBySlot;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use stormglass_glance::{Answer, Cleanup, Client, Commands, ImageId, Request, RunId};
use stormglass_model::fault::{FaultId, Faults};
use stormglass_model::history::{Audit, Ending, Event, Gauges, Level, OpId, Seen, SubjectId};
use stormglass_model::invocation::{Completion, Invocation, Out};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use stormglass_model::load::StoryId;
use stormglass_model::script::ClientFault;
use stormglass_model::target::Target;
use stormglass_model::units::{Bytes, Span, Time};
use tokio::task::spawn_local;

mod faults;
mod image;
mod last_look;
mod rivals;

pub use image::{Image, ImageMessage, ImageReply};

pub use rivals::enters;

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

/// What a request brought: it is done once the shard takes it in.
type Arrival<S> = Box<dyn FnOnce(&mut Remote<S>, Time, &mut Out<Look>)>;

/// Where requests leave what they bring.
struct Inbox<S: Runtime> {
    arrivals: Rc<RefCell<Vec<Arrival<S>>>>,
    bell: Rc<dyn Fn()>,
}

impl<S: Runtime> Clone for Inbox<S> {
    fn clone(&self) -> Self {
        Inbox {
            arrivals: Rc::clone(&self.arrivals),
            bell: Rc::clone(&self.bell),
        }
    }
}

impl<S: Runtime> Inbox<S> {
    fn put(&self, arrival: impl FnOnce(&mut Remote<S>, Time, &mut Out<Look>) + 'static) {
        self.arrivals.borrow_mut().push(Box::new(arrival));
        (self.bell)();
    }
}

/// A subject that exists, as far as the run knows.
#[derive(Clone, Copy, Debug)]
struct LiveImage {
    subject: SubjectId,
    story: StoryId,
    /// The status that it was shown in last; deleted if it was shown to be gone.
    status: Option<SubjectStatus>,
    /// It was shown to be gone. What is asked of it is recorded all the same for as long as its story asks.
    gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RemoteState {
    Open,
    Closing,
    Closed,
}

/// A subject left in the middle of an upload is looked at so often, at twice the distance each time.
const LOOKS: u8 = 10;
const FIRST_LOOK: Span = Span::from_millis(10);

/// One shard's view of a real Glance.
pub struct Remote<S: Runtime> {
    client: Client,
    run: RunId,
    images: ActorsBySlot<S, Image>,
    faults: Faults,
    commands: Commands,
    live: BTreeMap<u32, LiveImage>,
    inbox: Inbox<S>,
    /// Requests and commands that have not ended, and looks that are due.
    open: u64,
    state: RemoteState,
    /// Subjects by the status that they were shown in last.
    by_status: [Level; SubjectStatus::COUNT],
    requests: u64,
}

impl<S: Runtime> Remote<S> {
    /// A target whose server has said hello.
    pub fn new(client: Client, run: RunId, faults: Faults, commands: Commands) -> Self {
        Remote {
            client,
            run,
            images: ActorsBySlot::default(),
            faults,
            commands,
            live: BTreeMap::new(),
            inbox: Inbox {
                arrivals: Rc::default(),
                bell: Rc::new(|| {}),
            },
            open: 0,
            state: RemoteState::Open,
            by_status: Default::default(),
            requests: 0,
        }
    }

    /// Starts a request; `heard` is done with its answer once that is taken in.
    fn send(
        &mut self,
        request: impl Future<Output = Answer> + 'static,
        heard: impl FnOnce(&mut Self, Time, Answer, &mut Out<Look>) + 'static,
    ) {
        self.open += 1;
        self.requests += 1;
        let inbox = self.inbox.clone();
        spawn_local(async move {
            let answer = request.await;
            inbox.put(move |remote, now, out| {
                remote.open -= 1;
                heard(remote, now, answer, out);
            });
        });
    }

    fn is_live(&self, subject: SubjectId) -> bool {
        self.live
            .get(&subject.slot)
            .is_some_and(|live| live.subject == subject)
    }

    /// A look of the target's own was answered.
    fn looked(
        &mut self,
        now: Time,
        mut look: Look,
        sent: Time,
        answer: Answer,
        out: &mut Out<Look>,
    ) {
        let seen = answer.observed;
        let came = answer.outcome != Outcome::Local && !answer.broken_off;
        if came && self.is_live(look.subject) && self.state == RemoteState::Open {
            let event = looked(sent, look.since, &answer);
            out.record(now, look.subject, look.story, event);
            self.shown(now, look.subject.slot, None, answer, out);
        }
        let unsettled = matches!(seen, None | Some(Seen::Status(SubjectStatus::Saving)));
        if unsettled && look.looks < LOOKS {
            look.looks += 1;
            self.look_later(now + Span(FIRST_LOOK.0 << look.looks), look, out);
        }
    }

    /// An operation was answered: it is recorded, and the driver hears of it.
    fn answered(
        &mut self,
        now: Time,
        mut invocation: Invocation,
        mut answer: Answer,
        out: &mut Out<Look>,
    ) {
        // The run takes its images away meanwhile: what is said of them now proves nothing, and no answer would not either.
        let late = self.state != RemoteState::Open;
        if late && answer.outcome != Outcome::Local {
            answer = Answer::new(Outcome::Unknown);
        }
        // Waiting for a connection of our own, and opening one, is not the server's doing.
        invocation.sent = invocation.sent + answer.waited + answer.connect;
        let Invocation {
            op,
            subject,
            story,
            operation,
            who,
            sent,
            client_fault,
            ..
        } = invocation;
        let Answer {
            outcome,
            content,
            observed,
            http_status,
            ..
        } = answer;
        if self.is_live(subject) {
            let reads = operation.kind().looks();
            let event = Event::Sent {
                op,
                who,
                content: content.filter(|_| !reads),
                spoiled: client_fault.is_some() || late || answer.broken_off,
            };
            out.record(now, subject, story, event);
            if let Some(event) = property(op, operation, &answer) {
                out.record(now, subject, story, event);
            }
            // To another project nothing is there.
            if who != Who::OtherProject {
                self.shown(now, subject.slot, Some(operation), answer, out);
            }
        }
        let ending = Ending {
            outcome,
            content: content.filter(|_| outcome == Outcome::Ok),
            seen: observed,
            http_status,
        };
        out.completed.push_back(Completion {
            invocation,
            ending,
            failure: None,
        });
        // A create that was not acknowledged ends its story.
        if operation.creates() && outcome != Outcome::Ok {
            return;
        }
        let left_open = matches!(outcome, Outcome::Fail | Outcome::Unknown) && observed.is_none();
        if left_open || operation == Operation::AbortUpload || client_fault.is_some() {
            let look = Look {
                subject,
                story,
                since: sent,
                looks: 0,
            };
            self.look_later(now + FIRST_LOOK, look, out);
        }
    }

    /// Until then nothing is at rest: an image may be in the middle of something.
    fn look_later(&mut self, at: Time, look: Look, out: &mut Out<Look>) {
        self.open += 1;
        out.later.push((at, look));
    }

    /// The image's actor hears what was answered; the driver, when it is gone.
    fn shown(
        &mut self,
        now: Time,
        slot: u32,
        operation: Option<Operation>,
        answer: Answer,
        out: &mut Out<Look>,
    ) {
        let message = ImageMessage::Answered(operation, Box::new(answer));
        let (Some(image), Some(live)) = (self.images.ask(slot, message), self.live.get_mut(&slot))
        else {
            return;
        };
        if live.gone {
            return;
        }
        live.gone = image.gone;
        let was = live.status;
        live.status = match image.shown {
            Some(Seen::Status(status)) => Some(status),
            Some(Seen::Gone) if image.gone => Some(SubjectStatus::Deleted),
            Some(Seen::Gone) | None => None,
        };
        let is = live.status;
        self.counted(now, was, is);
        if image.gone {
            out.deleted.push(slot);
        }
    }

    /// A subject that was shown in one status is shown in another.
    fn counted(&mut self, now: Time, from: Option<SubjectStatus>, to: Option<SubjectStatus>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.by_status[from.index()].sub(now, 1);
        }
        if let Some(to) = to {
            self.by_status[to.index()].add(now, 1);
        }
    }
}

/// What an update wrote into the property, or a look showed of it.
fn property(op: OpId, operation: Operation, answer: &Answer) -> Option<Event> {
    let value = match (operation, answer.observed) {
        (Operation::SetProperty, _) => Some(op.0),
        (Operation::Show, Some(Seen::Status(_))) => answer.property,
        _ => return None,
    };
    Some(Event::Property { op, value })
}

/// A look of the target's own, for the history.
fn looked(sent: Time, due: Time, answer: &Answer) -> Event {
    Event::Looked {
        sent,
        due,
        ending: Ending {
            outcome: answer.outcome,
            seen: answer.observed,
            content: answer.content,
            http_status: answer.http_status,
        },
    }
}

/// What a person should know of images that could not be removed.
fn left_behind(cleanup: &Cleanup, run: RunId) -> Option<String> {
    let first = cleanup.left.first()?;
    let n = cleanup.left.len();
    Some(format!(
        "{n} images of this run may still be on the server (tag {}), {first} the first; \
         `stormglass cleanup` with the folder of these results removes them",
        run.tag()
    ))
}

impl<S: Runtime> Target for Remote<S> {
    type Wake = Look;

    fn start(&mut self, _: Time, _: &mut Out<Look>) {}

    fn invoke(&mut self, _: Time, mut invocation: Invocation, _: &mut Out<Look>) {
        let Invocation {
            subject,
            story,
            operation,
            who,
            content,
            client_fault,
            rival_at,
            ..
        } = invocation;
        // Of those who ask, some may be given a token as such.
        let can = |(fault, _): &(ClientFault, f64)| self.client.unable(who, *fault).is_none();
        invocation.client_fault = client_fault.filter(can);
        let client_fault = invocation.client_fault;
        if operation.creates() {
            self.images.spawn(subject.slot, Image::default());
            let image = LiveImage {
                subject,
                story,
                status: None,
                gone: false,
            };
            self.live.insert(subject.slot, image);
        }
        let message = ImageMessage::Sending(operation, content.size);
        let image = self.images.ask(subject.slot, message);
        let size = image.map_or(0, |image| image.size);
        let watch = faults::spoil(operation, size, client_fault);
        let watch = watch.or_else(|| rivals::watch(&invocation));
        let request = Request {
            operation,
            who,
            id: ImageId::new(self.run, subject.number),
            size: Bytes(size),
            content_seed: match operation {
                Operation::SetProperty => invocation.op.0,
                _ => content.checksum,
            },
            fraction: client_fault.map_or(1.0, |(_, after)| after),
        };
        if let (Some(at), Some(watch)) = (rival_at, &watch) {
            self.call_rival(&invocation, at, Rc::clone(watch));
        }
        let client = self.client.clone();
        let answer = async move {
            match &watch {
                Some(watch) => client.perform_watched(&request, watch).await,
                None => client.perform(&request).await,
            }
        };
        self.send(answer, move |remote, now, answer, out| {
            remote.answered(now, invocation, answer, out);
        });
    }

    fn wake(&mut self, now: Time, look: Look, _: &mut Out<Look>) {
        self.open -= 1;
        if self.state != RemoteState::Open || !self.is_live(look.subject) {
            return;
        }
        let id = ImageId::new(self.run, look.subject.number);
        let client = self.client.clone();
        let request = async move { client.show(id).await };
        self.send(request, move |remote, at, answer, out| {
            remote.looked(at, look, now, answer, out);
        });
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

    fn forget(&mut self, now: Time, slot: u32) {
        self.images.stop(slot);
        let forgotten = self.live.remove(&slot).filter(|live| !live.gone);
        self.counted(now, forgotten.and_then(|live| live.status), None);
    }

    fn is_at_rest(&mut self, _: Time) -> bool {
        self.open == 0
    }

    fn gauges(&mut self, now: Time, gauges: &mut Gauges) {
        gauges.subjects = (self.by_status).each_mut().map(|level| level.look(now));
        gauges.events += self.images.envelopes() + self.requests;
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
            arrival(self, now, out);
        }
    }

    fn close(&mut self, now: Time, hasty: bool, _: &mut Out<Look>) {
        self.state = RemoteState::Closing;
        let (client, inbox, run) = (self.client.clone(), self.inbox.clone(), self.run);
        let there = self.live.values().filter(|live| !live.gone && !hasty);
        let looks: Vec<_> = there.map(|live| (live.subject, live.story)).collect();
        let commands = self.commands.clone();
        spawn_local(async move {
            // What cannot be undone is told by whoever owns the commands.
            commands.undo_all().await;
            last_looks(&client, run, now, looks, &inbox).await;
            let cleanup = client.cleanup().await;
            inbox.put(move |remote, _, out| {
                remote.state = RemoteState::Closed;
                out.notes.extend(left_behind(&cleanup, run));
            });
        });
    }

    fn is_closed(&self) -> bool {
        self.state == RemoteState::Closed
    }
}
