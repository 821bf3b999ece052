//! Which statuses a story's subject can have reached, step by step, and which of its steps make sense there.
//!
//! The sets are too large rather than too small: only what can never be legal is refused.

use super::Target;
use super::mistake::Spot;
use super::reader::Reader;
use super::story::WrittenStory;
use stormglass_model::fault::{Fault, FaultKind, Place};
use stormglass_model::lifecycle::{Operation, Profile, Statuses, SubjectStatus};
use stormglass_model::operations::OperationKind;
use stormglass_model::script::{Act, Action, Second, Step};

/// A status, and whether the subject has a location.
type State = (SubjectStatus, bool);

/// A set of states: the statuses of subjects without a location, and of those with one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct States([Statuses; 2]);

impl States {
    const NONE: States = States([Statuses::NONE; 2]);

    fn of(statuses: Statuses, located: bool) -> States {
        let mut states = States::NONE;
        states.0[usize::from(located)] = statuses;
        states
    }

    fn one((status, located): State) -> States {
        States::of(Statuses::only(Some(status)), located)
    }

    fn or(self, other: States) -> States {
        let ([bare, located], [other_bare, other_located]) = (self.0, other.0);
        States([bare.or(other_bare), located.or(other_located)])
    }

    fn iter(self) -> impl Iterator<Item = State> {
        let [bare, located] = self.0;
        let located = located.iter().map(|status| (status, true));
        bare.iter().map(|status| (status, false)).chain(located)
    }

    /// The statuses, each once.
    fn statuses(self) -> Statuses {
        self.0[0].or(self.0[1])
    }
}

/// What decides how operations can end.
pub(super) struct Conditions {
    profile: Profile,
    delayed_delete: bool,
    /// Any operation can fail and leave its subject as it was.
    anything_fails: bool,
    /// An upload can fail half-way.
    uploads_fail: bool,
}

impl Conditions {
    pub fn new(target: &Target, faults: &[Fault]) -> Conditions {
        let struck = |fails: fn(&Fault) -> bool| faults.iter().any(fails);
        let at_the_door = struck(|fault| {
            matches!(fault.kind, FaultKind::Error { .. })
                && matches!(fault.place, Place::Api | Place::RegistryCommit)
        });
        let in_the_store = struck(|fault| match fault.kind {
            FaultKind::Error { .. } => fault.place == Place::StorePut,
            FaultKind::Full | FaultKind::Client { .. } => true,
            FaultKind::Latency { .. }
            | FaultKind::Stall
            | FaultKind::Down
            | FaultKind::Command(_) => false,
        });
        let profile = target.profile();
        match target {
            Target::Embedded(config) => Conditions {
                profile,
                delayed_delete: config.delayed_delete,
                // A planted defect may do anything.
                anything_fails: at_the_door || config.defects.iter().next().is_some(),
                uploads_fail: in_the_store || config.store.capacity.is_some(),
            },
            Target::Glance(glance) => Conditions {
                profile,
                delayed_delete: glance.delayed_delete,
                anything_fails: true,
                uploads_fail: true,
            },
        }
    }

    /// The statuses in which the rules allow the operation.
    fn granted(&self, operation: Operation) -> Statuses {
        operation.row().granted(self.profile)
    }

    /// Whether the rules allow the operation.
    fn legal(&self, operation: Operation, (status, located): State) -> bool {
        let needs_location = operation.kind() == OperationKind::RemoveLocation;
        self.granted(operation).contains(status) && (located || !needs_location)
    }

    /// Where a subject can be after the operation; with `rivals`, also while it runs or when they spoil it.
    fn after(&self, operation: Operation, state: State, rivals: bool) -> States {
        if !self.legal(operation, state) {
            return States::one(state);
        }
        let row = operation.row();
        let (status, located) = state;
        // A task goes on after the answer: all its ends, and the time before them.
        let sends = matches!(row.kind, OperationKind::Upload(_));
        let fails = row.by_task
            || !row.kind.may_succeed()
            || sends && (self.anything_fails || self.uploads_fail || rivals);
        let reached = row.reaches(self.profile, self.delayed_delete, status, fails);
        let unchanged = reached.is_empty() || row.by_task || rivals || self.anything_fails;
        let before = if unchanged {
            States::one(state)
        } else {
            States::NONE
        };
        let real = self.profile == Profile::Glance;
        let done = match row.kind {
            OperationKind::RemoveLocation => States([Statuses::only(Some(status)); 2]),
            OperationKind::AddLocation
            | OperationKind::RegisterLocation
            | OperationKind::ReplaceLocation => States::of(reached, true),
            OperationKind::Upload(_) | OperationKind::Import | OperationKind::ImportStaged => {
                States::of(reached, located || real)
            }
            _ => States::of(reached, located),
        };
        done.or(before)
    }

