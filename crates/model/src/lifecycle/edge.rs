//! The one edge table: every legal transition, its name, and the profiles that allow it.
//!
//! Checkers, drawings, scenarios and tests all read it. The embedded service does not: it decides for itself,
//! so that the table can convict it.

use super::status::{SubjectStatus, TaskStatus};
use crate::named;
use SubjectStatus::*;
use TaskStatus::*;

named! {
    /// Which edges are legal.
    Profile {
        /// The specification; a failed upload kills the subject.
        V1 = "v1",
        /// The specification; a failed upload queues the subject again.
        V2 = "v2",
        /// What OpenStack Glance 33's own code permits.
        Glance = "glance",
    }
}

impl Profile {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

const V1: u8 = Profile::V1.bit();
const V2: u8 = Profile::V2.bit();
const GLANCE: u8 = Profile::Glance.bit();
const EVERY: u8 = V1 | V2 | GLANCE;

/// One transition of a subject, or with [`TaskStatus`] of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<S = SubjectStatus> {
    /// The status before; none when the subject or task comes into being.
    pub from: Option<S>,
    /// The status after.
    pub to: S,
    /// The specification's name for it.
    pub name: &'static str,
    profiles: u8,
}

/// One transition of a task.
pub type TaskEdge = Edge<TaskStatus>;

impl<S> Edge<S> {
    /// Whether `profile` allows this edge.
    pub const fn allowed_by(&self, profile: Profile) -> bool {
        self.profiles & profile.bit() != 0
    }
}

const fn row<S: Copy>(from: S, to: S, name: &'static str, profiles: u8) -> Edge<S> {
    Edge {
        from: Some(from),
        to,
        name,
        profiles,
    }
}

/// Every edge of every profile: the specification's fifteen, then Glance's own.
pub const EDGES: [Edge; 24] = [
    Edge {
        from: None,
        to: Queued,
        name: "create subject",
        profiles: EVERY,
    },
    row(Queued, Active, "add location", EVERY),
    row(Queued, Saving, "upload", EVERY),
    row(Queued, Deleted, "delete", EVERY),
    row(Saving, Active, "upload succeeded", EVERY),
    row(Saving, Deleted, "delete", EVERY),
    row(Saving, Killed, "[v1] upload fail", V1),
    row(Saving, Queued, "[v2] upload fail", V2 | GLANCE),
    row(Active, Deleted, "delete", EVERY),
    row(Active, PendingDelete, "delayed delete", EVERY),
    row(Active, Deactivated, "deactivate", EVERY),
    row(Deactivated, Active, "reactivate", EVERY),
    row(Deactivated, Deleted, "delete", EVERY),
    row(Killed, Deleted, "deleted", EVERY),
    row(PendingDelete, Deleted, "after scrub time", EVERY),
    row(Queued, Uploading, "stage", GLANCE),
    row(Queued, Importing, "web-download import", GLANCE),
    row(Uploading, Importing, "import staged data", GLANCE),
    row(Uploading, Queued, "stage fail", GLANCE),
    row(Uploading, Deleted, "delete", GLANCE),
    row(Importing, Active, "import succeeded", GLANCE),
    row(Importing, Queued, "import fail", GLANCE),
    row(Importing, Deleted, "delete", GLANCE),
    row(PendingDelete, Active, "restore", GLANCE),
];

/// Every edge of a task.
pub const TASK_EDGES: [TaskEdge; 5] = [
    TaskEdge {
        from: None,
        to: Pending,
        name: "create task",
        profiles: EVERY,
    },
    row(Pending, Processing, "begin processing", EVERY),
    row(Processing, Success, "succeed", EVERY),
    row(Processing, Failure, "fail", EVERY),
    row(Pending, Failure, "could not start", GLANCE),
];

const NO_EDGE: u8 = u8::MAX;

/// `LOOKUP[from][to]`, row 0 for creation: an index into [`EDGES`] in one load on the hot path.
const LOOKUP: [[u8; SubjectStatus::COUNT]; SubjectStatus::COUNT + 1] = {
    let mut table = [[NO_EDGE; SubjectStatus::COUNT]; SubjectStatus::COUNT + 1];
    let mut i = 0;
    while i < EDGES.len() {
        let row = match EDGES[i].from {
            None => 0,
            Some(from) => from.index() + 1,
        };
        table[row][EDGES[i].to.index()] = i as u8;
        i += 1;
    }
    table
};

/// The edge between two statuses if `profile` allows it.
#[inline]
pub fn subject_edge(
    profile: Profile,
    from: Option<SubjectStatus>,
    to: SubjectStatus,
) -> Option<&'static Edge> {
    let index = LOOKUP[from.map_or(0, |status| status.index() + 1)][to.index()];
    EDGES
        .get(usize::from(index))
        .filter(|edge| edge.allowed_by(profile))
}

/// The edge between two task statuses if `profile` allows it.
#[inline]
pub fn task_edge(
    profile: Profile,
    from: Option<TaskStatus>,
    to: TaskStatus,
) -> Option<&'static TaskEdge> {
    (TASK_EDGES.iter()).find(|edge| edge.from == from && edge.to == to && edge.allowed_by(profile))
}
