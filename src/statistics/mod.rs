//! What figures that vary from run to run are worth: intervals, comparisons, and how many independent values a series holds.
//!
//! Nothing here knows what the figures are of.

mod contrast;
pub mod counts;
mod durations;
mod estimate;
pub mod fit;
mod holm;
mod mean;
pub mod quantile;
pub mod rare;
mod reservoir;
mod series;
pub mod student;
mod truncation;

pub use contrast::Contrast;
pub use durations::{Durations, Level, Quantiles, Sample, levels};
pub use estimate::{CONFIDENCE, Estimate};
pub use holm::adjusted;
pub use mean::Mean;
pub use reservoir::Reservoir;
pub use series::batch_means;
pub use truncation::least_error;
