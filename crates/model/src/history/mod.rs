//! The history of a run: every invocation, completion, change of status and movement of bytes, in order.
//!
//! Metrics and checker read nothing else (but the gauges of each interval), so both work the same on
//! every engine and target.

mod client;
mod collect;
pub mod file;
mod level;
mod queue;

pub use client::{ClientEvent, Held, Observation, PresentRow, ProbeReading, Row, SubjectHistory};
pub use collect::Collector;
pub use level::Level;
pub use queue::{ResourceGauge, WorkGauge};

use crate::config::Resource;
use crate::fault::FaultId;
use crate::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus, Who};
use crate::load::StoryId;
use crate::units::Time;
use std::fmt;

/// A subject of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId {
    /// Its number in order of arrival, from zero; never used again.
    pub number: u64,
    /// Its place in dense tables; used again once the subject is forgotten.
    pub slot: u32,
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)
    }
}

/// An operation of a run, in order of invocation; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// What data is: enough to tell whether two reads saw the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// A digest of the bytes.
    pub checksum: u64,
}

/// What a read of the record showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// It is in this status.
    Status(SubjectStatus),
    /// It is not there: never created, deleted, or pending delete. Clients cannot tell these apart.
    Gone,
}

/// How an operation ended, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// In short.
    pub outcome: Outcome,
    /// What its answer showed of the record.
    pub seen: Option<Seen>,
    /// What a read received, or a look at the record says is held.
    pub content: Option<Content>,
    /// The status code of the reply; none when there was none; on the embedded service [`Ending::NO_ROOM`] or none; [`Ending::NO_HTTP`] where something came
    /// that is no reply of HTTP.
    pub http_status: Option<u16>,
}

impl Ending {
    /// Stands for the status code of a reply that cannot be read, as curl writes it.
    pub const NO_HTTP: u16 = 0;

    /// The embedded service had no room for the request, and did nothing.
    pub const NO_ROOM: u16 = 503;

    /// No answer came, which says nothing.
    pub const UNKNOWN: Ending = Ending {
        outcome: Outcome::Unknown,
        seen: None,
        content: None,
        http_status: None,
    };
}

/// One entry of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Something that concerns one subject.
    Subject {
        /// When.
        at: Time,
        /// Which subject.
        subject: SubjectId,
        /// The story that the subject's client follows.
        story: StoryId,
        /// What.
        event: Event,
    },
    /// A fault opened or healed.
    Fault {
        /// When.
        at: Time,
        /// Which fault.
        fault: FaultId,
        /// Opened, or healed.
        open: bool,
    },
}

/// Something that concerns one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client sent an operation.
    Invoked {
        /// Which.
        op: OpId,
        /// What it asks for.
        operation: Operation,
        /// Whether the scenario says that it must be refused.
        must_be_refused: bool,
        /// When it was due.
        intended: Time,
    },
    /// An operation ended, as its client sees it.
    Completed {
        /// Which.
        op: OpId,
        /// What it asked for.
        operation: Operation,
        /// How it ended.
        outcome: Outcome,
        /// When it was due.
        intended: Time,
        /// When it was sent.
        sent: Time,
        /// What was sent by an upload or seen by a read that ended ok.
        content: Option<Content>,
        /// What its answer showed of the record.
        seen: Option<Seen>,
        /// The status code of the reply; none when there was none, or on the embedded service.
        http_status: Option<u16>,
    },
    /// A subject changed its status; reported by the record itself.
    Moved {
        /// The status before; none when it came into being.
        from: Option<SubjectStatus>,
        /// The status after.
        to: SubjectStatus,
        /// The operation that caused it; none for the scrubber.
        op: Option<OpId>,
        /// The instant its latency counts from.
        due: Time,
    },
    /// A task changed its status.
    TaskMoved {
        /// The operation that asked for it.
        op: OpId,
        /// The status before; none when it came into being.
        from: Option<TaskStatus>,
        /// The status after.
        to: TaskStatus,
        /// Whether it now has a result.
        has_result: bool,
        /// Whether it now has an error message.
        has_message: bool,
        /// The instant its latency counts from.
        due: Time,
    },
    /// The store reserved or took bytes for the subject.
    Stored {
        /// The operation that writes them.
        op: OpId,
        /// How many.
        bytes: u64,
    },
    /// The store removed bytes of the subject.
    Removed {
        /// How many.
        bytes: u64,
    },
    /// The engine dropped the subject, which is deleted or never came into being: its slot is free.
    Forgotten,
    /// A real server only, just before the operation's completion: what its client has sent.
    Sent {
        /// Which operation.
        op: OpId,
        /// On whose behalf.
        who: Who,
        /// The data, once all of it was sent, whatever became of it.
        content: Option<Content>,
        /// Whether the client did something wrong in the middle, so that no answer is owed.
        spoiled: bool,
    },
    /// A real server only: what an update of the property wrote, or a look showed of it.
    Property {
        /// Which operation.
        op: OpId,
        /// The value; none where it is not set.
        value: Option<u64>,
    },
    /// A real server only: the target looked at the record by itself, as the member.
    Looked {
        /// When the look was sent.
        sent: Time,
        /// The instant from which the latency of a transition counts that the look proves.
        due: Time,
        /// How it ended.
        ending: Ending,
    },
    /// A real server only: it keeps import tasks of the subject, and each of them has ended.
    TasksEnded,
}

