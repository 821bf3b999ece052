//! The statuses of subjects and tasks.

use crate::named;

named! {
    /// The status of a subject. The first seven are the specification's; a real Glance knows two more.
    SubjectStatus {
        /// The identifier is reserved; no data has been uploaded.
        Queued = "queued",
        /// The raw data is being uploaded now.
        Saving = "saving",
        /// Fully available.
        Active = "active",
        /// Nobody but an admin may reach the data.
        Deactivated = "deactivated",
        /// An error occurred while the data was uploaded (v1 rules).
        Killed = "killed",
        /// Like deleted, but the data has not been removed yet.
        PendingDelete = "pending_delete",
        /// The information is kept, the subject can no longer be used.
        Deleted = "deleted",
        /// Glance only: data is being staged.
        Uploading = "uploading",
        /// Glance only: staged or remote data is being imported.
        Importing = "importing",
    }
}

impl SubjectStatus {
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
}

named! {
    /// The status of a task.
    TaskStatus {
        /// The identifier is reserved; no processing has begun.
        Pending = "pending",
        /// Picked up by the executor and being run.
        Processing = "processing",
        /// Ran successfully; `result` holds more.
        Success = "success",
        /// An error occurred; `message` holds it.
        Failure = "failure",
    }
}

impl TaskStatus {
    /// Whether the task has ended.
    pub const fn ended(self) -> bool {
        match self {
            TaskStatus::Pending | TaskStatus::Processing => false,
            TaskStatus::Success | TaskStatus::Failure => true,
        }
    }
}
