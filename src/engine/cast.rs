//! The actors of one run or shard: the service's and the crew, on either stage.

use super::actor::{Office, Stage};
use super::glance::{Image, ImageMessage, ImageReply};
use super::nemesis::{Nemesis, NemesisMessage, NemesisReply};
use super::recorder::{Recorder, RecorderMessage, RecorderReply};
use super::storm::Crew;
use stormglass_model::service::{
    Actors, Commit, Reply, Scrubber, ScrubberMessage, ScrubberReply, Subject, Task, TaskCommit,
    TaskReply,
};
use stormglass_model::table::Table;

type Actor<S, K> = <<S as Stage>::Office<K> as Office<K>>::Actor;

/// The actors of the embedded service.
pub struct Cast<S: Stage> {
    subject_office: S::Office<Subject>,
    subjects: Table<Option<Actor<S, Subject>>>,
    task_office: S::Office<Task>,
    tasks: Table<Option<Actor<S, Task>>>,
    scrubber_office: S::Office<Scrubber>,
    scrubber: Actor<S, Scrubber>,
    letters: u64,
}

impl<S: Stage> Cast<S> {
    /// Only the scrubber, yet.
    pub fn new(scrubber: Scrubber) -> Cast<S> {
        let scrubber_office = S::Office::default();
        Cast {
            subject_office: S::Office::default(),
            subjects: Table::default(),
            task_office: S::Office::default(),
            tasks: Table::default(),
            scrubber: scrubber_office.spawn(scrubber),
            scrubber_office,
            letters: 0,
        }
    }
}

impl<S: Stage> Actors for Cast<S> {
    #[inline]
    fn spawn_subject(&mut self, slot: u32, subject: Subject) {
        *self.subjects.at(slot) = Some(self.subject_office.spawn(subject));
    }

    #[inline]
    fn commit(&mut self, slot: u32, commit: Commit) -> Reply {
        self.letters += 1;
        match self.subjects.at(slot) {
            Some(actor) => self.subject_office.ask(actor, commit),
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
            self.subject_office.fetch(actor);
        }
    }

    fn spawn_task(&mut self, slot: u32, task: Task) {
        *self.tasks.at(slot) = Some(self.task_office.spawn(task));
    }

    fn commit_task(&mut self, slot: u32, commit: TaskCommit) -> TaskReply {
        self.letters += 1;
        let task = self
            .tasks
            .at(slot)
            .get_or_insert_with(|| self.task_office.spawn(Task::default()));
        self.task_office.ask(task, commit)
    }

    fn stop_task(&mut self, slot: u32) {
        *self.tasks.at(slot) = None;
    }

    #[inline]
    fn scrubber(&mut self, message: ScrubberMessage) -> ScrubberReply {
        self.letters += 1;
        self.scrubber_office.ask(&mut self.scrubber, message)
    }

    fn messages(&self) -> u64 {
        if S::COUNTS_LETTERS { self.letters } else { 0 }
    }
}

/// The actors of the subjects on a real server.
pub struct ImageTable<S: Stage> {
    office: S::Office<Image>,
    images: Table<Option<Actor<S, Image>>>,
    letters: u64,
}

impl<S: Stage> Default for ImageTable<S> {
    fn default() -> Self {
        ImageTable {
            office: S::Office::default(),
            images: Table::default(),
            letters: 0,
        }
    }
}

impl<S: Stage> ImageTable<S> {
    /// Spawns the actor of the subject in `slot`.
    pub fn spawn(&mut self, slot: u32, image: Image) {
        *self.images.at(slot) = Some(self.office.spawn(image));
    }

    /// Sends a message to the actor in `slot`; none when there is none.
    pub fn tell(&mut self, slot: u32, message: ImageMessage) -> Option<ImageReply> {
        let actor = self.images.at(slot).as_mut()?;
        // To ask how things stand is part of measuring, and no event of the run.
        self.letters += u64::from(!matches!(message, ImageMessage::Ask));
        Some(self.office.ask(actor, message))
    }

    /// Stops the actor in `slot`.
    pub fn stop(&mut self, slot: u32) {
        *self.images.at(slot) = None;
    }

    /// How many messages went through a mailbox so far.
    pub fn messages(&self) -> u64 {
        if S::COUNTS_LETTERS { self.letters } else { 0 }
    }
}

/// The recorder and the nemesis.
pub struct RunCrew<S: Stage> {
    recorder_office: S::Office<Recorder>,
    recorder: Actor<S, Recorder>,
    nemesis_office: S::Office<Nemesis>,
    nemesis: Actor<S, Nemesis>,
}

impl<S: Stage> RunCrew<S> {
    /// A crew of these two.
    pub fn new(recorder: Recorder, nemesis: Nemesis) -> RunCrew<S> {
        let (recorder_office, nemesis_office) = (
            S::Office::<Recorder>::default(),
            S::Office::<Nemesis>::default(),
        );
        RunCrew {
            recorder: recorder_office.spawn(recorder),
            recorder_office,
            nemesis: nemesis_office.spawn(nemesis),
            nemesis_office,
        }
    }
}

impl<S: Stage> Crew for RunCrew<S> {
    #[inline]
    fn recorder(&mut self, message: RecorderMessage) -> RecorderReply {
        self.recorder_office.ask(&mut self.recorder, message)
    }

    fn nemesis(&mut self, message: NemesisMessage) -> NemesisReply {
        self.nemesis_office.ask(&mut self.nemesis, message)
    }
}
