//! Which statuses a story's subject can have reached, step by step, and which of its steps make sense there.
//!
//! The sets are too large rather than too small: only what can never be legal is refused.

use super::mistake::Spot;
use super::reader::Reader;
use super::story::WrittenStory;
use super::{Target, target};
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
pub(super) struct World {
    profile: Profile,
    delayed_delete: bool,
    /// Any operation can fail and leave its subject as it was.
    anything_fails: bool,
    /// An upload can fail half-way.
    uploads_fail: bool,
}

impl World {
    pub fn new(target: &Target, faults: &[Fault]) -> World {
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
        let profile = target::profile(target);
        match target {
            Target::Embedded(config) => World {
                profile,
                delayed_delete: config.delayed_delete,
                // A planted defect may do anything.
                anything_fails: at_the_door || config.defects.iter().next().is_some(),
                uploads_fail: in_the_store || config.store.capacity.is_some(),
            },
            Target::Glance(glance) => World {
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
pub(super) fn check(reader: &mut Reader, world: &World, written: &WrittenStory) {
    let mut states = States::NONE;
    let mut importing = false;
    for (step, spots) in written.story.steps.iter().zip(&written.steps) {
        importing |= actions(step).any(
            |action| matches!(action, Action::Do(act) if act.operation.kind() == OperationKind::Import),
        );
        if importing {
            states = world.after_all(Operation::Import, states, true).or(states);
        }
        states = match step {
            Step::Act(Action::Do(act)) | Step::Race { first: act, .. }
                if act.operation.creates() =>
            {
                created(act.operation)
            }
            Step::Act(action) => judge(reader, world, action, states, spots.first(), false),
            Step::Rivals { .. } => {
                let states = raced(world, step, states);
                for (action, at) in actions(step).zip(spots) {
                    judge(reader, world, action, states, Some(at), true);
                }
                states
            }
            // Its client may spoil it.
            Step::Race { first, second, .. } => {
                let spoilt = matches!(second, Second::Fault(_));
                judge(
                    reader,
                    world,
                    &Action::Do(*first),
                    states,
                    spots.first(),
                    spoilt,
                )
            }
            Step::Run(_) => states,
        };
    }
}

/// The actions of a step, whatever the branch.
fn actions(step: &Step) -> impl Iterator<Item = &Action> {
    let (one, many): (Option<&Action>, &[Vec<Action>]) = match step {
        Step::Act(action) => (Some(action), &[]),
        Step::Rivals { branches, .. } => (None, branches),
        Step::Race { .. } | Step::Run(_) => (None, &[]),
    };
    one.into_iter().chain(many.iter().flatten())
}

fn created(operation: Operation) -> States {
    let status = operation.row().goal();
    let located = operation.kind() == OperationKind::CreateWithLocation;
    status.map_or(States::NONE, |status| States::one((status, located)))
}

/// Every state that any order of the rivals can pass through.
fn raced(world: &World, race: &Step, mut states: States) -> States {
    loop {
        let before = states;
        for action in actions(race) {
            if let Action::Do(act) = action
                && act.operation.kind().allows(act.who)
            {
                states = states.or(world.after_all(act.operation, states, true));
            }
        }
        if states == before {
            return states;
        }
    }
}

/// Notes an action that makes no sense in any of the states; gives the states after it.
fn judge(
    reader: &mut Reader,
    world: &World,
    action: &Action,
    states: States,
    at: Option<&Spot>,
    rivals: bool,
) -> States {
    let (act, refused) = match action {
        Action::Do(act) => (*act, false),
        Action::Refused(act) => (*act, true),
        Action::Wait(_) => return states,
    };
    let Act { operation, who } = act;
    let Some(&at) = at.filter(|_| states != States::NONE && !operation.creates()) else {
        return states;
    };
    if !operation.kind().allows(who) {
        // Nothing comes of it, whatever the status.
        if !refused && !operation.kind().looks() {
            let message = format!("`{act}` can never be legal: a {who} may not do it");
            let help = format!("write `{{ refused = \"{act}\" }}` if that is what you want to see");
            reader.wrong(at, message, help);
        }
        return states;
    }
    let legal = states
        .iter()
        .filter(|&state| world.legal(operation, state))
        .count();
    if !refused && legal == 0 {
        let message = format!(
            "`{operation}` can never be legal here: the subject is {}, and it needs {}{}",
            states.statuses(),
            world.granted(operation),
            if operation.kind() == OperationKind::RemoveLocation {
                " with a location"
            } else {
                ""
            }
        );
        let help =
            format!("write `{{ refused = \"{operation}\" }}` if that is what you want to see");
        reader.wrong(at, message, help);
        // What the author took the subject for: later steps are judged by that as well.
        let needed = States([world.granted(operation); 2]);
        return states.or(world.after_all(operation, needed, rivals));
    }
    // The last location of an active subject stays.
    if refused
        && legal == states.iter().count()
        && operation.kind() != OperationKind::RemoveLocation
    {
        let message = format!(
            "`{operation}` can never be refused here: the subject is {}",
            states.statuses()
        );
        reader.wrong(
            at,
            message,
            format!("write `\"{operation}\"` if it is to succeed"),
        );
    }
    world.after_all(operation, states, rivals)
}
