//! The core of a subject actor on the embedded service: the server's record of one subject.
//!
//! It owns its status and alone changes it. Requests that the status does not allow are refused here and
//! nowhere else, so that two rivals are decided by the order in which their commits arrive.

use crate::config::{Defect, Defects, FailureRule};
use crate::history::{Content, OpId};
use crate::lifecycle::SubjectStatus::{self, *};
use crate::units::Time;

/// The laws the service lives under; they come with every commit, so that records stay small.
#[derive(Clone, Copy, Debug, Default)]
pub struct Laws {
    /// Whose rules it follows.
    pub rules: FailureRule,
    /// Whether a delete keeps the data until the scrubber comes.
    pub delayed_delete: bool,
    /// The defects planted in the service.
    pub defects: Defects,
}

impl Laws {
    #[inline]
    pub(super) const fn has(&self, defect: Defect) -> bool {
        self.defects.has(defect)
    }

    #[inline]
    pub(super) fn are_glances(self) -> bool {
        self.rules == FailureRule::Glance
    }
}

/// What a commit asks of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Register it, queued.
    Create,
    /// Register it with a location: active in the same instant.
    CreateWithLocation,
    /// Register it with size zero: active in the same instant.
    CreateEmpty,
    /// An upload starts.
    BeginUpload,
    /// An upload has put its data into the store.
    EndUpload(Content),
    /// An upload has failed and its data is gone.
    FailUpload,
    /// A task wants to bring data in; nothing changes yet.
    AcceptImport,
    /// The same for data that was staged.
    AcceptStaged,
    /// Glance's rules: the data is this task's to bring in, and no other's.
    ClaimImport,
    /// Glance's rules: the task that has claimed it begins.
    BeginImport,
    /// Glance's rules: data is being staged.
    BeginStage,
    /// Glance's rules: it has been.
    EndStage(Content),
    /// Glance's rules: a task has looked at a place where the data lies.
    EndRegister,
    /// Forbid deletes, or allow them again.
    Protect(bool),
    /// One more location.
    AddLocation,
    /// One location less.
    RemoveLocation,
    /// Bar everybody but an admin.
    Deactivate,
    /// Undo that.
    Reactivate,
    /// Change a property that means nothing to the lifecycle.
    Touch,
    /// Delete it.
    Delete,
    /// The scrubber has removed the data.
    Scrub,
    /// Somebody wants to read the data.
    Read {
        /// Whether it is an admin.
        as_admin: bool,
    },
    /// Somebody wants to see the record.
    Inspect,
}

/// One commit.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// When.
    pub at: Time,
    /// On behalf of which operation; none for the scrubber.
    pub op: Option<OpId>,
    /// What to change.
    pub change: Change,
    /// The laws that hold.
    pub laws: Laws,
}

/// One change of status that a commit made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The status before; none when the subject came into being.
    pub from: Option<SubjectStatus>,
    /// The status after.
    pub to: SubjectStatus,
}

/// What a record answers to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done {
        /// The changes of status in order, up to three (one, or two for a subject that is active at once).
        moves: [Option<Move>; 3],
        /// When the record entered the status that it had before.
        entered: Time,
        /// The data it has, or had until a delete.
        content: Content,
        /// Whether that data lies elsewhere.
        elsewhere: bool,
    },
    /// Refused, without effect.
    Refused,
    /// The record as it is.
    Record(Subject),
}

/// The server's record of one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Subject {
    status: Option<SubjectStatus>,
    locations: u16,
    /// When it entered its status.
    entered: Time,
    /// The upload in flight while saving; by Glance's rules also a stage in flight, and the import that has claimed it.
    uploader: Option<OpId>,
    content: Content,
    /// Whether deletes are forbidden.
    protected: bool,
}

impl Subject {
    /// Its status; none before it is registered.
    pub fn status(&self) -> Option<SubjectStatus> {
        self.status
    }

    /// Its size and checksum, while its status keeps data.
    pub fn content(&self) -> Option<Content> {
        self.status
            .filter(|status| status.keeps_data())
            .map(|_| self.content)
    }

