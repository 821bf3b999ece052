//! The one table of operations: what each is, who may do it, in which status, on which profile, and what it may change.
//!
//! Scenarios, scripts, sweeps, the client of Glance and both checkers read it. The embedded service does not, as it does not read
//! the edge table: it decides for itself, so that the tables can convict it. A test of the tree's shape holds that.
//!
//! A new operation is a word in [`Operation`](crate::lifecycle::Operation), a row in [`OPERATIONS`], its request in the Glance crate (`client/operations.rs`), and its
//! rule in the embedded service (`service/flow.rs`).

mod change;
mod row;
mod table;

pub(crate) use change::change;
pub use change::{Change, Contents, Extent};
pub use row::{ApiCall, Body, DataFrom, Formats, Hash, OperationKind, Row, Source, StoreRole};
pub use table::OPERATIONS;