impl Event {
    /// The operation that a look of the target's own is in a subject's history: it shares its number with no other.
    pub const fn look(sent: Time) -> OpId {
        OpId(!sent.0)
    }
}

/// What the service itself says of one subject at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Audit {
    /// Which subject.
    pub subject: SubjectId,
    /// Its status in the registry; none when the registry does not know it.
    pub status: Option<SubjectStatus>,
    /// Its size and checksum in the registry, while it has data.
    pub content: Option<Content>,
    /// Bytes that the store holds for it.
    pub bytes: u64,
}

/// The state of a run at one instant, as the engine and the service count it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gauges {
    /// When.
    pub at: Time,
    /// Stories started so far.
    pub arrivals: u64,
    /// Arrivals due so far that could not start.
    pub dropped: u64,
    /// Arrivals so far, dropped ones included, that came more than ten milliseconds after they were due.
    pub late: u64,
    /// Operations open.
    pub in_flight: Level,
    /// Subjects in each status, indexed by [`SubjectStatus::index`]; deleted ones stay counted.
    pub subjects: [Level; SubjectStatus::COUNT],
    /// Records purged so far; they stay in the count of deleted subjects.
    pub purged: u64,
    /// Bytes in the store.
    pub bytes_stored: Level,
    /// The same by the status of the subject that they belong to, indexed by [`SubjectStatus::index`].
    pub bytes: [Level; SubjectStatus::COUNT],
    /// When an upload first found no room in the store, or went beyond the capacity that is watched; none: never.
    pub full: Option<Time>,
    /// Calendar entries executed or actor messages handled so far.
    pub events: u64,
    /// Each queue of the embedded service, indexed by [`Resource::index`]; all zero without one.
    pub resources: [ResourceGauge; Resource::COUNT],
}

impl Gauges {
    /// Every level, in the order of the fields.
    pub fn levels(&self) -> impl Iterator<Item = &Level> {
        let bytes = [&self.bytes_stored].into_iter().chain(&self.bytes);
        let queues = self
            .resources
            .iter()
            .flat_map(|resource| [&resource.queue, &resource.busy]);
        [&self.in_flight]
            .into_iter()
            .chain(&self.subjects)
            .chain(bytes)
            .chain(queues)
    }

    /// Every level, to be changed, in the same order.
    pub fn levels_mut(&mut self) -> impl Iterator<Item = &mut Level> {
        let bytes = [&mut self.bytes_stored].into_iter().chain(&mut self.bytes);
        let queues = (self.resources.iter_mut())
            .flat_map(|resource| [&mut resource.queue, &mut resource.busy]);
        [&mut self.in_flight]
            .into_iter()
            .chain(&mut self.subjects)
            .chain(bytes)
            .chain(queues)
    }

    /// The names of the levels, in their order.
    pub fn level_names() -> Vec<String> {
        let plain = |name: &str| name.replace('.', "_");
        let queues = (Resource::ALL.iter()).flat_map(|resource| {
            ["queue", "busy"].map(|what| format!("{what}_{}", plain(resource.name())))
        });
        let statuses = SubjectStatus::ALL.iter().map(|status| status.name());
        let names = ["in_flight".to_owned()].into_iter();
        names
            .chain(statuses.clone().map(str::to_owned))
            .chain(["bytes_stored".to_owned()])
            .chain(statuses.map(|name| format!("bytes_{name}")))
            .chain(queues)
            .collect()
    }

    /// Takes over the extremes of the stretch before.
    pub fn join(&mut self, before: &Gauges) {
        let levels = self.levels_mut().zip(before.levels());
        levels.for_each(|(level, before)| level.join(before));
    }

    /// The same later, if nothing happened in between.
    #[must_use]
    pub fn until(mut self, at: Time) -> Gauges {
        self.levels_mut().for_each(|level| *level = level.until(at));
        Gauges { at, ..self }
    }

    /// Bytes of the subjects in a status.
    pub fn bytes_of(&self, status: SubjectStatus) -> &Level {
        &self.bytes[status.index()]
    }

    /// How many subjects there are in each status, indexed by [`SubjectStatus::index`].
    pub fn by_status(&self) -> [u64; SubjectStatus::COUNT] {
        self.subjects.map(|level| level.now())
    }

    /// How things stood at `at`, between this look and a later one, as far as the two can tell.
    #[must_use]
    pub fn towards(mut self, later: &Gauges, at: Time) -> Gauges {
        let levels = self.levels_mut().zip(later.levels());
        levels.for_each(|(level, later)| *level = level.towards(later, at));
        self
    }

    /// Adds another shard's share.
    pub fn add_share(&mut self, share: &Gauges) {
        self.at = self.at.max(share.at);
        self.arrivals += share.arrivals;
        self.dropped += share.dropped;
        self.late += share.late;
        self.purged += share.purged;
        self.events += share.events;
        self.full = self.full.into_iter().chain(share.full).min();
        let levels = self.levels_mut().zip(share.levels());
        levels.for_each(|(sum, share)| sum.add_share(share));
        let queues = self.resources.iter_mut().zip(&share.resources);
        queues.for_each(|(sum, share)| sum.add_share(share));
    }
}