    /// Applies a commit, or refuses it.
    #[inline]
    pub fn apply(&mut self, commit: Commit) -> Reply {
        let Commit {
            at, change, laws, ..
        } = commit;
        match (change, self.status) {
            (Change::Inspect, _) => Reply::Record(*self),
            (Change::Create, None) => self.enter(at, &[Queued]),
            (Change::CreateWithLocation, None) => self.create_with_location(commit),
            (Change::CreateEmpty, None) => self.enter(at, &[Queued, Active]),
            (Change::BeginUpload, Some(status)) => self.begin_upload(commit, status),
            (Change::EndUpload(content), Some(status)) => self.end_upload(commit, status, content),
            (Change::FailUpload, Some(status)) => self.fail_upload(commit, status),
            (Change::AcceptImport, Some(Queued)) => self.unchanged(),
            (
                Change::AcceptStaged
                | Change::ClaimImport
                | Change::BeginImport
                | Change::BeginStage
                | Change::EndStage(_)
                | Change::EndRegister,
                status,
            ) => self.take_in(commit, status),
            (Change::AddLocation, Some(Queued | Active)) => self.add_location(at),
            (Change::RemoveLocation, Some(Active)) => self.remove_location(commit),
            (Change::Deactivate, Some(Active)) => self.enter(at, &[Deactivated]),
            (Change::Deactivate, Some(Queued)) if laws.has(Defect::DeactivateQueued) => {
                self.enter(at, &[Deactivated])
            }
            (Change::Reactivate, Some(Deactivated)) => self.enter(at, &[Active]),
            (Change::Deactivate, Some(Deactivated)) | (Change::Reactivate, Some(Active))
                if laws.are_glances() =>
            {
                self.unchanged()
            }
            (Change::Protect(protected), Some(status)) if is_there(status) => {
                self.protected = protected;
                self.unchanged()
            }
            (Change::Delete, Some(status)) if is_there(status) => self.delete(commit, status),
            (Change::Touch, Some(status)) if is_there(status) => self.unchanged(),
            (Change::Scrub, Some(PendingDelete)) => self.enter(at, &[Deleted]),
            (Change::Read { .. }, Some(Active)) => self.unchanged(),
            (Change::Read { as_admin }, Some(Deactivated))
                if as_admin || laws.has(Defect::DeactivatedDownloadAllowed) =>
            {
                self.unchanged()
            }
            (
                Change::Create
                | Change::CreateWithLocation
                | Change::CreateEmpty
                | Change::BeginUpload
                | Change::EndUpload(_)
                | Change::FailUpload
                | Change::AcceptImport
                | Change::AddLocation
                | Change::Protect(_)
                | Change::RemoveLocation
                | Change::Deactivate
                | Change::Reactivate
                | Change::Touch
                | Change::Delete
                | Change::Scrub
                | Change::Read { .. },
                _,
            ) => Reply::Refused,
        }
    }

    fn create_with_location(&mut self, Commit { at, laws, .. }: Commit) -> Reply {
        self.locations = 1;
        if laws.has(Defect::LocationPassesSaving) {
            return self.enter(at, &[Queued, Saving, Active]);
        }
        self.enter(at, &[Queued, Active])
    }

    fn begin_upload(&mut self, commit: Commit, status: SubjectStatus) -> Reply {
        if status == Queued {
            self.uploader = commit.op;
            return self.enter(commit.at, &[Saving]);
        }
        if status == Active && commit.laws.has(Defect::SecondUploadAccepted) {
            return self.unchanged();
        }
        Reply::Refused
    }

    /// An upload makes its subject active, unless that was taken away from it.
    fn end_upload(&mut self, commit: Commit, status: SubjectStatus, content: Content) -> Reply {
        if matches!(status, Saving | Importing) && self.uploader == commit.op {
            self.uploader = None;
            self.content = content;
            // On Glance the store is one of the places where the data lies.
            self.locations = u16::from(commit.laws.are_glances());
            if commit.laws.has(Defect::UploadCorrupted) {
                self.content.checksum ^= 1;
            }
            return self.enter(commit.at, &[Active]);
        }
        if status == Active && commit.laws.has(Defect::SecondUploadAccepted) {
            self.content = content;
            return self.unchanged();
        }
        Reply::Refused
    }

