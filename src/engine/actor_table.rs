//! The actors of one run or shard: the service's and the controls, on either runtime.

use super::actor::{ActorHost, Core, Runtime};
use super::glance::{Image, ImageMessage, ImageReply};
use super::nemesis::{Nemesis, NemesisMessage, NemesisReply};
use super::recorder::{Recorder, RecorderMessage, RecorderReply};
use super::storm::Controls;
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
struct BySlot<S: Runtime, K: Core> {
    host: S::ActorHost<K>,
    actors: Table<Option<<S::ActorHost<K> as ActorHost<K>>::Actor>>,
}

impl<S: Runtime, K: Core> Default for BySlot<S, K> {
    fn default() -> Self {
        BySlot {
            host: S::ActorHost::default(),
            actors: Table::default(),
        }
    }
}

impl<S: Runtime, K: Core> BySlot<S, K> {
    #[inline]
    fn spawn(&mut self, slot: u32, core: K) {
        *self.actors.at(slot) = Some(self.host.spawn(core));
    }

    /// None when there is no actor.
    #[inline]
    fn ask(&mut self, slot: u32, message: K::Message) -> Option<K::Reply> {
        let actor = self.actors.at(slot).as_mut()?;
        Some(self.host.ask(actor, message))
    }

    #[inline]
    fn stop(&mut self, slot: u32) {
        *self.actors.at(slot) = None;
    }

    #[inline]
    fn fetch(&mut self, slot: u32) {
        if let Some(actor) = self.actors.at(slot) {
            self.host.fetch(actor);
        }
    }
}

/// The actors of the embedded service.
pub struct ActorTable<S: Runtime> {
    subjects: BySlot<S, Subject>,
    tasks: BySlot<S, Task>,
    scrubber: Single<S, Scrubber>,
    envelopes: u64,
}

impl<S: Runtime> ActorTable<S> {
    /// Only the scrubber, yet.
    pub fn new(scrubber: Scrubber) -> ActorTable<S> {
        ActorTable {
            subjects: BySlot::default(),
            tasks: BySlot::default(),
            scrubber: Single::new(scrubber),
            envelopes: 0,
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
        self.envelopes += 1;
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
        self.envelopes += 1;
        let host = &self.tasks.host;
        let task = self.tasks.actors.at(slot);
        host.ask(
            task.get_or_insert_with(|| host.spawn(Task::default())),
            commit,
        )
    }

    fn stop_task(&mut self, slot: u32) {
        self.tasks.stop(slot);
    }

    #[inline]
    fn scrubber(&mut self, message: ScrubberMessage) -> ScrubberReply {
        self.envelopes += 1;
        self.scrubber.ask(message)
    }

    fn messages(&self) -> u64 {
        u64::from(S::COUNTS_ENVELOPES) * self.envelopes
    }
}

/// The actors of the subjects on a real server.
pub struct ImageTable<S: Runtime> {
    images: BySlot<S, Image>,
    /// How many messages went through a mailbox so far.
    pub envelopes: u64,
}

impl<S: Runtime> Default for ImageTable<S> {
    fn default() -> Self {
        ImageTable {
            images: BySlot::default(),
            envelopes: 0,
        }
    }
}

impl<S: Runtime> ImageTable<S> {
    /// Spawns the actor of the subject in `slot`.
    pub fn spawn(&mut self, slot: u32) {
        self.images.spawn(slot, Image::default());
    }

    /// Sends a message to the actor in `slot`; none when there is none.
    pub fn tell(&mut self, slot: u32, message: ImageMessage) -> Option<ImageReply> {
        // To ask how things stand is part of measuring, and no event of the run.
        let counts = S::COUNTS_ENVELOPES && !matches!(message, ImageMessage::Ask);
        let reply = self.images.ask(slot, message)?;
        self.envelopes += u64::from(counts);
        Some(reply)
    }

    /// Stops the actor in `slot`.
    pub fn stop(&mut self, slot: u32) {
        self.images.stop(slot);
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
}

impl<S: Runtime> Controls for ControlActors<S> {
    #[inline]
    fn recorder(&mut self, message: RecorderMessage) -> RecorderReply {
        self.recorder.ask(message)
    }

    fn nemesis(&mut self, message: NemesisMessage) -> NemesisReply {
        self.nemesis.ask(message)
    }
}
