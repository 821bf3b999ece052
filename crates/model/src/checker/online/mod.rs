//! The checker: folds the ordered history of one run, or of one shard, and says what must never have happened.
//!
//! It shares the edge table with what it judges and nothing else. Every record is judged when it comes, so a run
//! of any length needs memory only for the subjects that are alive. It trusts the order of records, which is the
//! order of commits; times serve for the scrub time and for reports.
//!
//! | invariant | judged in |
//! |---|---|
//! | `edge`, `terminal`, `location-never-saving`, `scrub-time` | `moved` (tasks: `tasks`) |
//! | `one-upload`, `acknowledged`, `access` | `answered` (bytes that no upload may write: `bytes`) |
//! | `conservation` | `bytes` for each subject, `totals` for the whole, `queues` for work |
//! | `progress` | `end`; `answered` as soon as the operation that should have gone on has ended; `queues` |
//!
//! After a violation it takes the history's word for what is now, so that one cause is reported once. Nothing here
//! knows an engine, a service or a clock.

mod answered;

mod bytes;
mod end;
mod moved;
mod open;
mod queues;
mod subject;
mod tasks;
mod totals;
mod violations;

use crate::config::Resource;
use crate::history::{Event, OpId, Record, SubjectId};
use crate::lifecycle::{Invariant, Operation, Profile, Statuses, SubjectStatus, Verdict, Who};
use crate::operations::OperationKind;
use crate::table::Table;
use crate::units::{Span, Time};
use open::{OpenOp, OpenOps};
use rustc_hash::FxHashMap;
use std::fmt::Display;
use subject::{Born, Occupancy, Subject};
use tasks::LooseTask;
use totals::Totals;
use violations::Violations;

pub use violations::Violation;

/// What the service under test promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which edges are legal.
    pub profile: Profile,
    /// How long a pending delete keeps its data at least.
    pub scrub_time: Span,
    /// How long after that the scrubber comes at the latest, if it can.
    pub scrub_interval: Span,
    /// For how long it reads each pending delete first.
    pub scrub_read: Span,
}

/// How a run is judged, and why.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Invalid if anything was violated, else unknown if anything was still open, else valid.
    pub verdict: Verdict,
    /// Why the verdict is unknown, if it is.
    pub unknown_because: Option<String>,
    /// The first thousand violations, in order.
    pub violations: Vec<Violation>,
    /// How many violations of each invariant there were, indexed by [`Invariant::index`].
    pub counts: [u64; Invariant::COUNT],
}

/// Folds a history; see the module.
#[derive(Debug)]
pub struct Checker {
    rules: Rules,
    subjects: Table<Subject>,
    open: OpenOps,
    /// Tasks whose operation has ended before them, by that operation.
    loose_tasks: FxHashMap<OpId, LooseTask>,
    totals: Totals,
    /// The statuses in which each operation is granted.
    granted: [Statuses; Operation::COUNT],
    /// Queues of which a violation has been noted.
    queues_blamed: [bool; Resource::COUNT],
    violations: Violations,
}

/// The statuses in which an operation is granted to whoever performs it.
fn granted(operation: Operation, profile: Profile) -> Statuses {
    let row = operation.row();
    let granted = row.granted(profile);
    match (row.kind, row.who) {
        (OperationKind::Download, Who::Admin) => granted,
        (OperationKind::Download, _) => {
            granted.without(Statuses::only(Some(SubjectStatus::Deactivated)))
        }
        _ => granted,
    }
}

impl Checker {
    /// A checker of an empty history.
    pub fn new(rules: Rules) -> Checker {
        Checker {
            rules,
            subjects: Table::default(),
            open: OpenOps::new(),
            loose_tasks: FxHashMap::default(),
            totals: Totals::default(),
            granted: Operation::ALL.map(|operation| granted(operation, rules.profile)),
            queues_blamed: [false; Resource::COUNT],
            violations: Violations::default(),
        }
    }

