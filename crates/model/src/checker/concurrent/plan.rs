//! Which steps of the table of operations an operation may take, by how it ended.

use super::rules::Rules;
use super::state::Place;
use super::state::phase::{DONE, FAILED, HOLDING, WAITING};
use crate::lifecycle::{Operation, Statuses, SubjectStatus};
use crate::operations::{self, Contents, OperationKind};
use SubjectStatus::{Importing, Queued};

/// One step of an operation: in this phase, at this place, it may go on to that place and phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub phase: u8,
    pub from: Place,
    pub to: Place,
    pub next: u8,
    pub contents: Contents,
    /// Only if it has had the instant that its answer tells of.
    pub looked: bool,
}

impl From<operations::Step> for Step {
    fn from(step: operations::Step) -> Step {
        Step {
            phase: step.phase as u8,
            from: Place::of(step.from),
            to: Place::of(Some(step.to)),
            next: step.next as u8,
            contents: step.contents,
            looked: step.looked,
        }
    }
}

impl Step {
    /// It fails, and the subject stays where it is by now.
    fn failed_in(status: SubjectStatus) -> Step {
        Step {
            phase: HOLDING,
            from: Place::of(Some(status)),
            to: Place::of(Some(status)),
            next: FAILED,
            contents: match status.keeps_data() || status == Importing {
                true => Contents::Stay,
                false => Contents::Go,
            },
            looked: false,
        }
    }
}

/// How much is known of an operation's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It was done.
    Ok,
    /// It was refused.
    Refused,
    /// It failed.
    Fail,
    /// It may have been done, or fail, or nothing of it.
    Maybe,
    /// Its client may do nothing at all.
    Never,
}

/// A set of phases.
pub(super) type Phases = u8;
pub(super) const ANY_PHASE: Phases = u8::MAX;

/// What an operation may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where its steps begin and end in [`Plans::steps`].
    steps: (u16, u16),
    /// The phases in which it may end.
    pub ends_in: Phases,
    /// Whether it may also end while it holds the subject, if that was taken away from it.
    pub may_lose: bool,
}

const WAYS: usize = 5;

/// The plans of every operation under some rules.
#[derive(Clone, Debug)]
pub(super) struct Plans {
    steps: Vec<Step>,
    plans: Vec<[Plan; WAYS]>,
    granted: Vec<Statuses>,
}

impl Plans {
    pub(super) fn new(rules: &Rules) -> Plans {
        let mut plans = Plans {
            steps: Vec::new(),
            plans: Vec::new(),
            granted: Vec::new(),
        };
        for &operation in Operation::ALL {
            let ways = [Way::Ok, Way::Refused, Way::Fail, Way::Maybe, Way::Never];
            let laid = ways.map(|way| {
                let begin = plans.steps.len() as u16;
                let (ends_in, may_lose) = plans.lay(rules, operation, way);
                Plan {
                    steps: (begin, plans.steps.len() as u16),
                    ends_in,
                    may_lose,
                }
            });
            plans.plans.push(laid);
            let granted = operation.row().granted(rules.profile);
            plans.granted.push(granted);
        }
        plans
    }

    #[inline]
    pub(super) fn of(&self, operation: Operation, way: Way) -> Plan {
        self.plans[operation.index()][way as usize]
    }

    /// Where an operation is granted; none if its status alone does not decide that.
    pub(super) fn granted(&self, operation: Operation) -> Option<Statuses> {
        let granted = self.granted[operation.index()];
        (!granted.is_empty() && granted != Statuses::EVERY).then_some(granted)
    }

    /// Where an operation may be acknowledged, if the steps that it then has taken do not tell.
    pub(super) fn acknowledged(&self, operation: Operation) -> Option<Statuses> {
        let plan = self.of(operation, Way::Ok);
        let tells = plan.ends_in != ANY_PHASE && self.steps(plan).iter().all(|step| !step.looked);
        self.granted(operation).filter(|_| !tells)
    }

    #[inline]
    pub(super) fn steps(&self, plan: Plan) -> &[Step] {
        &self.steps[usize::from(plan.steps.0)..usize::from(plan.steps.1)]
    }

    /// Adds the steps of an operation that ended this way; how it may end.
    fn lay(&mut self, rules: &Rules, operation: Operation, way: Way) -> (Phases, bool) {
        let real = rules.real();
        let (row, kind) = (operation.row(), operation.kind());
        let steps = row.steps(rules.profile, rules.delayed_delete);
        let mut steps: Vec<Step> = steps.map(Step::from).collect();
        let in_parts = real && kind.creates();
        let holds = operation.sends_data() || in_parts || (kind == OperationKind::Import && !real);
        let any = (ANY_PHASE, false);
        let ends = match way {
            Way::Maybe => any,
            Way::Ok if goes_on(rules, operation) || steps.is_empty() && !operation.sends_data() => {
                any
            }
            Way::Ok => {
                steps.retain(|step| step.next != FAILED);
                (1 << DONE, false)
            }
            Way::Refused | Way::Fail if !holds => {
                steps.clear();
                any
            }
            Way::Refused if !real => {
                steps.clear();
                any
            }
            // Its first part may be done. What a later one has begun is taken back before the answer.
            Way::Refused | Way::Fail if in_parts => {
                steps.retain(|step| step.next != DONE);
                (1 << WAITING | 1 << HOLDING | 1 << FAILED, true)
            }
            // A real server may find a reason to refuse in the middle, and then takes back what it has begun.
            Way::Refused => {
                steps.retain(|step| step.next != DONE);
                for step in &mut steps {
                    step.next = if step.next == FAILED {
                        WAITING
                    } else {
                        step.next
                    };
                }
                (1 << WAITING, true)
            }
            // What it had staged may have been taken up, and be staged again by a rival.
            Way::Fail if kind == OperationKind::Stage => {
                steps.retain(|step| step.next != DONE);
                steps.extend([Importing, Queued].map(Step::failed_in));
                (1 << WAITING | 1 << FAILED, true)
            }
            // A task may fail after its data is in.
            Way::Fail if kind == OperationKind::Import => {
                (1 << WAITING | 1 << FAILED | 1 << DONE, true)
            }
            Way::Fail => {
                steps.retain(|step| step.next != DONE);
                (1 << WAITING | 1 << FAILED, true)
            }
            Way::Never => {
                steps.clear();
                any
            }
        };
        if ends == any {
            // How it ends makes no difference then, and fewer states are fewer states.
            for step in steps.iter_mut().filter(|step| step.next == FAILED) {
                step.next = DONE;
            }
        }
        if kind == OperationKind::Stage {
            // Done, it leaves the subject in the status that it holds while it is at work.
            let parted = if way == Way::Ok { HOLDING } else { DONE };
            steps.retain(|step| step.phase != WAITING || step.next != parted);
        }
        self.steps.extend(steps);
        ends
    }
}

/// Whether an operation goes on by itself after it was answered with success.
pub(super) fn goes_on(rules: &Rules, operation: Operation) -> bool {
    rules.real() && operation.row().by_task
}
