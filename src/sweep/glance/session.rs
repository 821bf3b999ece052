//! One subject of a sweep: its script, its clients, and what they saw.

use super::{
    LEFT_OVER, Lane, SECOND_LOOK, SharedContext, is_unfinished, lacks_data, looks_wrong,
    runs_commands,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use stormglass_glance::{Exchange, ImageId, Request, Watch, content_of};
use stormglass_model::history::{
    ClientEvent, Content, Ending, Observation, OpId, ProbeReading, Seen, SubjectHistory,
};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::operations::{Body, OperationKind};
use stormglass_model::random::{Rng, Seed, unit};
use stormglass_model::script::{Act, Action, Script, Step};
use stormglass_model::units::{Bytes, Span, Time};
use tokio::task::spawn_local;

/// How much larger each upload is than the one before it, so that sizes tell them apart.
const STEP: u64 = 4 * 1024;
/// How long a subject may take to come to rest. An aborted upload takes Glance 0.15 s, an import of these sizes under a second.
const REST: Duration = Duration::from_secs(6);

/// One subject, and all that is known of it.
pub(super) struct Session {
    pub(super) shared: Rc<SharedContext>,
    pub(super) script: Script,
    subject: u64,
    pub(super) image: ImageId,
    seed: Seed,
    pub(super) rng: RefCell<Rng>,
    events: RefCell<Vec<ClientEvent>>,
    exchanges: RefCell<Vec<Exchange>>,
    /// How many operations were sent.
    pub(super) ops: Cell<u64>,
    largest: Cell<u64>,
    /// Whether it was in the middle of something when it should have been at rest.
    unfinished: Cell<bool>,
    /// Whether its script was played to its end.
    pub(super) whole: Cell<bool>,
    /// Whether a command has spoiled its data: what the store holds is then not the server's doing.
    pub(super) damaged: Cell<bool>,
}

impl Session {
    pub(super) fn new(
        shared: Rc<SharedContext>,
        script: Script,
        subject: u64,
        seed: Seed,
    ) -> Session {
        Session {
            image: ImageId::new(shared.run, subject),
            shared,
            script,
            subject,
            seed,
            rng: RefCell::new(seed.named("jitter").rng()),
            events: RefCell::default(),
            exchanges: RefCell::default(),
            ops: Cell::new(0),
            largest: Cell::new(0),
            unfinished: Cell::new(false),
            whole: Cell::new(false),
            damaged: Cell::new(false),
        }
    }

    /// When the first thing happened, from which the times of its history and exchanges count.
    fn began(&self) -> Time {
        (self.events.borrow().first()).map_or(Time::ZERO, |event| event.at)
    }

    pub(super) fn history(&self) -> SubjectHistory {
        let began = self.began();
        let mut events = self.events.borrow().clone();
        for event in &mut events {
            event.at = Time(event.at.0 - began.0);
        }
        SubjectHistory {
            subject: self.subject,
            events,
        }
    }

    /// What went over the wire, in order; times as in the history.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        let from_start = |at: Time| Time(at.0.saturating_sub(self.began().0));
        let mut exchanges = self.exchanges.borrow().clone();
        exchanges.sort_by_key(|exchange| exchange.sent);
        for exchange in &mut exchanges {
            exchange.sent = from_start(exchange.sent);
            exchange.ended = exchange.ended.map(from_start);
        }
        exchanges
    }

    pub(super) fn note(&self, command: &str, note: String) {
        let mut notes = self.shared.notes.borrow_mut();
        notes.entry(command.to_owned()).or_insert(note);
    }

    pub(super) fn tell(&self, observation: Observation) {
        let mut events = self.events.borrow_mut();
        // A clock may stand still between two events, and their order must not be lost by that.
        let after = events.last().map_or(0, |last| last.at.0 + 1);
        let at = self.shared.clock.now().max(Time(after));
        events.push(ClientEvent { at, observation });
    }

    /// How long it has been.
    pub(super) fn since(&self, began: Time) -> Duration {
        Duration::from_nanos(self.shared.clock.now().since(began).0)
    }

    /// Whether the user wants to stop: nothing more is begun then.
    fn is_over(&self) -> bool {
        self.shared.progress.is_interrupted()
    }

    /// A pause, which ends soon if the user wants to stop.
    pub(super) async fn pause(&self, length: Duration) {
        let pause = tokio::time::sleep(length);
        self.shared.progress.interruption().hurry(pause).await;
    }

    /// The script, to its end and until the subject is at rest, unless the user wants to stop.
    pub(super) async fn play(self: &Rc<Self>, lane: Lane) {
        for step in self.script.steps() {
            if self.is_over() {
                return;
            }
            match step {
                Step::Act(action) => self.one(action).await,
                Step::Rivals { branches, jitter } => self.side_by_side(branches, *jitter).await,
                Step::Run(name) => self.command(name).await,
                Step::Race { first, at, second } => self.race(*first, *at, second).await,
            }
        }
        if !self.is_over() {
            self.rest(lane).await;
        }
        self.whole.set(!self.is_over());
    }

    /// What its answer is to be is the checker's to judge, whatever the script says.
    async fn one(&self, action: &Action) {
        match action {
            Action::Do(act) | Action::Refused(act) => _ = self.act(*act).await,
            Action::Wait(pause) => {
                let length = pause.0.draw(&mut self.rng.borrow_mut());
                self.pause(Duration::from_nanos(length.0)).await;
            }
        }
    }

    /// Branches at the same time, each begun at some instant of the jitter.
    async fn side_by_side(self: &Rc<Self>, branches: &[Vec<Action>], jitter: Span) {
        let begun = branches.iter().cloned().map(|branch| {
            let session = Rc::clone(self);
            let late = unit(&mut session.rng.borrow_mut()) * jitter.as_secs_f64();
            spawn_local(async move {
                session.pause(Duration::from_secs_f64(late)).await;
                for action in &branch {
                    if session.is_over() {
                        return;
                    }
                    session.one(action).await;
                }
            })
        });
        for branch in begun.collect::<Vec<_>>() {
            // What its operations were answered is in the history.
            let _ = branch.await;
        }
    }

    /// The subject is looked at until it is at rest; then its data is read, if it has any. While it waits, another may work, unless
    /// something is done to the server.
    async fn rest(&self, mut lane: Lane) {
        let began = self.shared.clock.now();
        let mut pause = Duration::from_millis(20);
        let shown = loop {
            let asked = self.shared.clock.now();
            let shown = self.act(Act::usual(Operation::Show)).await;
            self.shared.pace.set(self.since(asked));
            let busy = match shown {
                Some(Seen::Status(SubjectStatus::Saving | SubjectStatus::Importing)) => true,
                // A task that was accepted may not have begun.
                Some(Seen::Status(_)) => self.has_open_task().await,
                Some(Seen::Gone) => false,
                None => true,
            };
            let waited = self.since(began);
            if !busy || waited > REST.max(self.shared.patience()) || self.is_over() {
                break shown;
            }
            lane.take_if(|_| !runs_commands(&self.script));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        };
        let readable = matches!(
            shown,
            Some(Seen::Status(
                SubjectStatus::Active | SubjectStatus::Deactivated
            ))
        );
        if readable && !self.is_over() {
            self.act(Act::usual(Operation::DownloadAsAdmin)).await;
        }
    }

    fn has_tasks(&self) -> bool {
        self.script.acts().any(|act| act.operation.row().by_task)
    }

    /// Whether the server says that a task of the subject has not ended.
    async fn has_open_task(&self) -> bool {
        let tasks = match self.has_tasks() {
            true => self.shared.client.tasks(self.image).await,
            false => return false,
        };
        tasks.is_ok_and(|tasks| tasks.iter().any(|task| !task.ended()))
    }

    /// Deletes the subject, whatever became of it, and looks whether it is gone.
    pub(super) async fn end(&self) {
        if self.shared.lost.get().is_some() {
            self.tell(Observation::Broken(true));
        }
        let protects = |act: Act| act.operation == Operation::Protect;
        if self.script.acts().any(protects) {
            self.act(Act::usual(Operation::Unprotect)).await;
        }
        self.act(Act::usual(Operation::Delete)).await;
        self.act(Act::usual(Operation::Show)).await;
    }

    /// Without a probe nothing is known of the server's database; but its API tells an admin what became of the tasks of this
    /// subject, if its script began any. Tasks that a server does not show to us, or no longer, are no reason to complain.
    pub(super) async fn ask_for_tasks(&self) {
        if self.has_tasks()
            && let Some(open) = self.open_tasks().await
        {
            self.tell(Observation::Probed(ProbeReading {
                tasks_open: Some(open),
                ..ProbeReading::default()
            }));
        }
    }

    /// How long to wait for a better reading than this. What was unfinished at rest is not waited for again.
    pub(super) fn patience(&self, reading: &ProbeReading) -> Duration {
        match (self.is_busy(reading), looks_wrong(reading)) {
            (true, _) if !self.unfinished.get() => self.shared.patience(),
            (false, false) => Duration::ZERO,
            _ => LEFT_OVER,
        }
    }

    /// Whether the server may be at work on what it shows: it is in the middle of something, or lacks data while an operation may be
    /// at work of which nobody knows what became.
    fn is_busy(&self, reading: &ProbeReading) -> bool {
        let unknown = |event: &ClientEvent| matches!(event.observation, Observation::Answered { ending, .. } if ending.outcome == Outcome::Unknown);
        is_unfinished(reading) || lacks_data(reading) && self.events.borrow().iter().any(unknown)
    }

    /// The reading that is believed.
    pub(super) fn probed(&self, mut reading: ProbeReading) {
        self.unfinished.set(self.is_busy(&reading));
        if self.damaged.get() {
            reading.data = None;
        }
        self.tell(Observation::Probed(reading));
    }

    /// A task ends a moment after its subject has come to rest, so those that are open are looked at again.
    async fn open_tasks(&self) -> Option<u32> {
        let began = self.shared.clock.now();
        loop {
            let tasks = self.shared.client.tasks(self.image).await.ok()?;
            let open = tasks.iter().filter(|task| !task.ended()).count() as u32;
            if self.is_over() {
                return None;
            }
            if open == 0 || self.since(began) > self.shared.patience() {
                return Some(open);
            }
            tokio::time::sleep(SECOND_LOOK).await;
        }
    }

    /// One operation, to its end; gives what its answer showed of the subject.
    pub(super) async fn act(&self, act: Act) -> Option<Seen> {
        self.perform(act, None, false).await
    }

    /// The same on a connection that is watched; `spoiled`: its client does something wrong in the middle.
    pub(super) async fn perform(
        &self,
        act: Act,
        watch: Option<&Rc<Watch>>,
        spoiled: bool,
    ) -> Option<Seen> {
        let number = self.ops.get();
        self.ops.set(number + 1);
        let op = OpId(number);
        let request = self.request(act, number);
        if let Some(reason) = self.shared.client.unsupported(act) {
            let act = act.to_string();
            self.note(&act, format!("{act} was not done: {reason}"));
            if let Some(watch) = watch {
                // Sends nothing, and tells whoever waits for the point.
                self.shared.client.perform_watched(&request, watch).await;
            }
            return None;
        }
        self.tell(Observation::Invoked {
            op,
            operation: act.operation,
            who: act.who,
            brings: brings(&request),
            spoiled: spoiled || act.operation.kind() == OperationKind::Upload(Body::Aborted),
        });
        let writes = act.operation == Operation::SetProperty;
        if writes {
            let value = Some(request.content_seed);
            self.tell(Observation::Property { op, value });
        }
        let answer = match watch {
            None => self.shared.client.perform(&request).await,
            Some(watch) => self.shared.client.perform_watched(&request, watch).await,
        };
        if act.operation == Operation::Show && matches!(answer.observed, Some(Seen::Status(_))) {
            let value = answer.property;
            self.tell(Observation::Property { op, value });
        }
        if answer.broken_off {
            self.spoil(op);
        }
        self.tell(Observation::Answered {
            op,
            ending: Ending {
                outcome: answer.outcome,
                seen: answer.observed,
                content: answer.content.filter(|_| answer.outcome == Outcome::Ok),
                http_status: answer.http_status,
            },
        });
        self.exchanges.borrow_mut().extend(answer.exchanges);
        answer.observed
    }

    /// This side broke an operation off in the middle, so no answer is owed.
    fn spoil(&self, op: OpId) {
        for event in self.events.borrow_mut().iter_mut() {
            if let Observation::Invoked {
                op: sent, spoiled, ..
            } = &mut event.observation
            {
                *spoiled |= *sent == op;
            }
        }
    }

    fn request(&self, act: Act, number: u64) -> Request {
        let size = self.shared.first_upload.get().0 + STEP * number;
        if !act.operation.reads() {
            self.largest.set(self.largest.get().max(size));
        }
        Request {
            operation: act.operation,
            who: act.who,
            id: self.image,
            size: Bytes(match act.operation.reads() {
                true => self.largest.get(),
                false => size,
            }),
            content_seed: self.seed.numbered(number).0,
            fraction: 0.5,
        }
    }
}

/// What an operation would bring in, as far as the server can know it too.
fn brings(request: &Request) -> Option<Content> {
    match request.operation.kind() {
        OperationKind::CreateEmpty => Some(content_of(0, 0)),
        OperationKind::Upload(body) if !body.is_whole() => None,
        OperationKind::Import(source) if !source.is_whole() => None,
        OperationKind::Upload(_) | OperationKind::Stage | OperationKind::Import(_) => {
            Some(content_of(request.content_seed, request.size.0))
        }
        _ => None,
    }
}