    /// The next record of the history. A legal one costs no allocation.
    #[inline]
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Subject {
                at, subject, event, ..
            } => {
                if self.subjects.at(subject.slot).is(*subject) || self.admit(*at, *subject) {
                    self.event(*at, *subject, event);
                }
            }
            Record::Fault { .. } => {}
        }
    }

    /// Reads what judging `record` will need, so that it is in the processor's cache by then.
    #[inline]
    pub fn fetch(&self, record: &Record) {
        if let Record::Subject { subject, .. } = record {
            std::hint::black_box(
                self.subjects
                    .get(subject.slot)
                    .map(|subject| subject.number),
            );
        }
    }

    /// How many violations there were so far.
    pub fn violation_total(&self) -> u64 {
        self.violations.total()
    }

    #[inline]
    fn event(&mut self, at: Time, id: SubjectId, event: &Event) {
        match *event {
            Event::Invoked {
                op,
                operation,
                must_be_refused,
                ..
            } => self.invoked(id, OpenOp::new(op, operation, must_be_refused)),
            Event::Completed {
                op,
                operation,
                outcome,
                content,
                seen,
                ..
            } => self.completed(at, id, op, operation, outcome, (content, seen)),
            Event::Moved { from, to, op, .. } => self.moved(at, id, from, to, op),
            Event::TaskMoved {
                op,
                from,
                to,
                has_result,
                has_message,
                ..
            } => self.task_moved(at, id, op, from, to, (has_result, has_message)),
            Event::Stored { op, bytes } => self.stored(at, id, op, bytes),
            Event::Removed { bytes } => self.removed(at, id, bytes),
            Event::Forgotten => self.forgotten(at, id),
            // Of real servers, which another checker judges.
            Event::Sent { .. }
            | Event::Property { .. }
            | Event::Looked { .. }
            | Event::TasksEnded => {}
        }
    }

    /// Gives a slot to a subject that was not in it; false if the subject was forgotten long since, for then
    /// something happened to it after its end (`terminal`).
    #[cold]
    fn admit(&mut self, at: Time, id: SubjectId) -> bool {
        let subject = self.subjects.at(id.slot);
        if subject.is_after(id) {
            self.violations.add(
                Violation::of(Invariant::Terminal, at, Some(id.number)),
                format_args!(
                    "something happened to subject {id} at {at}, after it had been forgotten"
                ),
            );
            return false;
        }
        if subject.occupancy == Occupancy::Live {
            // The engine need not say that it forgot the last one, but it must have been free to.
            let last = SubjectId {
                number: subject.number,
                slot: id.slot,
            };
            self.forgotten(at, last);
        }
        *self.subjects.at(id.slot) = Subject::new(id.number);
        true
    }

    #[inline]
    fn invoked(&mut self, id: SubjectId, mut op: OpenOp) {
        let subject = self.subjects.at(id.slot);
        match op.operation.kind() {
            OperationKind::CreateWithLocation => {
                subject.born = Born::Located;
                subject.add_location();
            }
            OperationKind::AddLocation(_) => subject.add_location(),
            _ => {}
        }
        op.seen = Statuses::only(subject.status);
        op.after_delete = subject.delete_acknowledged;
        self.open.push(&mut subject.open, op);
    }

    /// Notes a violation by a subject in the status that it is in.
    #[cold]
    fn violated(
        &mut self,
        invariant: Invariant,
        (at, id): (Time, SubjectId),
        operation: Option<Operation>,
        detail: impl Display,
    ) {
        let status = self.subjects.at(id.slot).status_name();
        let violation = Violation::of(invariant, at, Some(id.number));
        (self.violations).add(violation.from(status).by(operation), detail);
    }

    /// The operation of a subject that is open under this identifier.
    #[inline]
    fn open_op(&mut self, id: SubjectId, op: OpId) -> Option<&mut OpenOp> {
        let list = self.subjects.at(id.slot).open;
        self.open.find(list, op)
    }
}
