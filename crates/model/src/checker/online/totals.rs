//! The whole run's sums, and how they compare with the service's own.

use super::Checker;
use super::breach::Scene;
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
    /// Bytes in the store; below zero only after a breach.
    pub bytes: i128,
    /// When the totals were last compared.
    pub at: Time,
    /// The differences reported last: one is reported when it changes, not at every interval.
    reported: Differences,
}

/// The service's figure less the history's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Differences {
    subjects: [i128; SubjectStatus::COUNT],
    created: i128,
    bytes: i128,
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

    fn differences(&self, gauges: &Gauges) -> Differences {
        let less = |theirs: u64, ours: u64| i128::from(theirs) - i128::from(ours);
        Differences {
            subjects: std::array::from_fn(|i| less(gauges.subjects[i], self.subjects[i])),
            created: less(gauges.subjects.iter().sum(), self.created),
            bytes: i128::from(gauges.bytes_stored) - self.bytes,
        }
    }
}

impl Checker {
    /// The service's own counts at one instant: they must be what the history adds up to (`conservation`).
    pub fn gauges(&mut self, gauges: &Gauges) {
        self.totals.at = gauges.at;
        let now = self.totals.differences(gauges);
        let last = std::mem::replace(&mut self.totals.reported, now);
        if now == last {
            return;
        }
        for status in *SubjectStatus::ALL {
            let i = status.index();
            if now.subjects[i] != last.subjects[i] {
                let (theirs, ours) = (gauges.subjects[i], self.totals.subjects[i]);
                self.books_differ(status.name(), theirs.into(), ours.into(), "subjects in it");
            }
        }
        if now.created != last.created {
            let theirs: u64 = gauges.subjects.iter().sum();
            let ours = self.totals.created;
            self.books_differ("", theirs.into(), ours.into(), "subjects created");
        }
        if now.bytes != last.bytes {
            let (theirs, ours) = (gauges.bytes_stored, self.totals.bytes);
            self.books_differ("", theirs.into(), ours, "bytes stored");
        }
    }

    #[cold]
    fn books_differ(&mut self, status: &'static str, theirs: i128, ours: i128, what: &str) {
        if theirs == ours {
            return; // A difference that was reported is gone.
        }
        let at = self.totals.at;
        let place = if status.is_empty() { "" } else { ": status " };
        self.breaches.add(
            Invariant::Conservation,
            Scene::whole(at).in_status(status),
            format_args!(
                "at {at} the service's books differ from the history{place}{status}: \
 {theirs} {what}, not {ours}"
            ),
        );
    }
}
