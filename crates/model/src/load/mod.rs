//! What is offered to the service: stories, and the pacer that says when the next one is due.

mod pacer;
mod story;

pub use pacer::{Pacer, Ramp, Spacing};
pub use story::{Story, StoryId};
