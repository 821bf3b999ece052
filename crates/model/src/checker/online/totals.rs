//! The whole run's sums, and how they compare with the service's own.

use super::{Checker, Violation};
use crate::history::Gauges;
use crate::lifecycle::{Invariant, SubjectStatus};
use crate::units::Time;

/// What the history adds up to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Subjects in each status, indexed by [`SubjectStatus::index`].
    subjects: [u64; SubjectStatus::COUNT],
    /// Creates that were acknowledged or seen.
    created: u64,
    /// Bytes in the store; below zero only after a violation.
    pub bytes: i128,
    /// When the totals were last compared.
    pub at: Time,
    /// The service's figures less the history's, as noted last: one is noted when it changes, not at every interval.
    noted: Figures,
}

/// The subjects in each status, the subjects created, and the bytes stored.
type Figures = [i128; SubjectStatus::COUNT + 2];

fn figures(subjects: &[u64; SubjectStatus::COUNT], created: u64, bytes: i128) -> Figures {
    std::array::from_fn(|i| match i.checked_sub(SubjectStatus::COUNT) {
        None => i128::from(subjects[i]),
        Some(0) => i128::from(created),
        Some(_) => bytes,
    })
}

impl Totals {
    #[inline]
    pub fn moved(&mut self, was: Option<SubjectStatus>, to: SubjectStatus) {
        match was {
            Some(was) => self.subjects[was.index()] -= 1,
            None => self.created += 1,
        }
        self.subjects[to.index()] += 1;
    }

    /// A create was acknowledged that nothing came of.
    pub fn lost_create(&mut self) {
        self.created += 1;
    }
}

impl Checker {
    /// The service's own counts at one instant: they must be what the history adds up to (`conservation`).
    pub fn gauges(&mut self, gauges: &Gauges) {
        self.queues(gauges);
        let at = gauges.at;
        let by_status = gauges.by_status();
        let (created, bytes) = (by_status.iter().sum(), gauges.bytes_stored.now());
        let theirs = figures(&by_status, created, bytes.into());
        let totals = &mut self.totals;
        totals.at = at;
        let ours = figures(&totals.subjects, totals.created, totals.bytes);
        let now = std::array::from_fn(|i| theirs[i] - ours[i]);
        let last = std::mem::replace(&mut totals.noted, now);
        for i in 0..now.len() {
            // A difference that was noted and is gone says nothing new.
            if now[i] == last[i] || now[i] == 0 {
                continue;
            }
            let status = SubjectStatus::ALL.get(i).map_or("", |status| status.name());
            let (place, what) = match i.checked_sub(SubjectStatus::COUNT) {
                None => (": status ", "subjects in it"),
                Some(0) => ("", "subjects created"),
                Some(_) => ("", "bytes stored"),
            };
            let (theirs, ours) = (theirs[i], ours[i]);
            self.violations.add(
                Violation::of(Invariant::Conservation, at, None).from(status),
                format_args!(
                    "at {at} the service's totals differ from the history{place}{status}: \
 {theirs} {what}, not {ours}"
                ),
            );
        }
    }
}
