//! The one edge table: every legal transition, its name, and the profiles that allow it.
//!
//! Checkers, drawings, scenarios and tests all read it. The embedded service does not: it decides for itself,
//! so that the table can convict it.

use super::status::{SubjectStatus, TaskStatus};
use crate::named;
use SubjectStatus::*;

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

/// One transition of a subject; `from` is none for creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The status before; none when the subject comes into being.
    pub from: Option<SubjectStatus>,
    /// The status after.
    pub to: SubjectStatus,
    /// The specification's name for it.
    pub name: &'static str,
    profiles: u8,
}

impl Edge {
    /// Whether `profile` allows this edge.
    pub const fn allowed_by(&self, profile: Profile) -> bool {
        self.profiles & profile.bit() != 0
    }
}

/// One transition of a task; `from` is none for creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskEdge {
    /// The status before; none when the task comes into being.
    pub from: Option<TaskStatus>,
    /// The status after.
    pub to: TaskStatus,
    /// What the transition is called.
    pub name: &'static str,
    profiles: u8,
}

impl TaskEdge {
    /// Whether `profile` allows this edge.
    pub const fn allowed_by(&self, profile: Profile) -> bool {
        self.profiles & profile.bit() != 0
    }
}

/// Position of an edge in [`EDGES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EdgeId(u8);

/// Position of a task's edge in [`TASK_EDGES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskEdgeId(u8);

impl EdgeId {
    /// The row of [`EDGES`] it stands for.
    pub fn edge(self) -> &'static Edge {
        &EDGES[self.0 as usize]
    }

    /// Position in [`EDGES`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl TaskEdgeId {
    /// The row of [`TASK_EDGES`] it stands for.
    pub fn edge(self) -> &'static TaskEdge {
        &TASK_EDGES[self.0 as usize]
    }

    /// Position in [`TASK_EDGES`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

const fn row(from: SubjectStatus, to: SubjectStatus, name: &'static str, profiles: u8) -> Edge {
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
        to: TaskStatus::Pending,
        name: "create task",
        profiles: EVERY,
    },
    TaskEdge {
        from: Some(TaskStatus::Pending),
        to: TaskStatus::Processing,
        name: "begin processing",
        profiles: EVERY,
    },
    TaskEdge {
        from: Some(TaskStatus::Processing),
        to: TaskStatus::Success,
        name: "succeed",
        profiles: EVERY,
    },
    TaskEdge {
        from: Some(TaskStatus::Processing),
        to: TaskStatus::Failure,
        name: "fail",
        profiles: EVERY,
    },
    TaskEdge {
        from: Some(TaskStatus::Pending),
        to: TaskStatus::Failure,
        name: "could not start",
        profiles: GLANCE,
    },
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

/// The edge between two statuses, whatever the profile.
#[inline]
pub fn edge(from: Option<SubjectStatus>, to: SubjectStatus) -> Option<EdgeId> {
    let id = LOOKUP[from.map_or(0, |status| status.index() + 1)][to.index()];
    (id != NO_EDGE).then_some(EdgeId(id))
}

/// The edge between two statuses if `profile` allows it.
#[inline]
pub fn subject_edge(
    profile: Profile,
    from: Option<SubjectStatus>,
    to: SubjectStatus,
) -> Option<EdgeId> {
    edge(from, to).filter(|id| id.edge().allowed_by(profile))
}

/// The edge between two task statuses if `profile` allows it.
#[inline]
pub fn task_edge(profile: Profile, from: Option<TaskStatus>, to: TaskStatus) -> Option<TaskEdgeId> {
    TASK_EDGES
        .iter()
        .position(|edge| edge.from == from && edge.to == to && edge.allowed_by(profile))
        .map(|index| TaskEdgeId(index as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_has_the_edges_of_the_specification() {
        let count = |profile| EDGES.iter().filter(|edge| edge.allowed_by(profile)).count();
        assert_eq!(
            count(Profile::V1),
            14,
            "fifteen rows less the one of the other upload rule"
        );
        assert_eq!(count(Profile::V2), 14);
        assert_eq!(count(Profile::Glance), 23);
    }

    #[test]
    fn nothing_leaves_deleted_and_nothing_repeats() {
        for (i, edge) in EDGES.iter().enumerate() {
            assert_ne!(edge.from, Some(Deleted));
            assert!(
                EDGES[..i]
                    .iter()
                    .all(|other| (other.from, other.to) != (edge.from, edge.to))
            );
            assert_eq!(super::edge(edge.from, edge.to).map(EdgeId::index), Some(i));
        }
    }
}
