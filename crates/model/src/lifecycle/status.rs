//! The statuses of subjects and tasks.

use std::fmt;

/// The status of a subject. The first seven are the specification's; a real Glance knows two more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SubjectStatus {
    /// The identifier is reserved; no data has been uploaded.
    Queued,
    /// The raw data is being uploaded now.
    Saving,
    /// Fully available.
    Active,
    /// Nobody but an admin may reach the data.
    Deactivated,
    /// An error occurred while the data was uploaded (v1 rules).
    Killed,
    /// Like deleted, but the data has not been removed yet.
    PendingDelete,
    /// The information is kept, the subject can no longer be used.
    Deleted,
    /// Glance only: data is being staged.
    Uploading,
    /// Glance only: staged or remote data is being imported.
    Importing,
}

impl SubjectStatus {
    /// How many statuses there are, Glance's two included.
    pub const COUNT: usize = 9;

    /// Every status, in the order of the specification, then Glance's own.
    pub const ALL: [SubjectStatus; Self::COUNT] = [
        SubjectStatus::Queued,
        SubjectStatus::Saving,
        SubjectStatus::Active,
        SubjectStatus::Deactivated,
        SubjectStatus::Killed,
        SubjectStatus::PendingDelete,
        SubjectStatus::Deleted,
        SubjectStatus::Uploading,
        SubjectStatus::Importing,
    ];

    /// The name as the service spells it.
    pub const fn name(self) -> &'static str {
        match self {
            SubjectStatus::Queued => "queued",
            SubjectStatus::Saving => "saving",
            SubjectStatus::Active => "active",
            SubjectStatus::Deactivated => "deactivated",
            SubjectStatus::Killed => "killed",
            SubjectStatus::PendingDelete => "pending_delete",
            SubjectStatus::Deleted => "deleted",
            SubjectStatus::Uploading => "uploading",
            SubjectStatus::Importing => "importing",
        }
    }

    /// The status a service's answer names, if it is one.
    pub fn from_name(name: &str) -> Option<SubjectStatus> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether a subject at rest in this status keeps its data in the store.
    pub const fn keeps_data(self) -> bool {
        match self {
            SubjectStatus::Active | SubjectStatus::Deactivated | SubjectStatus::PendingDelete => {
                true
            }
            SubjectStatus::Queued
            | SubjectStatus::Saving
            | SubjectStatus::Killed
            | SubjectStatus::Deleted
            | SubjectStatus::Uploading
            | SubjectStatus::Importing => false,
        }
    }

    /// Position in [`SubjectStatus::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for SubjectStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The status of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TaskStatus {
    /// The identifier is reserved; no processing has begun.
    Pending,
    /// Picked up by the executor and being run.
    Processing,
    /// Ran successfully; `result` holds more.
    Success,
    /// An error occurred; `message` holds it.
    Failure,
}

impl TaskStatus {
    /// How many statuses there are.
    pub const COUNT: usize = 4;

    /// Every status, in the order of the specification.
    pub const ALL: [TaskStatus; Self::COUNT] = [
        TaskStatus::Pending,
        TaskStatus::Processing,
        TaskStatus::Success,
        TaskStatus::Failure,
    ];

    /// The name as the service spells it.
    pub const fn name(self) -> &'static str {
        match self {
            TaskStatus::Pending => "pending",
            TaskStatus::Processing => "processing",
            TaskStatus::Success => "success",
            TaskStatus::Failure => "failure",
        }
    }

    /// The status a service's answer names, if it is one.
    pub fn from_name(name: &str) -> Option<TaskStatus> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the task has ended.
    pub const fn ended(self) -> bool {
        match self {
            TaskStatus::Pending | TaskStatus::Processing => false,
            TaskStatus::Success | TaskStatus::Failure => true,
        }
    }

    /// Position in [`TaskStatus::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
