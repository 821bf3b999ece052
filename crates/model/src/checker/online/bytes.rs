//! Bytes of one subject: written by the one upload that may, kept by the status, and all gone in the end.

use super::subject::Subject;
use super::{Checker, Violation};
use crate::history::{OpId, SubjectId};
use crate::lifecycle::{Invariant, SubjectStatus};
use crate::units::{Span, Time};
use SubjectStatus::*;

impl Checker {
    /// Only the upload in flight writes: an operation that did not take the subject to saving writes into data
    /// that is another's (`one-upload`).
    #[inline]
    pub(super) fn stored(&mut self, at: Time, id: SubjectId, op: OpId, bytes: u64) {
        let number = op.0;
        let writer = self.open_op(id, op);
        let nobodys = writer.is_none();
        let foreign = writer.and_then(|op| {
            op.bytes = op.bytes.saturating_add(bytes);
            let first = !op.holds && !op.blamed;
            op.blamed |= first;
            first.then_some(op.operation)
        });
        if nobodys {
            self.violated(
                Invariant::Conservation,
                (at, id),
                None,
                format_args!(
                    "{bytes} bytes were stored for subject {id} at {at} by operation {number}, \
 which is not open"
                ),
            );
        } else if let Some(operation) = foreign {
            self.violated(
                Invariant::OneUpload,
                (at, id),
                Some(operation),
                format_args!(
                    "{operation} {number} wrote {bytes} bytes for subject {id} at {at} \
 without being its upload in flight"
                ),
            );
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
        let held = subject.bytes;
        subject.bytes = held.saturating_sub(bytes);
        if bytes > held {
            subject.bytes_blamed = true;
            self.violated(
                Invariant::Conservation,
                (at, id),
                None,
                format_args!(
                    "{bytes} bytes of subject {id} were removed at {at}, but the store held {held}"
                ),
            );
        }
        let scrub_time = self.rules.scrub_time;
        let subject = self.subjects.at(id.slot);
        if is_scrubbed_early(subject, at, scrub_time) {
            subject.scrub_blamed = true;
            let since = subject.since;
            let violation = Violation::of(Invariant::ScrubTime, at, Some(id.number));
            self.violations.add(
                violation.from(PendingDelete.name()).to(Deleted.name()),
                format_args!(
                    "the data of subject {id} was removed at {at}, {} after its delete at {since}; \
                     the scrub time is {scrub_time}",
                    at.since(since),
                ),
            );
        }
        // A hole in data that clients may be reading needs no operation to end before it is one.
        let subject = self.subjects.at(id.slot);
        if subject.open.is_none() || is_hollow(subject) {
            self.conserve(at, id);
        }
    }

    /// Invariant `conservation` for a subject at rest: the store holds what its status keeps, no more (an
    /// orphan) and no less (hollow).
    #[inline]
    pub(super) fn conserve(&mut self, at: Time, id: SubjectId) {
        let subject = self.subjects.at(id.slot);
        if (subject.bytes <= subject.kept_bytes() && !is_hollow(subject)) || subject.bytes_blamed {
            return;
        }
        subject.bytes_blamed = true;
        let (held, kept) = (subject.bytes, subject.kept_bytes());
        let status = subject.status.map_or("not there", SubjectStatus::name);
        let what = if held > kept { "an orphan" } else { "hollow" };
        self.violated(
            Invariant::Conservation,
            (at, id),
            None,
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
            self.violated(
                Invariant::Conservation,
                (at, id),
                None,
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
