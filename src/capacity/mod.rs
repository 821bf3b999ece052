//! What a service can take, and what it needs: a search over a key of a scenario, and what its figures are worth.

mod advice;
mod frontier;
mod law;
mod means;
mod quantity;
mod result;
mod search;
mod setups;
pub mod storage;
mod storms;
mod usage;
pub mod usl;
mod warm_up;

pub use advice::{Advice, Measured, Tried};
pub use frontier::{Frontier, VALUES};
pub use means::{AverageFigure, Averages, Basis};
pub use quantity::{Quantity, Range, Unit};
pub use result::SearchResult;
pub use search::{Answer, Budget, Found, Point, Stop, decide, search};
pub use setups::{Choices, Setup, cheapest};
pub use storms::{Beside, ReadWith, ResourceUse, SearchError, Storms};
pub use usage::{Growth, Usage, bottleneck, growing};
pub use warm_up::{TooShort, too_short};
