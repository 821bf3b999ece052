//! A violation of an invariant, as a person reads of it.

use crate::lifecycle::{Invariant, Operation};
use crate::units::Time;

/// Something that must never happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// To which subject, by its number; none when it concerns the whole.
    pub subject: Option<u64>,
    /// What was broken.
    pub invariant: Invariant,
    /// The status before, where there is one.
    pub from: &'static str,
    /// The status after, where there is one.
    pub to: &'static str,
    /// The operation concerned, where there is one.
    pub operation: Option<Operation>,
    /// One sentence for a person.
    pub detail: String,
}

impl Violation {
    /// One of a subject, or of the whole, of which nothing else is known yet.
    pub(super) const fn of(invariant: Invariant, at: Time, subject: Option<u64>) -> Violation {
        Violation {
            at,
            subject,
            invariant,
            from: "",
            to: "",
            operation: None,
            detail: String::new(),
        }
    }
}
