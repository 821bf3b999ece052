//! A set of statuses.

use super::SubjectStatus;
use std::fmt;

/// A set of what a subject can be in: each status, and not being there at all. One bit each: the lowest says that it is not
/// there, and the others follow in the order of [`SubjectStatus::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statuses(u16);

impl Statuses {
    /// Nothing.
    pub const NONE: Statuses = Statuses(0);
    /// Every status, and not being there.
    pub const EVERY: Statuses = Statuses((1 << (SubjectStatus::COUNT + 1)) - 1);
    /// What clients are told is not there.
    pub const GONE: Statuses =
        Statuses::of(&[SubjectStatus::PendingDelete, SubjectStatus::Deleted])
            .or(Statuses::only(None));
    /// What clients are told is there.
    pub const THERE: Statuses = Statuses::EVERY.without(Statuses::GONE);
    /// What an admin may read the data in. Everybody else may in active alone.
    pub const READABLE: Statuses =
        Statuses::of(&[SubjectStatus::Active, SubjectStatus::Deactivated]);
    /// In the middle of something.
    pub const BUSY: Statuses = Statuses::of(&[
        SubjectStatus::Saving,
        SubjectStatus::Uploading,
        SubjectStatus::Importing,
    ]);

    /// The set of this alone; none stands for not being there.
    #[inline]
    pub const fn only(status: Option<SubjectStatus>) -> Statuses {
        match status {
            None => Statuses(1),
            Some(status) => Statuses(1 << (status.index() + 1)),
        }
    }

    /// The set of these statuses.
    pub const fn of(statuses: &[SubjectStatus]) -> Statuses {
        let mut set = Statuses::NONE;
        let mut i = 0;
        while i < statuses.len() {
            set = set.or(Statuses::only(Some(statuses[i])));
            i += 1;
        }
        set
    }

    /// What is in one of the two.
    #[inline]
    pub const fn or(self, other: Statuses) -> Statuses {
        Statuses(self.0 | other.0)
    }

    /// What is in this one and not in the other.
    #[inline]
    pub const fn without(self, other: Statuses) -> Statuses {
        Statuses(self.0 & !other.0)
    }

    /// Whether a status is in it.
    #[inline]
    pub const fn contains(self, status: SubjectStatus) -> bool {
        self.0 & Statuses::only(Some(status)).0 != 0
    }

    /// Whether nothing is in it.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as bits, in the order of the type's documentation.
    #[inline]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The statuses in it, in their order.
    pub fn iter(self) -> impl Iterator<Item = SubjectStatus> {
        (SubjectStatus::ALL.iter().copied()).filter(move |&status| self.contains(status))
    }
}

impl FromIterator<SubjectStatus> for Statuses {
    fn from_iter<I: IntoIterator<Item = SubjectStatus>>(statuses: I) -> Statuses {
        let sets = statuses
            .into_iter()
            .map(|status| Statuses::only(Some(status)));
        sets.fold(Statuses::NONE, Statuses::or)
    }
}

/// The names of the statuses in it.
impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(SubjectStatus::name).collect();
        f.write_str(&names.join(", "))
    }
}
