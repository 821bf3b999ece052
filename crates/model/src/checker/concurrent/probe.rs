//! What a probe reading of the server's database and store claims, taken while no client waits for an answer.

use super::checker::{Checker, bits};
use super::open::{Open, PATIENCE, Standing};
use super::state::{Holds, State};
use super::violation::Symptom;
use crate::history::{Held, PresentRow, ProbeReading, Row};
use crate::lifecycle::{Invariant, Statuses, SubjectStatus};
use SubjectStatus::*;

/// What the row amounts to: one that is marked as deleted is, whatever its status says.
fn as_seen(row: &PresentRow) -> SubjectStatus {
    match row.status {
        PendingDelete => PendingDelete,
        _ if row.deleted => Deleted,
        status => status,
    }
}

impl Checker {
    /// The database and the store were read.
    pub(super) fn probed(&mut self, reading: &ProbeReading) {
        if !self.at_rest() {
            return; // somebody is at work, so nothing is settled
        }
        self.closed = false; // since the reading before, what is open may have gone on
        self.expand();
        if self.exhausted {
            return;
        }
        if reading.tasks_open == Some(0) {
            self.tasks_ended();
        }
        let status = match reading.row {
            None => self.certain(),
            Some(Row::Absent) => {
                self.absent();
                Some(Deleted)
            }
            Some(Row::Present(row)) => {
                self.present(&row);
                if let Some(held) = &reading.data {
                    self.kept(&row, held);
                }
                Some(as_seen(&row))
            }
        };
        let tasks_open = reading.tasks_open.is_some_and(|open| open > 0);
        if let (Some(status), Some(held), false) = (status, &reading.data, tasks_open) {
            self.left_over(status, held); // a task may yet take away what it wrote
        }
        let stuck = status.is_some_and(|status| self.is_stuck(status));
        if tasks_open && !stuck {
            self.violated(
                Invariant::Progress,
                Symptom::StuckTask,
                "a task has not ended, though nothing is at work on the subject",
            );
        }
    }

    /// Every import has done what it will ever do.
    fn tasks_ended(&mut self) {
        for slot in bits(self.used) {
            let accepted = |open: &Open| open.standing == Standing::Accepted;
            if self.slots[slot].as_ref().is_some_and(accepted) {
                self.known.tasks_ended = true;
                self.close(slot);
            }
        }
    }

    /// The only status that the subject can have.
    fn certain(&self) -> Option<SubjectStatus> {
        let first = self.states.first()?.status();
        let same = self.states.iter().all(|state| state.status() == first);
        first.filter(|_| same)
    }

    /// There is no row: it was never created, or is deleted and purged.
    fn absent(&mut self) {
        let gone = |state: &State| matches!(state.status(), None | Some(Deleted));
        if !self.states.narrow(gone) {
            self.violated(
                Invariant::Conservation,
                Symptom::SubjectLost,
                "the registry has no row of a subject that nobody had deleted",
            );
            self.believe(Some(Deleted), Some(Holds::NOTHING));
        }
    }

