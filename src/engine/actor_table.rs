//! The actors of one run or shard: the service's and the controls, on either runtime.

use super::actor::{ActorHost, Core, Runtime};
use super::nemesis::{Nemesis, NemesisMessage, NemesisReply};
use super::recorder::{Recorder, RecorderMessage, RecorderReply};
use stormglass_model::service::{
    Actors, Commit, Reply, Scrubber, ScrubberMessage, ScrubberReply, Subject, Task, TaskCommit,
    TaskReply,
};
use stormglass_model::table::Table;

/// An actor and its host.
struct Single<S: Runtime, K: Core> {
    host: S::ActorHost<K>,
    actor: <S::ActorHost<K> as ActorHost<K>>::Actor,
}

impl<S: Runtime, K: Core> Single<S, K> {
    fn new(core: K) -> Self {
        let host = S::ActorHost::<K>::default();
        let actor = host.spawn(core);
        Single { host, actor }
    }

    #[inline]
    fn ask(&mut self, message: K::Message) -> K::Reply {
        self.host.ask(&mut self.actor, message)
    }
}

/// The actors of one kind, by the slots of their subjects.
pub struct ActorsBySlot<S: Runtime, K: Core> {
    host: S::ActorHost<K>,
    actors: Table<Option<<S::ActorHost<K> as ActorHost<K>>::Actor>>,
    envelopes: u64,
}

impl<S: Runtime, K: Core> Default for ActorsBySlot<S, K> {
    fn default() -> Self {
        ActorsBySlot {
            host: S::ActorHost::default(),
            actors: Table::default(),
            envelopes: 0,
        }
    }
}

impl<S: Runtime, K: Core> ActorsBySlot<S, K> {
    /// Spawns the actor of the subject in `slot`.
    #[inline]
    pub fn spawn(&mut self, slot: u32, core: K) {
        *self.actors.at(slot) = Some(self.host.spawn(core));
    }

    /// Sends a message to the actor in `slot`; none when there is none.
    #[inline]
    pub fn ask(&mut self, slot: u32, message: K::Message) -> Option<K::Reply> {
        let actor = self.actors.at(slot).as_mut()?;
        self.envelopes += 1;
        Some(self.host.ask(actor, message))
    }

    /// Stops the actor in `slot`.
    #[inline]
    pub fn stop(&mut self, slot: u32) {
        *self.actors.at(slot) = None;
    }

    #[inline]
    fn fetch(&mut self, slot: u32) {
        if let Some(actor) = self.actors.at(slot) {
            self.host.fetch(actor);
        }
    }

    /// How many messages went through a mailbox so far.
    pub fn messages(&self) -> u64 {
        u64::from(S::COUNTS_ENVELOPES) * self.envelopes
    }
}

/// The actors of the embedded service.
pub struct ActorTable<S: Runtime> {
    subjects: ActorsBySlot<S, Subject>,
    tasks: ActorsBySlot<S, Task>,
    scrubber: Single<S, Scrubber>,
    /// Messages to the scrubber.
    scrubbing: u64,
}

impl<S: Runtime> ActorTable<S> {
    /// Only the scrubber, yet.
    pub fn new(scrubber: Scrubber) -> ActorTable<S> {
        ActorTable {
            subjects: ActorsBySlot::default(),
            tasks: ActorsBySlot::default(),
            scrubber: Single::new(scrubber),
            scrubbing: 0,
        }
    }
}

impl<S: Runtime> Actors for ActorTable<S> {
    #[inline]
    fn spawn_subject(&mut self, slot: u32, subject: Subject) {
        self.subjects.spawn(slot, subject);
    }

    #[inline]
    fn commit(&mut self, slot: u32, commit: Commit) -> Reply {
        self.subjects.ask(slot, commit).unwrap_or(Reply::Refused)
    }

    #[inline]
    fn stop_subject(&mut self, slot: u32) {
        self.subjects.stop(slot);
    }

    #[inline]
    fn fetch(&mut self, slot: u32) {
        self.subjects.fetch(slot);
    }

    fn spawn_task(&mut self, slot: u32, task: Task) {
        self.tasks.spawn(slot, task);
    }

    fn commit_task(&mut self, slot: u32, commit: TaskCommit) -> TaskReply {
        let reply = self.tasks.ask(slot, commit);
        reply.unwrap_or_else(|| Task::default().apply(commit))
    }

    fn stop_task(&mut self, slot: u32) {
        self.tasks.stop(slot);
    }

    #[inline]
    fn scrubber(&mut self, message: ScrubberMessage) -> ScrubberReply {
        self.scrubbing += 1;
        self.scrubber.ask(message)
    }

    fn messages(&self) -> u64 {
        let scrubbing = u64::from(S::COUNTS_ENVELOPES) * self.scrubbing;
        self.subjects.messages() + self.tasks.messages() + scrubbing
    }
}

/// The recorder and the nemesis.
pub struct ControlActors<S: Runtime> {
    recorder: Single<S, Recorder>,
    nemesis: Single<S, Nemesis>,
}

impl<S: Runtime> ControlActors<S> {
    /// Spawns both.
    pub fn new(recorder: Recorder, nemesis: Nemesis) -> ControlActors<S> {
        ControlActors {
            recorder: Single::new(recorder),
            nemesis: Single::new(nemesis),
        }
    }

    /// Sends a message to the recorder.
    #[inline]
    pub fn recorder(&mut self, message: RecorderMessage) -> RecorderReply {
        self.recorder.ask(message)
    }

    /// Sends a message to the nemesis.
    pub fn nemesis(&mut self, message: NemesisMessage) -> NemesisReply {
        self.nemesis.ask(message)
    }
}