    /// A failed upload takes its failure edge, unless its subject was taken away from it.
    fn fail_upload(&mut self, commit: Commit, status: SubjectStatus) -> Reply {
        let back = match commit.laws.rules {
            FailureRule::V1 => Killed,
            FailureRule::V2 | FailureRule::Glance => Queued,
        };
        if status == Queued && self.uploader.is_some() && self.uploader == commit.op {
            self.uploader = None; // an import that never began
            return self.unchanged();
        }
        let revived = status == Deleted && commit.laws.has(Defect::LateUploadRevivesDeleted);
        let its_own = matches!(status, Saving | Uploading | Importing);
        if revived || (its_own && self.uploader == commit.op) {
            self.uploader = None;
            return self.enter(commit.at, &[back]);
        }
        Reply::Refused
    }

    fn delete(&mut self, Commit { at, laws, .. }: Commit, status: SubjectStatus) -> Reply {
        if self.protected {
            return Reply::Refused;
        }
        if status == Active && laws.delayed_delete {
            return self.enter(at, &[PendingDelete]);
        }
        self.uploader = None;
        self.enter(at, &[Deleted])
    }

    /// Glance's rules for staged and imported data. Its statuses belong to one operation at a time, until a stage has ended.
    fn take_in(&mut self, commit: Commit, status: Option<SubjectStatus>) -> Reply {
        let Commit { at, op, change, .. } = commit;
        let Some(status) = status.filter(|_| commit.laws.are_glances()) else {
            return Reply::Refused;
        };
        let mine = self.uploader.is_some() && self.uploader == op;
        match (change, status) {
            (Change::AcceptStaged, Uploading) if self.uploader.is_none() => self.unchanged(),
            (Change::ClaimImport, Queued | Uploading) if self.uploader.is_none() => {
                self.uploader = op;
                self.unchanged()
            }
            (Change::BeginImport, Queued | Uploading) if mine => self.enter(at, &[Importing]),
            (Change::BeginStage, Queued) => {
                self.uploader = op;
                self.enter(at, &[Uploading])
            }
            (Change::EndStage(content), Uploading) if mine => {
                self.uploader = None;
                self.content = content;
                self.unchanged()
            }
            (Change::EndRegister, Importing) if mine => {
                self.uploader = None;
                self.locations = 1;
                self.enter(at, &[Active])
            }
            _ => Reply::Refused,
        }
    }

    /// The first location makes a queued subject active.
    fn add_location(&mut self, at: Time) -> Reply {
        if self.status == Some(Queued) {
            self.locations = 1;
            return self.enter(at, &[Active]);
        }
        self.locations = self.locations.saturating_add(1);
        self.unchanged()
    }

    /// An active subject keeps at least one place where its data lies.
    fn remove_location(&mut self, Commit { at, laws, .. }: Commit) -> Reply {
        match self.locations {
            0 => Reply::Refused,
            1 if laws.has(Defect::LastLocationRequeues) => {
                self.locations = 0;
                self.enter(at, &[Queued])
            }
            1 => Reply::Refused,
            _ => {
                self.locations -= 1;
                self.unchanged()
            }
        }
    }

    fn enter(&mut self, at: Time, statuses: &[SubjectStatus]) -> Reply {
        let entered = self.entered;
        let mut moves = [None; 3];
        for (place, &to) in moves.iter_mut().zip(statuses) {
            *place = Some(Move {
                from: self.status.replace(to),
                to,
            });
        }
        self.entered = at;
        Reply::Done {
            moves,
            entered,
            content: self.content,
            elsewhere: self.is_elsewhere(),
        }
    }

    /// Whether its data lies only where a location says, and not in the store.
    fn is_elsewhere(&self) -> bool {
        self.locations > 0 && self.content == Content::default()
    }

    fn unchanged(&self) -> Reply {
        Reply::Done {
            moves: [None; 3],
            entered: self.entered,
            content: self.content,
            elsewhere: self.is_elsewhere(),
        }
    }
}

/// Whether clients can do something with a subject in this status.
const fn is_there(status: SubjectStatus) -> bool {
    match status {
        Queued | Saving | Active | Deactivated | Killed | Uploading | Importing => true,
        PendingDelete | Deleted => false,
    }
}
