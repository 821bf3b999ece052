//! Bytes of one subject: written by the one upload that may, kept by the status, and all gone in the end.

use super::Checker;
use super::breach::Scene;
use super::subject::Subject;
use crate::history::{OpId, SubjectId};
use crate::lifecycle::{Invariant, SubjectStatus};
use crate::units::{Span, Time};
use SubjectStatus::*;

impl Checker {
    /// Only the upload in flight writes: an operation that did not take the subject to saving writes into data
    /// that is another's (`one-upload`).
    #[inline]
    pub(super) fn stored(&mut self, at: Time, id: SubjectId, op: OpId, bytes: u64) {
        let scene = Scene::subject(at, id).in_status(self.subjects.at(id.slot).status_name());
        let writer = self.open_op(id, op);
        let nobodys = writer.is_none();
        match writer {
            None => self.breaches.add(
                Invariant::Conservation,
                scene,
                format_args!(
                    "{bytes} bytes were stored for subject {id} at {at} by operation {}, \
 which is not open",
                    op.0
                ),
            ),
            Some(op) => {
                op.bytes = op.bytes.saturating_add(bytes);
                if !op.holds && !op.blamed {
                    op.blamed = true;
                    let (number, operation) = (op.id.0, op.operation);
                    self.breaches.add(
                        Invariant::OneUpload,
                        scene.by(operation),
                        format_args!(
                            "{operation} {number} wrote {bytes} bytes for subject {id} at {at} \
 without being its upload in flight"
                        ),
                    );
                }
            }
        }
        let subject = self.subjects.at(id.slot);
        subject.bytes = subject.bytes.saturating_add(bytes);
        subject.bytes_blamed |= nobodys;
        self.totals.bytes += i128::from(bytes);
    }

    #[inline]
    pub(super) fn removed(&mut self, at: Time, id: SubjectId, bytes: u64) {
        self.totals.bytes -= i128::from(bytes);
        let subject = self.subjects.at(id.slot);
        match subject.bytes.checked_sub(bytes) {
            Some(left) => subject.bytes = left,
            None => self.removed_too_much(at, id, bytes),
        }
        let subject = self.subjects.at(id.slot);
        if is_scrubbed_early(subject, at, self.rules.scrub_time) {
            self.scrubbed_early(at, id);
        }
        // A hole in data that clients may be reading needs no operation to end before it is one.
        let subject = self.subjects.at(id.slot);
        if subject.open.is_none() || is_hollow(subject) {
            self.conserve(at, id);
        }
    }

    #[cold]
    fn removed_too_much(&mut self, at: Time, id: SubjectId, bytes: u64) {
        let subject = self.subjects.at(id.slot);
        let held = std::mem::take(&mut subject.bytes);
        subject.bytes_blamed = true;
        self.breaches.add(
            Invariant::Conservation,
            Scene::subject(at, id).in_status(subject.status_name()),
            format_args!(
                "{bytes} bytes of subject {id} were removed at {at}, but the store held {held}"
            ),
        );
    }

    #[cold]
    fn scrubbed_early(&mut self, at: Time, id: SubjectId) {
        let subject = self.subjects.at(id.slot);
        subject.scrub_blamed = true;
        let since = subject.since;
        self.breaches.add(
            Invariant::ScrubTime,
            Scene::subject(at, id).moving(PendingDelete.name(), Deleted.name()),
            format_args!(
                "the data of subject {id} was removed at {at}, {} after its delete at {since}; \
                 the scrub time is {}",
                at.since(since),
                self.rules.scrub_time
            ),
        );
    }

    /// Invariant `conservation` for a subject at rest: the store holds what its status keeps, no more (an
    /// orphan) and no less (hollow).
    #[inline]
    pub(super) fn conserve(&mut self, at: Time, id: SubjectId) {
        let subject = self.subjects.at(id.slot);
        if (subject.bytes > subject.kept_bytes() || is_hollow(subject)) && !subject.bytes_blamed {
            self.not_conserved(at, id);
        }
    }

    #[cold]
    fn not_conserved(&mut self, at: Time, id: SubjectId) {
        let subject = self.subjects.at(id.slot);
        subject.bytes_blamed = true;
        let (held, kept) = (subject.bytes, subject.kept_bytes());
        let status = subject.status.map_or("not there", SubjectStatus::name);
        let what = if held > kept { "an orphan" } else { "hollow" };
        let scene = Scene::subject(at, id).in_status(subject.status_name());
        self.breaches.add(
            Invariant::Conservation,
            scene,
            format_args!(
                "the data of subject {id} is {what} at {at}: \
 it is {status} and should keep {kept} bytes, the store holds {held}"
            ),
        );
    }

    /// The engine dropped a subject: it must be at its end.
    pub(super) fn forgotten(&mut self, at: Time, id: SubjectId) {
        let subject = self.subjects.at(id.slot);
        let status = subject.status_name();
        let ended = matches!(subject.status, None | Some(Deleted));
        let open = self.open.clear(&mut subject.open);
        if !ended || open > 0 {
            self.breaches.add(
                Invariant::Conservation,
                Scene::subject(at, id).in_status(status),
                format_args!(
                    "subject {id} was dropped at {at} \
 with {open} operations open and status `{status}`"
                ),
            );
        }
        self.conserve(at, id);
        *self.subjects.at(id.slot) = Subject::forgotten(id.number);
    }
}

/// Whether clients may reach data of which bytes are missing. What a pending delete has lost is either being
/// scrubbed, or was scrubbed too early.
#[inline]
fn is_hollow(subject: &Subject) -> bool {
    matches!(subject.status, Some(Active | Deactivated)) && subject.bytes < subject.kept_bytes()
}

/// Invariant `scrub-time` for the data, which goes before the status does. Bytes beyond what the status keeps are
/// those of a failed upload, and may go at any time.
#[inline]
fn is_scrubbed_early(subject: &Subject, at: Time, scrub_time: Span) -> bool {
    subject.status == Some(PendingDelete)
        && subject.bytes < subject.kept_bytes()
        && at.since(subject.since) < scrub_time
        && !subject.scrub_blamed
}
