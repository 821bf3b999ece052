//! The actors of one run or shard, on either runtime.

use super::actor::{ActorHost, Core, Runtime};
use stormglass_model::service::{
    Actors, Commit, Reply, Scrubber, ScrubberMessage, ScrubberReply, Subject, Task, TaskCommit,
    TaskReply,
};
use stormglass_model::table::Table;

/// An actor that is the only one of its kind.
pub struct Single<S: Runtime, K: Core> {
    host: S::ActorHost<K>,
    actor: <S::ActorHost<K> as ActorHost<K>>::Actor,
}

impl<S: Runtime, K: Core> Single<S, K> {
    /// Spawns it.
    pub fn new(core: K) -> Self {
        let host = S::ActorHost::<K>::default();
        let actor = host.spawn(core);
        Single { host, actor }
    }

    /// Sends it a message.
    #[inline]
    pub fn ask(&mut self, message: K::Message) -> K::Reply {
        self.host.ask(&mut self.actor, message)
    }
}

/// The actors of one kind, by the slots of their subjects.
pub struct ActorsBySlot<S: Runtime, K: Core> {
    host: S::ActorHost<K>,
    actors: Table<Option<<S::ActorHost<K> as ActorHost<K>>::Actor>>,
}

impl<S: Runtime, K: Core> Default for ActorsBySlot<S, K> {
    fn default() -> Self {
        ActorsBySlot {
            host: S::ActorHost::default(),
            actors: Table::default(),
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

    /// Envelopes so far that count as events.
    pub fn envelopes(&self) -> u64 {
        self.host.envelopes()
    }
}

/// The actors of the embedded service.
pub struct ActorTable<S: Runtime> {
    subjects: ActorsBySlot<S, Subject>,
    tasks: ActorsBySlot<S, Task>,
    scrubber: Single<S, Scrubber>,
}

impl<S: Runtime> ActorTable<S> {
    /// Only the scrubber, yet.
    pub fn new(scrubber: Scrubber) -> ActorTable<S> {
        ActorTable {
            subjects: ActorsBySlot::default(),
            tasks: ActorsBySlot::default(),
            scrubber: Single::new(scrubber),
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
        self.scrubber.ask(message)
    }

    fn messages(&self) -> u64 {
        self.subjects.envelopes() + self.tasks.envelopes() + self.scrubber.host.envelopes()
    }
}
