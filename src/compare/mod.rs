//! Two folders of results side by side: which figures changed, by how much, and whether that matters.
//!
//! It reads what `report` wrote and knows nothing of how it came about.

mod comparable;
mod cost;
mod document;
mod figure;
mod judge;
mod read;
mod tables;
mod within;

pub use comparable::DifferingKey;
pub use cost::CostChange;
pub use judge::{Basis, Change, CompareResult, Row, compare};
pub use read::Results;
