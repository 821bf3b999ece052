//! Which statuses a story's subject can have reached, step by step, and which of its steps make sense there.
//!
//! The sets are too large rather than too small: only what can never be legal is refused.

use super::document::Spot;
use super::reader::Reader;
use super::story::WrittenStory;
use super::{Target, target};
use SubjectStatus::*;
use stormglass_model::fault::{Fault, FaultKind, Place};
use stormglass_model::lifecycle::{Operation, Profile, SubjectStatus, subject_edge};
use stormglass_model::load::{Action, Step};

/// A status, and whether the subject has a location: one place in a set.
type State = (SubjectStatus, bool);

/// A set of states, one bit each.
#[derive(Clone, Copy, PartialEq, Eq)]
struct States(u32);

impl States {
    const NONE: States = States(0);

    fn one((status, located): State) -> States {
        States(1 << (status.index() * 2 + usize::from(located)))
    }

    fn or(self, other: States) -> States {
        States(self.0 | other.0)
    }

    fn all() -> impl Iterator<Item = State> {
        SubjectStatus::ALL
            .iter()
            .copied()
            .flat_map(|status| [(status, false), (status, true)])
    }

    fn iter(self) -> impl Iterator<Item = State> {
        Self::all().filter(move |&state| self.0 & States::one(state).0 != 0)
    }

    /// The statuses, each once, by name.
    fn names(self) -> String {
        let mut names: Vec<_> = self.iter().map(|(status, _)| status.name()).collect();
        names.dedup();
        names.join(", ")
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
    /// A read of a status may lag, and answers may be lost.
    glance: bool,
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
                glance: false,
            },
            Target::Glance(glance) => World {
                profile,
                delayed_delete: glance.delayed_delete,
                anything_fails: true,
                uploads_fail: true,
                glance: true,
            },
        }
    }

    /// Whether the rules allow the operation.
    fn legal(&self, operation: Operation, (status, located): State) -> bool {
        match operation {
            Operation::Create
            | Operation::CreateWithLocation
            | Operation::CreateEmpty
            | Operation::CreateWithoutFormat
            | Operation::CreateWithWrongFormat => false,
            Operation::Upload | Operation::AbortUpload | Operation::Import => status == Queued,
            Operation::AddLocation => matches!(status, Queued | Active),
            Operation::RemoveLocation => status == Active && located,
            Operation::Download | Operation::Export | Operation::Clone => status == Active,
            Operation::DownloadAsAdmin => matches!(status, Active | Deactivated),
            // Glance answers 204 to both when there is nothing left to do.
            Operation::Deactivate => status == Active || self.glance && status == Deactivated,
            Operation::Reactivate => status == Deactivated || self.glance && status == Active,
            Operation::Show => true,
            Operation::SetProperty | Operation::Protect | Operation::Unprotect => {
                !matches!(status, PendingDelete | Deleted)
            }
            Operation::Stage => self.glance && status == Queued,
            Operation::ImportStaged => self.glance && status == Uploading,
            Operation::RegisterLocation => self.glance && status == Queued,
            Operation::ReplaceLocation => self.glance && matches!(status, Queued | Active),
            // Always refused; what they send must leave no trace.
            Operation::UploadWrongSize | Operation::UploadTooLarge => status == Queued,
            Operation::Delete => {
                status != PendingDelete
                    && subject_edge(self.profile, Some(status), Deleted).is_some()
            }
        }
    }

    /// Whether the operation can be refused in a state where the rules allow it.
    fn may_still_refuse(operation: Operation) -> bool {
        // The last location of an active subject stays.
        operation == Operation::RemoveLocation
    }

    /// Where a subject can be after the operation; with `rivals`, also while it runs or when they spoil it.
    fn after(&self, operation: Operation, state: State, rivals: bool) -> States {
        if !self.legal(operation, state) {
            return States::one(state);
        }
        let (status, located) = state;
        let unchanged = match self.anything_fails {
            true => States::one(state),
            false => States::NONE,
        };
        let done = match operation {
            Operation::Upload => {
                let whole = States::one((Active, located || self.glance));
                let failed = self.anything_fails || self.uploads_fail || rivals;
                match failed {
                    true => whole.or(self.upload_failed(located)),
                    false => whole,
                }
            }
            Operation::AbortUpload => self.upload_failed(located),
            // The task goes on after the answer: all its ends, and the time before them.
            Operation::Import | Operation::ImportStaged if self.glance => {
                [Queued, Uploading, Importing, Active]
                    .into_iter()
                    .fold(States::NONE, |states, to| {
                        states.or(States::one((to, true)))
                    })
            }
            Operation::Import | Operation::ImportStaged => (States::one((Active, located))
                .or(States::one(state)))
            .or(self.upload_failed(located)),
            Operation::Stage => States::one((Uploading, located)).or(States::one(state)),
            Operation::UploadWrongSize | Operation::UploadTooLarge => {
                self.upload_failed(located).or(States::one(state))
            }
            Operation::RegisterLocation => (States::one((Active, true))
                .or(States::one((Importing, true))))
            .or(States::one(state)),
            Operation::AddLocation | Operation::ReplaceLocation => States::one((Active, true)),
            Operation::RemoveLocation => {
                States::one((status, true)).or(States::one((status, false)))
            }
            Operation::Deactivate => States::one((Deactivated, located)),
            Operation::Reactivate => States::one((Active, located)),
            Operation::Delete => {
                let pending = subject_edge(self.profile, Some(status), PendingDelete).is_some();
                let to = if self.delayed_delete && pending {
                    PendingDelete
                } else {
                    Deleted
                };
                States::one((to, located))
            }
            Operation::Create
            | Operation::CreateWithLocation
            | Operation::CreateEmpty
            | Operation::CreateWithoutFormat
            | Operation::CreateWithWrongFormat => States::NONE,
            Operation::Download
            | Operation::Export
            | Operation::Clone
            | Operation::DownloadAsAdmin
            | Operation::Show
            | Operation::SetProperty
            | Operation::Protect
            | Operation::Unprotect => States::one(state),
        };
        done.or(unchanged)
    }

    /// Saving, and where a failed upload leads.
    fn upload_failed(&self, located: bool) -> States {
        [Killed, Queued]
            .into_iter()
            .filter(|&to| subject_edge(self.profile, Some(Saving), to).is_some())
            .fold(States::one((Saving, located)), |states, to| {
                states.or(States::one((to, located)))
            })
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
        importing |= (step.actions()).any(|action| matches!(action, Action::Do(Operation::Import)));
        if importing {
            states = world.after_all(Operation::Import, states, true).or(states);
        }
        states = match step {
            Step::Act(Action::Do(operation)) if operation.creates() => created(*operation),
            Step::Act(action) => judge(reader, world, action, states, spots.first(), false),
            Step::Race { .. } => {
                let states = raced(world, step, states);
                for (action, at) in step.actions().zip(spots) {
                    judge(reader, world, action, states, Some(at), true);
                }
                states
            }
        };
    }
}

