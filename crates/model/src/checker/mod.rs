//! The checkers: what says whether a history is right. They share the edge table with what they judge, and nothing else.
//!
//! [`online`] folds the ordered records of the model service, which tells everything. [`concurrent`] judges what clients and probes
//! saw of one subject, when nobody tells the order of commits: it is the one judge of a real server.

pub mod concurrent;
pub mod online;

pub use online::Violation;
