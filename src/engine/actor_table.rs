//! The actors of one run or shard: the service's and the controls, on either runtime.

use super::actor::{ActorHost, Runtime};
use super::glance::{Image, ImageMessage, ImageReply};
use super::nemesis::{Nemesis, NemesisMessage, NemesisReply};
use super::recorder::{Recorder, RecorderMessage, RecorderReply};
use super::storm::Controls;
use stormglass_model::service::{
    Actors, Commit, Reply, Scrubber, ScrubberMessage, ScrubberReply, Subject, Task, TaskCommit,
    TaskReply,
};
use stormglass_model::table::Table;

type Actor<S, K> = <<S as Runtime>::ActorHost<K> as ActorHost<K>>::Actor;

/// The actors of the embedded service.
pub struct ActorTable<S: Runtime> {
    subject_host: S::ActorHost<Subject>,
    subjects: Table<Option<Actor<S, Subject>>>,
    task_host: S::ActorHost<Task>,
    tasks: Table<Option<Actor<S, Task>>>,
    scrubber_host: S::ActorHost<Scrubber>,
    scrubber: Actor<S, Scrubber>,
    envelopes: u64,
}

impl<S: Runtime> ActorTable<S> {
    /// Only the scrubber, yet.
    pub fn new(scrubber: Scrubber) -> ActorTable<S> {
        let scrubber_host = S::ActorHost::default();
        ActorTable {
            subject_host: S::ActorHost::default(),
            subjects: Table::default(),
            task_host: S::ActorHost::default(),
            tasks: Table::default(),
            scrubber: scrubber_host.spawn(scrubber),
            scrubber_host,
            envelopes: 0,
        }
    }
}

impl<S: Runtime> Actors for ActorTable<S> {
    #[inline]
    fn spawn_subject(&mut self, slot: u32, subject: Subject) {
        *self.subjects.at(slot) = Some(self.subject_host.spawn(subject));
    }

    #[inline]
    fn commit(&mut self, slot: u32, commit: Commit) -> Reply {
        self.envelopes += 1;
        match self.subjects.at(slot) {
            Some(actor) => self.subject_host.ask(actor, commit),
            None => Reply::Refused,
        }
    }

    #[inline]
    fn stop_subject(&mut self, slot: u32) {
        *self.subjects.at(slot) = None;
    }

    #[inline]
    fn fetch(&mut self, slot: u32) {
        if let Some(actor) = self.subjects.at(slot) {
            self.subject_host.fetch(actor);
        }
    }

    fn spawn_task(&mut self, slot: u32, task: Task) {
        *self.tasks.at(slot) = Some(self.task_host.spawn(task));
    }

    fn commit_task(&mut self, slot: u32, commit: TaskCommit) -> TaskReply {
        self.envelopes += 1;
        let task = self
            .tasks
            .at(slot)
            .get_or_insert_with(|| self.task_host.spawn(Task::default()));
        self.task_host.ask(task, commit)
    }

    fn stop_task(&mut self, slot: u32) {
        *self.tasks.at(slot) = None;
    }

    #[inline]
    fn scrubber(&mut self, message: ScrubberMessage) -> ScrubberReply {
        self.envelopes += 1;
        self.scrubber_host.ask(&mut self.scrubber, message)
    }

    fn messages(&self) -> u64 {
        if S::COUNTS_ENVELOPES {
            self.envelopes
        } else {
            0
        }
    }
}

/// The actors of the subjects on a real server.
pub struct ImageTable<S: Runtime> {
    host: S::ActorHost<Image>,
    images: Table<Option<Actor<S, Image>>>,
    envelopes: u64,
}

impl<S: Runtime> Default for ImageTable<S> {
    fn default() -> Self {
        ImageTable {
            host: S::ActorHost::default(),
            images: Table::default(),
            envelopes: 0,
        }
    }
}

impl<S: Runtime> ImageTable<S> {
    /// Spawns the actor of the subject in `slot`.
    pub fn spawn(&mut self, slot: u32, image: Image) {
        *self.images.at(slot) = Some(self.host.spawn(image));
    }

    /// Sends a message to the actor in `slot`; none when there is none.
    pub fn tell(&mut self, slot: u32, message: ImageMessage) -> Option<ImageReply> {
        let actor = self.images.at(slot).as_mut()?;
        // To ask how things stand is part of measuring, and no event of the run.
        self.envelopes += u64::from(!matches!(message, ImageMessage::Ask));
        Some(self.host.ask(actor, message))
    }

    /// Stops the actor in `slot`.
    pub fn stop(&mut self, slot: u32) {
        *self.images.at(slot) = None;
    }

    /// How many messages went through a mailbox so far.
    pub fn messages(&self) -> u64 {
        if S::COUNTS_ENVELOPES {
            self.envelopes
        } else {
            0
        }
    }
}

/// The recorder and the nemesis.
pub struct ControlActors<S: Runtime> {
    recorder_host: S::ActorHost<Recorder>,
    recorder: Actor<S, Recorder>,
    nemesis_host: S::ActorHost<Nemesis>,
    nemesis: Actor<S, Nemesis>,
}

impl<S: Runtime> ControlActors<S> {
    /// A controls of these two.
    pub fn new(recorder: Recorder, nemesis: Nemesis) -> ControlActors<S> {
        let (recorder_host, nemesis_host) = (
            S::ActorHost::<Recorder>::default(),
            S::ActorHost::<Nemesis>::default(),
        );
        ControlActors {
            recorder: recorder_host.spawn(recorder),
            recorder_host,
            nemesis: nemesis_host.spawn(nemesis),
            nemesis_host,
        }
    }
}

impl<S: Runtime> Controls for ControlActors<S> {
    #[inline]
    fn recorder(&mut self, message: RecorderMessage) -> RecorderReply {
        self.recorder_host.ask(&mut self.recorder, message)
    }

    fn nemesis(&mut self, message: NemesisMessage) -> NemesisReply {
        self.nemesis_host.ask(&mut self.nemesis, message)
    }
}