fn created(operation: Operation) -> States {
    match operation {
        Operation::CreateWithLocation => States::one((Active, true)),
        Operation::CreateEmpty => States::one((Active, false)),
        _ => States::one((Queued, false)),
    }
}

/// Every state that any order of the rivals can pass through.
fn raced(world: &World, race: &Step, mut states: States) -> States {
    loop {
        let before = states;
        for action in race.actions() {
            if let Action::Do(operation) = action {
                states = states.or(world.after_all(*operation, states, true));
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
    let (operation, refused) = match action {
        Action::Do(operation) => (*operation, false),
        Action::Refused(operation) => (*operation, true),
        Action::Wait(_) => return states,
    };
    let Some(&at) = at.filter(|_| states != States::NONE && !operation.creates()) else {
        return states;
    };
    let legal = states
        .iter()
        .filter(|&state| world.legal(operation, state))
        .count();
    if !refused && legal == 0 {
        let message = format!(
            "`{operation}` can never be legal here: the subject is {}, and it needs {}{}",
            states.names(),
            needs(world, operation).names(),
            if operation == Operation::RemoveLocation {
                " with a location"
            } else {
                ""
            }
        );
        let help =
            format!("write `{{ refused = \"{operation}\" }}` if that is what you want to see");
        reader.wrong(at, message, help);
        // What the author took the subject for: later steps are judged by that as well.
        return states.or(world.after_all(operation, needs(world, operation), rivals));
    }
    if refused && legal == states.iter().count() && !World::may_still_refuse(operation) {
        let message = format!(
            "`{operation}` can never be refused here: the subject is {}",
            states.names()
        );
        reader.wrong(
            at,
            message,
            format!("write `\"{operation}\"` if it is to succeed"),
        );
    }
    world.after_all(operation, states, rivals)
}

/// The states in which the rules allow the operation.
fn needs(world: &World, operation: Operation) -> States {
    States::all()
        .filter(|&state| world.legal(operation, state))
        .fold(States::NONE, |states, state| states.or(States::one(state)))
}
