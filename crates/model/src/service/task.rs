//! The core of a task actor: it owns the task's status, and alone changes it.

use crate::config::{Defect, Defects};
use crate::lifecycle::TaskStatus;

/// A task's own record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Task {
    status: Option<TaskStatus>,
    has_result: bool,
    has_message: bool,
}

/// One commit on a task.
#[derive(Clone, Copy, Debug)]
pub struct TaskCommit {
    /// The status that the executor puts it into.
    pub to: TaskStatus,
    /// The defects planted in the service.
    pub defects: Defects,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskReply {
    /// The status before; none when it came into being.
    pub from: Option<TaskStatus>,
    /// Whether it now has a result.
    pub has_result: bool,
    /// Whether it now has an error message.
    pub has_message: bool,
}

impl Task {
    /// Applies a commit.
    pub fn apply(&mut self, commit: TaskCommit) -> TaskReply {
        let from = self.status.replace(commit.to);
        match commit.to {
            TaskStatus::Success => self.has_result = true,
            TaskStatus::Failure => {
                self.has_message = true;
                self.has_result = commit.defects.has(Defect::FailedTaskHasResult);
            }
            TaskStatus::Pending | TaskStatus::Processing => {}
        }
        TaskReply {
            from,
            has_result: self.has_result,
            has_message: self.has_message,
        }
    }
}
