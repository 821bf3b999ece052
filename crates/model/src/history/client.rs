//! What the clients of one subject saw of it, and what a probe read of it at rest: all that can be known of a real server.

use super::{Content, Ending, OpId};
use crate::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use crate::units::Time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// One subject's history from outside, in order of time. Equal times are concurrent, whatever their order here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectHistory {
    /// Its number in the run.
    pub subject: u64,
    /// What happened.
    pub events: Vec<ClientEvent>,
}

impl SubjectHistory {
    /// The same without the operations that never left the client's machine: they have not happened.
    pub fn happened(&self) -> Cow<'_, SubjectHistory> {
        let never_left = |event: &ClientEvent| match event.observation {
            Observation::Answered { op, ending } if ending.outcome == Outcome::Local => Some(op),
            _ => None,
        };
        let never_left: BTreeSet<OpId> = self.events.iter().filter_map(never_left).collect();
        if never_left.is_empty() {
            return Cow::Borrowed(self);
        }
        let happened = |event: &&ClientEvent| match event.observation {
            Observation::Invoked { op, .. }
            | Observation::Answered { op, .. }
            | Observation::Property { op, .. } => !never_left.contains(&op),
            Observation::Broken(_) | Observation::Probed(_) => true,
        };
        Cow::Owned(SubjectHistory {
            subject: self.subject,
            events: self.events.iter().filter(happened).copied().collect(),
        })
    }
}

/// One entry of such a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientEvent {
    /// When.
    pub at: Time,
    /// What was learned.
    pub observation: Observation,
}

/// What a client or a probe learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A client sent an operation.
    Invoked {
        /// Which; unique within the subject.
        op: OpId,
        /// What it asks for.
        operation: Operation,
        /// On whose behalf.
        who: Who,
        /// What it would bring in if it were done; none when it brings no data or that is not known.
        brings: Option<Content>,
        /// Whether its client does something wrong in the middle of it, so that no answer is owed.
        spoiled: bool,
    },
    /// An operation ended, as its client sees it. One that has no such entry is still open, which is the same as unknown.
    Answered {
        /// Which.
        op: OpId,
        /// How.
        ending: Ending,
    },
    /// What an update of the property writes, or what a look at the record showed of it; told before the answer.
    Property {
        /// Which operation.
        op: OpId,
        /// The value; none where it is not set.
        value: Option<u64>,
    },
    /// Something of the server was broken on purpose, or healed. Errors of the server's own are to be expected in between.
    Broken(bool),
    /// A probe read the server's database and store while nothing was open.
    Probed(ProbeReading),
}

/// What a probe read of a subject in the server's database and store; none of a part that was not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeReading {
    /// The row of the registry.
    pub row: Option<Row>,
    /// What the store holds.
    pub data: Option<Held>,
    /// Its import tasks that have not ended.
    pub tasks_open: Option<u32>,
}

/// The registry's row of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// There is none.
    Absent,
    /// There is one.
    Present(PresentRow),
}

/// What a row of the registry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentRow {
    /// The status of the subject.
    pub status: SubjectStatus,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Size and checksum of its data; none when one of them is missing.
    pub content: Option<Content>,
    /// Places of its data that are not marked as deleted.
    pub locations: u32,
    /// Whether one of these places is the store that the probe lists.
    pub in_store: bool,
}

/// What the stores hold of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Bytes of its data; none when there is no file. Of several stores, the most that one holds which its row names; where it names
    /// none, what the first one holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes in the staging area; none when there is no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staged: Option<u64>,
    /// Bytes in a store besides, which its row does not name; none when there is no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stray: Option<u64>,
    /// Whether another store that its row names holds less, or nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacking: bool,
}
