//! What is offered to the service: stories, and the pacer that says when the next one is due.

mod arrivals;
mod curve;
mod pacer;
mod rate;
mod retries;

pub use arrivals::{Arrivals, Spacing};
pub use pacer::{Merged, Pacer};
pub use rate::{ArrivalRate, Ramp, RampShape};
pub use retries::Retries;

use crate::random::Distribution;
use crate::script::{Act, Step};
use crate::units::Bytes;

/// Position of a story in its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoryId(pub u16);

/// A named, weighted list of steps. The first step creates the subject.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is called in reports.
    pub name: String,
    /// Whose it is, where results show that apart.
    pub tenant: Option<String>,
    /// How often it is chosen, relative to the others; never negative.
    pub weight: f64,
    /// The size of the data its subject uploads.
    pub size: Distribution<Bytes>,
    /// What happens, in order. At most 65,535 steps, 255 branches and 255 actions a branch.
    pub steps: Vec<Step>,
}

impl Story {
    /// Every operation the story can ask for, by whom.
    pub fn acts(&self) -> impl Iterator<Item = Act> {
        self.steps.iter().flat_map(Step::acts)
    }
}
