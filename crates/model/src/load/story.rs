//! A story: the steps one subject's client takes.

use crate::lifecycle::Operation;
use crate::random::Distribution;
use crate::units::{Bytes, Span};

/// Position of a story in its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoryId(pub u16);

/// What a client does at one point of its story.
#[derive(Clone, Debug)]
pub enum Action {
    /// An operation; its outcome is recorded and the story goes on.
    Do(Operation),
    /// An operation that the service must refuse.
    Refused(Operation),
    /// Nothing, for a while.
    Wait(Distribution<Span>),
}

/// One step of a story.
#[derive(Clone, Debug)]
pub enum Step {
    /// One action.
    Act(Action),
    /// Branches that run at the same time, each started uniformly within `jitter`.
    Race {
        /// The rivals; each is a list of actions.
        branches: Vec<Vec<Action>>,
        /// How far apart they may start.
        jitter: Span,
    },
}

/// A named, weighted list of steps. The first step creates the subject.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is called in reports.
    pub name: String,
    /// How often it is chosen, relative to the others; never negative.
    pub weight: f64,
    /// The size of the data its subject uploads.
    pub size: Distribution<Bytes>,
    /// What happens, in order. At most 65,535 steps, 255 branches and 255 actions a branch.
    pub steps: Vec<Step>,
}

impl Step {
    /// Every action of the step, whatever the branch.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        let (one, many): (Option<&Action>, &[Vec<Action>]) = match self {
            Step::Act(action) => (Some(action), &[]),
            Step::Race { branches, .. } => (None, branches),
        };
        one.into_iter().chain(many.iter().flatten())
    }
}

impl Story {
    /// Every operation the story can ask for, with whether it must be refused.
    pub fn operations(&self) -> impl Iterator<Item = (Operation, bool)> {
        self.steps
            .iter()
            .flat_map(Step::actions)
            .filter_map(|action| match action {
                Action::Do(operation) => Some((*operation, false)),
                Action::Refused(operation) => Some((*operation, true)),
                Action::Wait(_) => None,
            })
    }
}
