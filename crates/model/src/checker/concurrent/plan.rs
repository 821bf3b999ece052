//! Which steps an operation may take, by how it ended. Every change of status among them is in the lifecycle's edge table.

use super::rules::Rules;
use super::state::{Place, Places, phase};
use crate::lifecycle::{Operation, SubjectStatus, subject_edge};
use SubjectStatus::*;
use phase::{DONE, FAILED, FURTHER, HOLDING, WAITING};

/// One step of an operation: in this phase, at this place, it may go on to that place and phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub phase: u8,
    pub from: Place,
    pub to: Place,
    pub next: u8,
    pub data: Data,
    /// Only if it has had the instant that its answer tells of.
    pub looked: bool,
}

/// What a step does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Stays,
    Comes,
    Goes,
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
#[derive(Clone, Copy, Debug, Default)]
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
}

impl Plans {
    pub(super) fn new(rules: &Rules) -> Plans {
        let mut plans = Plans {
            steps: Vec::new(),
            plans: Vec::new(),
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
        }
        plans
    }

    #[inline]
    pub(super) fn of(&self, operation: Operation, way: Way) -> Plan {
        self.plans[operation.index()][way as usize]
    }

    /// Where it may take its first step; none if it has no steps.
    pub(super) fn begins_in(&self, operation: Operation) -> Option<Places> {
        let steps = self.steps(self.of(operation, Way::Ok));
        let first = steps.iter().filter(|step| step.phase == WAITING);
        first.map(|step| Places::only(step.from)).reduce(Places::or)
    }

    #[inline]
    pub(super) fn steps(&self, plan: Plan) -> &[Step] {
        &self.steps[usize::from(plan.steps.0)..usize::from(plan.steps.1)]
    }