    fn after_all(&self, operation: Operation, states: States, rivals: bool) -> States {
        states.iter().fold(States::NONE, |after, state| {
            after.or(self.after(operation, state, rivals))
        })
    }
}

/// Follows a story and notes every step that can never do what it says.
pub(super) fn check(reader: &Reader, conditions: &Conditions, written: &WrittenStory) {
    let mut states = States::NONE;
    let mut importing = false;
    for (step, spots) in written.steps() {
        let imports = |action: &Action| matches!(action, Action::Do(act) if act.operation.kind() == OperationKind::Import);
        importing |= step.actions().any(imports);
        if importing {
            let imported = conditions.after_all(Operation::Import, states, true);
            states = imported.or(states);
        }
        let judge = |at: Option<&Spot>, action: &Action, states, rivals| match at {
            Some(&at) => judged(reader, conditions, (at, action), states, rivals),
            None => states,
        };
        if let Some(operation) = step.creates_first() {
            states = created(operation);
        }
        states = match step {
            Step::Act(action) => judge(spots.first(), action, states, false),
            Step::Rivals { .. } => {
                let states = raced(conditions, step, states);
                for (at, action) in spots.iter().zip(step.actions()) {
                    judge(Some(at), action, states, true);
                }
                states
            }
            Step::Race {
                first,
                second: Second::Rival(rival),
                ..
            } => {
                let states = raced(conditions, &Step::beside(*first, *rival), states);
                for act in [first, rival] {
                    judge(spots.first(), &Action::Do(*act), states, true);
                }
                states
            }
            // Its client may spoil it.
            Step::Race { first, second, .. } => {
                let spoilt = matches!(second, Second::Fault(_));
                judge(spots.first(), &Action::Do(*first), states, spoilt)
            }
            Step::Run(_) => states,
        };
    }
}

fn created(operation: Operation) -> States {
    let status = operation.row().goal();
    let located = operation.kind() == OperationKind::CreateWithLocation;
    status.map_or(States::NONE, |status| States::one((status, located)))
}

/// Every state that any order of the rivals can pass through.
fn raced(conditions: &Conditions, race: &Step, mut states: States) -> States {
    loop {
        let before = states;
        for action in race.actions() {
            if let Action::Do(act) = action
                && act.operation.kind().allows(act.who)
            {
                states = states.or(conditions.after_all(act.operation, states, true));
            }
        }
        if states == before {
            return states;
        }
    }
}

/// Notes an action that makes no sense in any of the states; gives the states after it.
fn judged(
    reader: &Reader,
    conditions: &Conditions,
    (at, action): (Spot, &Action),
    states: States,
    rivals: bool,
) -> States {
    let (act, refused) = match action {
        Action::Do(act) => (*act, false),
        Action::Refused(act) => (*act, true),
        Action::Wait(_) => return states,
    };
    let Act { operation, who } = act;
    if states == States::NONE || operation.creates() {
        return states;
    }
    if !operation.kind().allows(who) {
        // Nothing comes of it, whatever the status.
        if !refused && !operation.kind().looks() {
            let message = format!("`{act}` can never be legal: a {who} may not do it");
            let help = format!("write `{{ refused = \"{act}\" }}` if that is what you want to see");
            reader.wrong(at, message, help);
        }
        return states;
    }
    let removes = operation.kind() == OperationKind::RemoveLocation;
    let is = states.statuses();
    let legal = |state| conditions.legal(operation, state);
    if !refused && !states.iter().any(legal) {
        let granted = conditions.granted(operation);
        let location = if removes { " with a location" } else { "" };
        let message = format!(
            "`{operation}` can never be legal here: the subject is {is}, and it needs {granted}{location}"
        );
        let help =
            format!("write `{{ refused = \"{operation}\" }}` if that is what you want to see");
        reader.wrong(at, message, help);
        // What the author took the subject for: later steps are judged by that as well.
        return states.or(conditions.after_all(operation, States([granted; 2]), rivals));
    }
    // The last location of an active subject stays.
    if refused && !removes && states.iter().all(legal) {
        let message = format!("`{operation}` can never be refused here: the subject is {is}");
        let help = format!("write `\"{operation}\"` if it is to succeed");
        reader.wrong(at, message, help);
    }
    conditions.after_all(operation, states, rivals)
}
