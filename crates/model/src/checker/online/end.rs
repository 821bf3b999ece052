//! The end of a run: each subject's own record, what is stuck, and the verdict.

use super::subject::Subject;
use super::{Checker, Judgement, Violation};
use crate::history::Audit;
use crate::lifecycle::{Invariant, SubjectStatus, Verdict};
use crate::units::{Span, Time};
use SubjectStatus::*;

impl Checker {
    /// What the service itself says of one subject after the end; it must be what the history says.
    pub fn audit(&mut self, audit: &Audit) {
        let id = audit.subject;
        let subject = self.subjects.at(id.slot);
        let here = subject.is(id);
        // A forgotten subject is deleted, its bytes are gone, and its record may have been purged.
        let ours = match here {
            true => subject.status,
            false => audit.status.and(Some(Deleted)),
        };
        let held = if here { subject.bytes } else { 0 };
        let same_data = !here || has_its_data(subject, audit);
        let name = |status: Option<SubjectStatus>| status.map_or("unknown", SubjectStatus::name);
        let mut differs = |invariant, why: std::fmt::Arguments<'_>| {
            let violation = Violation::of(invariant, self.totals.at, Some(id.number));
            let detail = format_args!("at the end subject {id} {why}");
            self.violations.add(violation.from(name(ours)), detail);
        };
        let (theirs, bytes) = (audit.status, audit.bytes);
        if theirs != ours {
            let invariant = match theirs {
                None => Invariant::Acknowledged,
                Some(_) => Invariant::Edge,
            };
            let (theirs, ours) = (name(theirs), name(ours));
            differs(
                invariant,
                format_args!("is {theirs} in the registry, and {ours} in its history"),
            );
        } else if !same_data {
            differs(
                Invariant::Acknowledged,
                format_args!("has other data than was acknowledged"),
            );
        }
        if bytes != held {
            differs(
                Invariant::Conservation,
                format_args!("has {bytes} bytes in the store, and {held} in its history"),
            );
        }
    }

    /// The judgement, once settle has ended at `at`.
    pub fn finish(&mut self, at: Time) -> Judgement {
        self.stuck_subjects(at);
        self.stuck_tasks(at);
        let (open, overdue) = (self.open.count(), self.overdue(at));
        let verdict = Verdict::of(self.violations.total() > 0, open > 0 || overdue > 0);
        let unknown_because = (verdict == Verdict::Unknown).then(|| match (open, overdue) {
            (0, 1) => "1 delete was still not scrubbed although it was due".to_owned(),
            (0, _) => format!("{overdue} deletes were still not scrubbed although they were due"),
            (1, _) => "1 operation was still open".to_owned(),
            (_, _) => format!("{open} operations were still open"),
        });
        Judgement {
            verdict,
            unknown_because,
            violations: std::mem::take(&mut self.violations.kept),
            counts: self.violations.counts,
        }
    }

    /// Invariant `progress`: at the end, nobody is left who could end what a busy subject waits for. One that is staged waits for its clients.
    fn stuck_subjects(&mut self, at: Time) {
        for subject in self.subjects.iter().filter(|subject| subject.is_live()) {
            let busy = (subject.status).filter(|status| matches!(status, Saving | Importing));
            if let Some(busy) = busy.filter(|_| subject.open.is_none() && !subject.stuck_blamed) {
                let (number, since) = (subject.number, subject.since);
                self.violations.add(
                    Violation::of(Invariant::Progress, at, Some(number)).from(busy.name()),
                    format_args!(
                        "subject {number} is stuck: {busy} since {since} with no operation open"
                    ),
                );
            }
        }
    }

    /// Pending deletes that the scrubber should have come for. One that has too much to do is not one that does nothing, so this
    /// is no violation.
    fn overdue(&self, at: Time) -> usize {
        let pending = || {
            let live = self.subjects.iter().filter(|subject| subject.is_live());
            live.filter(|subject| subject.status == Some(PendingDelete))
        };
        // One pass may have read just before it was due, and the next has to read it first.
        let reading = Span(
            self.rules
                .scrub_read
                .0
                .saturating_mul(pending().count() as u64),
        );
        let allowed = self.rules.scrub_time + self.rules.scrub_interval + reading + reading;
        pending()
            .filter(|subject| subject.since + allowed < at)
            .count()
    }

    /// Invariant `progress` for tasks.
    fn stuck_tasks(&mut self, at: Time) {
        let mut stuck: Vec<_> = self.loose_tasks.drain().collect();
        stuck.sort_unstable_by_key(|(op, _)| *op);
        for (op, loose) in stuck {
            let (number, subject, status) = (op.0, loose.subject, loose.status);
            self.violations.add(
                Violation::of(Invariant::Progress, at, Some(subject)).from(status.name()),
                format_args!(
                    "task {number} of subject {subject} is stuck: {status} with no operation open"
                ),
            );
        }
    }
}

/// Whether the registry has the data that an upload brought, where clients may reach it.
fn has_its_data(subject: &Subject, audit: &Audit) -> bool {
    let reachable = matches!(subject.status, Some(Active | Deactivated));
    if !subject.uploaded || !reachable {
        return true;
    }
    audit.content.is_some_and(|content| {
        content == subject.content || !subject.content_known && content.size == subject.content.size
    })
}