    /// Adds the steps of an operation that ended this way; how it may end.
    fn lay(&mut self, rules: &Rules, operation: Operation, way: Way) -> (Phases, bool) {
        let real = rules.real();
        let mut steps = all(rules, operation);
        let in_parts = real && operation.creates();
        let holds = operation.sends_data() || in_parts || (operation == Operation::Import && !real);
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
            Way::Fail if operation == Operation::Stage => {
                steps.retain(|step| step.next != DONE);
                steps.extend([Importing, Queued].map(|to| step(HOLDING, to, to, FAILED)));
                (1 << WAITING | 1 << FAILED, true)
            }
            // A task may fail after its data is in.
            Way::Fail if operation == Operation::Import => {
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
        if operation == Operation::Stage {
            // Done, it leaves the subject in the status that it holds while it is at work.
            let parted = if way == Way::Ok { HOLDING } else { DONE };
            steps.retain(|step| step.phase != WAITING || step.next != parted);
        }
        self.steps.extend(steps);
        ends
    }
}

/// Whether an operation goes on by itself after it was answered with success.
pub(super) const fn goes_on(rules: &Rules, operation: Operation) -> bool {
    rules.real()
        && matches!(
            operation,
            Operation::Import | Operation::ImportStaged | Operation::RegisterLocation
        )
}

/// Every step that the operation may ever take under the rules.
fn all(rules: &Rules, operation: Operation) -> Vec<Step> {
    let mut steps = match rules.real() {
        true => on_glance(operation, rules.delayed_delete),
        false => on_the_service(operation, rules.delayed_delete),
    };
    steps.retain(|step| is_legal(rules, step));
    steps
}

fn is_legal(rules: &Rules, step: &Step) -> bool {
    match (step.from.status(), step.to.status()) {
        _ if step.from == step.to => true,
        // Registered and active in one instant.
        (None, Some(Active)) => subject_edge(rules.profile, Some(Queued), Active).is_some(),
        (from, Some(to)) => subject_edge(rules.profile, from, to).is_some(),
        (_, None) => false,
    }
}

fn step(phase: u8, from: SubjectStatus, to: SubjectStatus, next: u8) -> Step {
    let data = match to {
        Queued | Killed | Deleted | Saving => Data::Goes,
        Active | Deactivated | PendingDelete | Uploading | Importing => Data::Stays,
    };
    Step {
        phase,
        from: Place::of(Some(from)),
        to: Place::of(Some(to)),
        next,
        data,
        looked: false,
    }
}

fn bring(phase: u8, from: SubjectStatus, to: SubjectStatus, next: u8) -> Step {
    Step {
        data: Data::Comes,
        ..step(phase, from, to, next)
    }
}

fn register(next: u8) -> Step {
    Step {
        from: Place::NOWHERE,
        ..step(WAITING, Queued, Queued, next)
    }
}

/// Brought into being with its data, in one instant.
fn register_active() -> Step {
    Step {
        from: Place::NOWHERE,
        ..bring(WAITING, Active, Active, DONE)
    }
}

/// What a failed upload does is in the edge table: one of the two is not legal.
fn upload(ends_well: bool) -> Vec<Step> {
    let mut steps = vec![
        step(WAITING, Queued, Saving, HOLDING),
        step(HOLDING, Saving, Queued, FAILED),
        step(HOLDING, Saving, Killed, FAILED),
    ];
    if ends_well {
        steps.push(bring(HOLDING, Saving, Active, DONE));
    }
    steps
}

fn delete(delayed: Option<bool>) -> Vec<Step> {
    let plain = [Queued, Saving, Killed, Deactivated, Uploading, Importing];
    let mut steps: Vec<Step> = plain.map(|from| step(WAITING, from, Deleted, DONE)).into();
    if delayed != Some(true) {
        steps.push(step(WAITING, Active, Deleted, DONE));
    }
    if delayed != Some(false) {
        steps.push(step(WAITING, Active, PendingDelete, DONE));
    }
    steps
}

/// The embedded service: an answer comes when all is done, and what changes nothing is refused.
fn on_the_service(operation: Operation, delayed: Option<bool>) -> Vec<Step> {
    match operation {
        Operation::Create => vec![register(DONE)],
        Operation::CreateWithLocation | Operation::CreateEmpty => vec![register_active()],
        Operation::AddLocation => vec![
            bring(WAITING, Queued, Active, DONE),
            step(WAITING, Active, Active, DONE),
        ],
        Operation::RemoveLocation => vec![step(WAITING, Active, Active, DONE)],
        Operation::Upload | Operation::Import => upload(true),
        Operation::AbortUpload => upload(false),
        Operation::Deactivate => vec![step(WAITING, Active, Deactivated, DONE)],
        Operation::Reactivate => vec![step(WAITING, Deactivated, Active, DONE)],
        Operation::Delete => delete(delayed),
        Operation::Download
        | Operation::Export
        | Operation::Clone
        | Operation::DownloadAsAdmin
        | Operation::Show
        | Operation::SetProperty
        | Operation::Protect
        | Operation::Unprotect
        | Operation::Stage
        | Operation::ImportStaged
        | Operation::RegisterLocation
        | Operation::ReplaceLocation
        | Operation::CreateWithoutFormat
        | Operation::CreateWithWrongFormat
        | Operation::UploadWrongSize
        | Operation::UploadTooLarge => Vec::new(),
    }
}

/// A real Glance: some operations are several requests, some go on after their answer, and repeating a change is no mistake.
fn on_glance(operation: Operation, delayed: Option<bool>) -> Vec<Step> {
    match operation {
        Operation::Create | Operation::CreateWithoutFormat | Operation::CreateWithWrongFormat => {
            vec![register(DONE)]
        }
        Operation::CreateWithLocation => {
            vec![register(HOLDING), bring(HOLDING, Queued, Active, DONE)]
        }
        Operation::CreateEmpty => vec![
            register(HOLDING),
            step(HOLDING, Queued, Saving, FURTHER),
            bring(FURTHER, Saving, Active, DONE),
            step(FURTHER, Saving, Queued, FAILED),
        ],
        Operation::AddLocation => vec![
            bring(WAITING, Queued, Active, DONE),
            step(WAITING, Active, Active, DONE),
        ],
        Operation::ReplaceLocation => vec![
            bring(WAITING, Queued, Active, DONE),
            bring(WAITING, Active, Active, DONE),
        ],
        Operation::Upload => upload(true),
        Operation::AbortUpload | Operation::UploadWrongSize | Operation::UploadTooLarge => {
            upload(false)
        }
        Operation::Deactivate => vec![
            step(WAITING, Active, Deactivated, DONE),
            step(WAITING, Deactivated, Deactivated, DONE),
        ],
        Operation::Reactivate => vec![
            step(WAITING, Deactivated, Active, DONE),
            step(WAITING, Active, Active, DONE),
        ],
        Operation::Delete => delete_again(delayed),
        Operation::Import
        | Operation::Stage
        | Operation::ImportStaged
        | Operation::RegisterLocation => by_a_task(operation),
        Operation::RemoveLocation
        | Operation::Download
        | Operation::Export
        | Operation::Clone
        | Operation::DownloadAsAdmin
        | Operation::Show
        | Operation::SetProperty
        | Operation::Protect
        | Operation::Unprotect => Vec::new(),
    }
}

/// Two deletes at once may both find it there, and both say that it is gone.
fn delete_again(delayed: Option<bool>) -> Vec<Step> {
    let again = |from| Step {
        looked: true,
        data: Data::Stays,
        ..step(WAITING, from, from, DONE)
    };
    let mut steps = delete(delayed);
    steps.extend([again(PendingDelete), again(Deleted)]);
    steps
}

/// What goes by way of the staging area or of a task.
fn by_a_task(operation: Operation) -> Vec<Step> {
    match operation {
        Operation::Import => vec![
            step(WAITING, Queued, Uploading, HOLDING),
            step(HOLDING, Uploading, Importing, FURTHER),
            step(HOLDING, Uploading, Queued, FAILED),
            step(WAITING, Uploading, Importing, FURTHER),
            step(WAITING, Queued, Importing, FURTHER),
            bring(FURTHER, Importing, Active, DONE),
            step(FURTHER, Importing, Queued, FAILED),
        ],
        Operation::Stage => vec![
            bring(WAITING, Queued, Uploading, HOLDING),
            bring(WAITING, Queued, Uploading, DONE),
            step(HOLDING, Uploading, Queued, FAILED),
        ],
        // The data is what was staged.
        Operation::ImportStaged => vec![
            step(WAITING, Uploading, Importing, FURTHER),
            step(WAITING, Uploading, Queued, FAILED),
            step(FURTHER, Importing, Active, DONE),
            step(FURTHER, Importing, Queued, FAILED),
        ],
        Operation::RegisterLocation => vec![
            bring(WAITING, Queued, Active, DONE),
            step(WAITING, Queued, Importing, FURTHER),
            bring(FURTHER, Importing, Active, DONE),
            step(FURTHER, Importing, Queued, FAILED),
        ],
        _ => Vec::new(),
    }
}
