//! The records of the service as plain values. The engines make an actor of each; where there is one thread and nothing to measure,
//! these do as well.

use super::{
    Actors, Commit, Reply, Scrubber, ScrubberMessage, ScrubberReply, Service, Subject, Task,
    TaskCommit, TaskReply,
};
use crate::config::ServiceConfig;
use crate::table::Table;

/// Subjects and tasks by their slots, and the scrubber.
#[derive(Debug)]
pub struct Records {
    subjects: Table<Option<Subject>>,
    tasks: Table<Task>,
    scrubber: Scrubber,
}

impl Records {
    /// Only the scrubber, yet, of a service of this configuration.
    pub fn new(config: &ServiceConfig) -> Records {
        Records {
            subjects: Table::default(),
            tasks: Table::default(),
            scrubber: Service::<Records>::scrubber_of(config),
        }
    }
}

impl Actors for Records {
    fn spawn_subject(&mut self, slot: u32, subject: Subject) {
        *self.subjects.at(slot) = Some(subject);
    }

    fn commit(&mut self, slot: u32, commit: Commit) -> Reply {
        let subject = self.subjects.at(slot).as_mut();
        subject.map_or(Reply::Refused, |subject| subject.apply(commit))
    }

    fn stop_subject(&mut self, slot: u32) {
        *self.subjects.at(slot) = None;
    }

    fn spawn_task(&mut self, slot: u32, task: Task) {
        *self.tasks.at(slot) = task;
    }

    fn commit_task(&mut self, slot: u32, commit: TaskCommit) -> TaskReply {
        self.tasks.at(slot).apply(commit)
    }

    fn stop_task(&mut self, _slot: u32) {}

    fn scrubber(&mut self, message: ScrubberMessage) -> ScrubberReply {
        self.scrubber.apply(message)
    }

    fn fetch(&mut self, slot: u32) {
        std::hint::black_box(self.subjects.get(slot).is_some());
    }

    fn messages(&self) -> u64 {
        0
    }
}