    fn present(&mut self, row: &PresentRow) {
        let status = row.status;
        if !row.deleted {
            self.moves_on(status);
        }
        if row.deleted && !matches!(status, PendingDelete | Deleted) {
            // To clients it is deleted, whatever else the row says.
            self.blame_row(Invariant::Conservation, status, "is marked as deleted");
            self.believe(Some(Deleted), Some(Holds::NOTHING));
            return;
        }
        if self.is_stuck(status) {
            self.rests_in(status);
        }
        if !self.states.narrow(|state| state.status() == Some(status)) {
            match self.is_stuck(status) {
                true => self.believe_busy(status),
                false => self.blame_status(status),
            }
        }
        let wrong = match status {
            PendingDelete | Deleted if !row.deleted => Some("is not marked as deleted"),
            Queued if row.locations > 0 => Some("names a place of its data"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.blame_row(Invariant::Conservation, status, wrong);
        }
        if Statuses::READABLE.contains(status) {
            self.described(row);
        }
    }

    fn blame_row(&mut self, invariant: Invariant, status: SubjectStatus, wrong: &str) {
        self.violated(
            invariant,
            Symptom::BadRow,
            format_args!("the registry's row says {status} and {wrong}"),
        );
    }

    /// The row of a subject that has data says which.
    fn described(&mut self, row: &PresentRow) {
        let unknown = |state: &State| state.holds() == Holds::ANYTHING;
        if self.known.moved || self.states.iter().any(unknown) {
            return;
        }
        let Some(content) = row.content else {
            if !row.in_store {
                return; // nobody has read data that lies elsewhere
            }
            let wrong = "lacks the size or the checksum of the data";
            return self.blame_row(Invariant::Acknowledged, row.status, wrong);
        };
        let found = self.found(content);
        if !self.states.narrow(|state| state.holds() == found) {
            self.violated(
                Invariant::Acknowledged,
                Symptom::Corrupt,
                "the registry's row describes other data than was sent",
            );
            let holds = self.enter(content);
            self.believe(None, Some(holds));
        }
    }

    /// Invariant `conservation`: what the row says is stored, is.
    fn kept(&mut self, row: &PresentRow, held: &Held) {
        let status = as_seen(row);
        let sent = self.known.deleting;
        if sent.is_some_and(|sent| self.now.since(sent) < PATIENCE) {
            return; // it may be half done
        }
        if status == Uploading && !self.may_be_of(held.staged) {
            match self.known.staged {
                true => self.violated(
                    Invariant::Conservation,
                    Symptom::Hollow,
                    "data was staged, and the staging area does not hold it",
                ),
                false => self.rests_in(Uploading),
            }
        }
        let whole = match row.content {
            Some(content) if !self.known.moved => {
                held.bytes == Some(content.size) || content.size == 0
            }
            Some(_) => held.bytes.is_some(),
            None => self.may_be_of(held.bytes),
        };
        if held.lacking && status.keeps_data() {
            let wrong = "names a store that does not hold the data, though another one does";
            self.blame_row(Invariant::Conservation, status, wrong);
        }
        let named = row.locations > 0 || self.known.moved || status == PendingDelete;
        if whole && named || !status.keeps_data() {
            return;
        }
        if !named || row.in_store {
            let what = match (named, held.bytes) {
                (false, _) => "names no place of the data",
                (true, None) => "the store holds nothing",
                (true, Some(_)) => "the store holds data of another size",
            };
            self.violated(
                Invariant::Conservation,
                Symptom::Hollow,
                format_args!("the registry says {status} and {what}"),
            );
        }
    }

    /// Whether the data may be as long as this; none where there is none.
    fn may_be_of(&self, bytes: Option<u64>) -> bool {
        let mut sizes = self.states.iter().map(|state| self.size(state.holds()));
        sizes.any(|size| size.is_none_or(|size| bytes == Some(size) || size == 0))
    }

    /// Invariant `conservation`: nothing is stored that no status keeps.
    fn left_over(&mut self, status: SubjectStatus, held: &Held) {
        if self.is_stuck(status) {
            return; // what an unfinished operation wrote has the same cause
        }
        if held.bytes.is_some() && !status.keeps_data() {
            let why = match (self.known.deleted, self.known.uploaded) {
                (true, true) => {
                    "its upload and its delete were both answered with success, and the data is still in the store"
                }
                (true, false) => {
                    "its delete was answered with success, and data of it is in the store"
                }
                (false, _) => "data of it is in the store",
            };
            self.violated(
                Invariant::Conservation,
                Symptom::Orphan,
                format_args!("the subject is {status}: {why}"),
            );
        }
        if held.stray.is_some() {
            self.violated(
                Invariant::Conservation,
                Symptom::Orphan,
                format_args!(
                    "the subject is {status}, and data of it is in a store that its row does not name"
                ),
            );
        }
        // What a failed copy has staged is kept for the next try, as long as there can be one.
        let waits = self.known.may_be_copied && Statuses::READABLE.contains(status);
        if held.staged.is_some() && !matches!(status, Uploading | Importing) && !waits {
            self.violated(
                Invariant::Conservation,
                Symptom::StagedOrphan,
                format_args!(
                    "the subject is {status}, and the staging area still holds data of it"
                ),
            );
        }
    }
}
