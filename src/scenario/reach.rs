//! Which statuses a story's subject can have reached, step by step, and which of its steps make sense there.
//!
//! The sets are too large rather than too small: only what can never be legal is refused.

use super::Target;
use super::mistake::Spot;
use super::reader::Reader;
use super::story::WrittenStory;
use std::collections::BTreeSet;
use stormglass_model::fault::{Fault, FaultKind, Place};
use stormglass_model::lifecycle::{Operation, Profile, Statuses, SubjectStatus};
use stormglass_model::operations::OperationKind;
use stormglass_model::script::{Act, Action, Second, Step};

/// A status, and whether the subject has a location.
type State = (SubjectStatus, bool);

type States = BTreeSet<State>;

/// Each of these statuses, with and without a location as `located` lists it.
fn each(statuses: Statuses, located: [bool; 2]) -> impl Iterator<Item = State> {
    (located.into_iter()).flat_map(move |located| statuses.iter().map(move |it| (it, located)))
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
        let fails_at = |places: &[Place]| {
            let mut errors = faults
                .iter()
                .filter(|it| matches!(it.kind, FaultKind::Error { .. }));
            errors.any(|fault| places.contains(&fault.place))
        };
        let spoils = |it: &Fault| matches!(it.kind, FaultKind::Full | FaultKind::Client { .. });
        let (delayed_delete, anything_fails, uploads_fail) = match target {
            Target::Embedded(config) => (
                config.delayed_delete,
                // A planted defect may do anything.
                fails_at(&[Place::Api, Place::RegistryCommit])
                    || config.defects.iter().next().is_some(),
                fails_at(&[Place::StorePut])
                    || faults.iter().any(spoils)
                    || config.store.capacity.is_some(),
            ),
            Target::Glance(glance) => (glance.delayed_delete, true, true),
        };
        Conditions {
            profile: target.profile(),
            delayed_delete,
            anything_fails,
            uploads_fail,
        }
    }

    /// The statuses in which the rules allow the operation.
    fn granted(&self, operation: Operation) -> Statuses {
        operation.row().granted(self.profile)
    }

    /// Whether the rules allow the operation.
    fn legal(&self, operation: Operation, (status, located): State) -> bool {
        let needs_location = operation.kind().removes_place();
        self.granted(operation).contains(status) && (located || !needs_location)
    }

    /// Where a subject can be after the operation; with `rivals`, also while it runs or when they spoil it.
    fn after(&self, operation: Operation, state: State, rivals: bool) -> States {
        if !self.legal(operation, state) {
            return [state].into();
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
        let real = self.profile == Profile::Glance;
        let done = match row.kind {
            kind if kind.removes_place() => each(Statuses::only(Some(status)), [false, true]),
            OperationKind::AddLocation(_)
            | OperationKind::RegisterLocation(_)
            | OperationKind::ReplaceLocation => each(reached, [true; 2]),
            OperationKind::Upload(_)
            | OperationKind::Import(_)
            | OperationKind::ImportStaged
            | OperationKind::ImportToAllStores => each(reached, [located || real; 2]),
            _ => each(reached, [located; 2]),
        };
        done.chain(unchanged.then_some(state)).collect()
    }

    fn after_all(&self, operation: Operation, states: &States, rivals: bool) -> States {
        let after = |&state| self.after(operation, state, rivals);
        states.iter().flat_map(after).collect()
    }
}

/// Follows a story and notes every step that can never do what it says.
pub(super) fn check(reader: &Reader, conditions: &Conditions, written: &WrittenStory) {
    let mut states = States::new();
    let mut importing = false;
    for (step, spots) in written.steps() {
        let imports = |action: &Action| matches!(action, Action::Do(act) if matches!(act.operation.kind(), OperationKind::Import(_)));
        importing |= step.actions().any(imports);
        if importing {
            states.extend(conditions.after_all(Operation::Import, &states, true));
        }
        if let Some(operation) = step.creates_first() {
            let located = operation.kind() == OperationKind::CreateWithLocation;
            states = (operation.row().goal().into_iter())
                .map(|status| (status, located))
                .collect();
        }
        // What happens at a point of an operation happens beside it.
        let (step, spoilt) = match step {
            Step::Race { first, second, .. } => match second {
                Second::Rival(rival) => (&Step::beside(*first, *rival), false),
                Second::Fault(_) => (&Step::act(*first), true),
                Second::Command(_) => (&Step::act(*first), false),
            },
            step => (step, false),
        };
        let rivals = matches!(step, Step::Rivals { .. });
        if rivals {
            states = raced(conditions, step, states);
        }
        // The parts of a race are written in one place.
        for (action, &at) in step.actions().zip(spots.iter().cycle()) {
            let after = judged(reader, conditions, (at, action), &states, rivals || spoilt);
            if !rivals {
                states = after;
            }
        }
    }
}

/// Every state that any order of the rivals can pass through.
fn raced(conditions: &Conditions, race: &Step, mut states: States) -> States {
    loop {
        let before = states.len();
        for action in race.actions() {
            if let Action::Do(act) = action
                && act.operation.kind().allows(act.who)
            {
                states.extend(conditions.after_all(act.operation, &states, true));
            }
        }
        if states.len() == before {
            return states;
        }
    }
}

/// Notes an action that makes no sense in any of the states; gives the states after it.
fn judged(
    reader: &Reader,
    conditions: &Conditions,
    (at, action): (Spot, &Action),
    states: &States,
    rivals: bool,
) -> States {
    let (act, refused) = match action {
        Action::Do(act) => (*act, false),
        Action::Refused(act) => (*act, true),
        Action::Wait(_) => return states.clone(),
    };
    let Act { operation, who } = act;
    if states.is_empty() || operation.creates() {
        return states.clone();
    }
    if !operation.kind().allows(who) {
        // Nothing comes of it, whatever the status.
        if !refused && !operation.kind().looks() {
            let message = format!("`{act}` can never be legal: a {who} may not do it");
            let help = format!("write `{{ refused = \"{act}\" }}` if that is what you want to see");
            reader.wrong(at, message, help);
        }
        return states.clone();
    }
    let removes = operation.kind().removes_place();
    let is: Statuses = states.iter().map(|(status, _)| *status).collect();
    let legal = |&state: &State| conditions.legal(operation, state);
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
        let taken = each(granted, [false, true]).collect();
        return states | &conditions.after_all(operation, &taken, rivals);
    }
    // The last location of an active subject stays.
    if refused && !removes && states.iter().all(legal) {
        let message = format!("`{operation}` can never be refused here: the subject is {is}");
        let help = format!("write `\"{operation}\"` if it is to succeed");
        reader.wrong(at, message, help);
    }
    conditions.after_all(operation, states, rivals)
}
