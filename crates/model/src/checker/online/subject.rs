//! What the checker remembers of one subject, and where it keeps it.

use super::open::Open;
use crate::history::{Content, SubjectId};
use crate::lifecycle::SubjectStatus;
use crate::units::Time;

/// Who is in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Occupancy {
    /// Nobody so far.
    #[default]
    Fresh,
    /// A subject that has not been forgotten.
    Live,
    /// Nobody since the last one was forgotten.
    Forgotten,
}

/// What the creation of a subject said of its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Born {
    /// Nothing: it is yet to come.
    #[default]
    Bare,
    /// It lies elsewhere.
    Located,
    /// There is none, the size is zero.
    Empty,
}

/// One subject. Ten million may live at once, so it holds only what a later record can be judged by.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// The number of the occupant, or of the last one.
    pub number: u64,
    /// Bytes that the store holds for it.
    pub bytes: u64,
    /// What every read must see: what was acknowledged, or else what the first read saw.
    pub content: Content,
    /// When it entered its status.
    pub since: Time,
    /// The operations open on it.
    pub open: Open,
    pub occupancy: Occupancy,
    /// None before it comes into being.
    pub status: Option<SubjectStatus>,
    /// At most so many locations; an operation that may have added one counts. Stays at its maximum.
    pub locations: u8,
    /// What its creation said of its data.
    pub born: Born,
    /// An upload made it active: its data lies in the store.
    pub uploaded: bool,
    /// Whether `content` is known in full; of uploaded data the size is known earlier.
    pub content_known: bool,
    /// An upload was answered with success.
    pub upload_acknowledged: bool,
    /// A delete was answered with success.
    pub delete_acknowledged: bool,
    /// An operation on it failed, was refused out of turn or is unanswered: its story is not where the
    /// scenario thinks it is.
    pub off_script: bool,
    /// Its bytes have been complained about; once is enough.
    pub bytes_blamed: bool,
    /// An early scrub of it has been complained about.
    pub scrub_blamed: bool,
    /// That it is stuck has been complained about.
    pub stuck_blamed: bool,
}

impl Subject {
    /// A subject of which nothing is known yet.
    pub fn new(number: u64) -> Subject {
        Subject {
            number,
            occupancy: Occupancy::Live,
            ..Subject::default()
        }
    }

    /// What stays in its slot once it is forgotten: enough to recognise what comes too late.
    pub fn forgotten(number: u64) -> Subject {
        Subject {
            number,
            occupancy: Occupancy::Forgotten,
            ..Subject::default()
        }
    }

    /// Whether `id` is the subject in this slot.
    #[inline]
    pub fn is(&self, id: SubjectId) -> bool {
        self.number == id.number && self.occupancy == Occupancy::Live
    }

    /// Whether it has not been forgotten.
    pub fn is_live(&self) -> bool {
        self.occupancy == Occupancy::Live
    }

    /// Whether `id` was forgotten already: its slot is another's now, or nobody's.
    pub fn is_after(&self, id: SubjectId) -> bool {
        self.occupancy != Occupancy::Fresh && id.number <= self.number
    }

    /// The bytes that its status keeps in the store. A location's data lies elsewhere.
    #[inline]
    pub fn kept_bytes(&self) -> u64 {
        match self.status {
            Some(status) if self.uploaded && status.keeps_data() => self.content.size,
            Some(_) | None => 0,
        }
    }

    /// The name of its status, for a report.
    pub fn status_name(&self) -> &'static str {
        self.status.map_or("", SubjectStatus::name)
    }

    /// One location more, perhaps.
    pub fn add_location(&mut self) {
        self.locations = self.locations.saturating_add(1);
    }

    /// One location less; a count that has hit its maximum is not known any more and stays.
    pub fn drop_location(&mut self) {
        if self.locations != u8::MAX {
            self.locations = self.locations.saturating_sub(1);
        }
    }
}

const _: () = assert!(size_of::<Subject>() <= 56);
