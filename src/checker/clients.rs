//! Stands in for the checker of what clients saw.

use crate::finding::Breach;
use crate::history::SubjectHistory;
use crate::lifecycle::{Profile, Verdict};

/// What the server promised.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Rules {
    /// Of a real server.
    pub fn glance(_: Option<bool>) -> Rules {
        Rules
    }

    /// Of the embedded service.
    pub fn embedded(_: Profile, _: bool) -> Rules {
        Rules
    }
}

/// How one subject is judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is invalid.
    pub breaches: Vec<Breach>,
}

/// Judges it.
pub fn judge(_: &SubjectHistory, _: &Rules) -> Judgement {
    Judgement {
        verdict: Verdict::Valid,
        breaches: Vec::new(),
    }
}
