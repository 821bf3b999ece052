//! The specification as code: statuses, the one edge table, profiles, operations and invariants.
//!
//! Plain values only. Nothing here knows a clock, a service or an actor.

mod edge;
mod operation;
mod status;
mod statuses;

pub use edge::{EDGES, Edge, Profile, TASK_EDGES, TaskEdge, subject_edge, task_edge};
pub use operation::{Invariant, Operation, Outcome, Verdict, Who};
pub use status::{SubjectStatus, TaskStatus};
pub use statuses::Statuses;
