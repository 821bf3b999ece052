//! Tasks: their edges, and what they hold at their end.
//!
//! A task lives in the operation that asked for it, which is open as long as the task runs.

use super::open::OpenOp;
use super::{Checker, Violation};
use crate::history::{OpId, SubjectId};
use crate::lifecycle::{Invariant, TaskStatus, task_edge};
use crate::units::Time;

/// A task that outlives its operation, since its answer never came.
#[derive(Clone, Copy, Debug)]
pub(super) struct LooseTask {
    pub subject: u64,
    pub status: TaskStatus,
}

impl Checker {
    /// Invariants `terminal` and `edge` for tasks. `ends` is whether it has a result and a message.
    pub(super) fn task_moved(
        &mut self,
        at: Time,
        id: SubjectId,
        op: OpId,
        from: Option<TaskStatus>,
        to: TaskStatus,
        ends: (bool, bool),
    ) {
        let known = match self.open_op(id, op) {
            Some(open) => Some(open.task.replace(to)),
            None => self.loose_task_moved(op, to),
        };
        let number = op.0;
        let name = |status: Option<TaskStatus>| status.map_or("nothing", TaskStatus::name);
        let (invariant, why) = match known {
            None => (
                Invariant::Terminal,
                "but is unknown or had ended".to_owned(),
            ),
            Some(Some(was)) if was.ended() => {
                (Invariant::Terminal, format!("but had ended as {was}"))
            }
            Some(was) if was != from => (Invariant::Edge, format!("but it was at {}", name(was))),
            Some(_) if task_edge(self.rules.profile, from, to).is_none() => {
                (Invariant::Edge, "which no rule allows".to_owned())
            }
            Some(_) if ends != (to == TaskStatus::Success, to == TaskStatus::Failure) => (
                Invariant::Edge,
                "but a result belongs to success and a message to failure, each to nothing else"
                    .to_owned(),
            ),
            Some(_) => return,
        };
        let claim = name(from);
        let violation = Violation::of(invariant, at, Some(id.number));
        self.violations.add(
            violation
                .from(from.map_or("", TaskStatus::name))
                .to(to.name()),
            format_args!("task {number} of subject {id} went from {claim} to {to} at {at}, {why}"),
        );
    }

    /// The status before of a task without an open operation; none if there is no such task.
    fn loose_task_moved(&mut self, op: OpId, to: TaskStatus) -> Option<Option<TaskStatus>> {
        let loose = self.loose_tasks.get_mut(&op)?;
        let was = std::mem::replace(&mut loose.status, to);
        if to.ended() {
            self.loose_tasks.remove(&op);
        }
        Some(Some(was))
    }

    /// An operation has ended before its task: the task is stuck, unless the history cannot tell.
    #[cold]
    pub(super) fn task_left_behind(
        &mut self,
        at: Time,
        id: SubjectId,
        op: &OpenOp,
        status: TaskStatus,
        goes_on: bool,
    ) {
        if goes_on {
            let subject = id.number;
            let loose = LooseTask { subject, status };
            self.loose_tasks.insert(op.id, loose);
            return;
        }
        self.violations.add(
            Violation::of(Invariant::Progress, at, Some(id.number))
                .from(status.name())
                .by(Some(op.operation)),
            format_args!(
                "task {} of subject {id} is stuck: \
 its operation ended at {at} and left it {status}",
                op.id.0
            ),
        );
    }
}
