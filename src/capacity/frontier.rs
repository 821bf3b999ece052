//! Searches for one key at values of another: what one may be traded for in the other.

use super::quantity::Range;
use super::result::SearchResult;
use super::search::{Answer, Found};

/// How many values of the other key are looked at, unless somebody says.
pub const VALUES: u32 = 8;

/// The answers for one key at values of another.
#[derive(Debug)]
pub struct Frontier {
    /// The key that is held, and the ends of what it is held at.
    pub across: Range,
    /// The key that is searched.
    pub range: Range,
    /// The answer at each value that `across` was held at, in order. Where something ended it, the last is not whole.
    pub answers: Vec<(f64, SearchResult)>,
    /// How many values it was to be held at.
    pub asked: usize,
    /// How long all of it took in seconds.
    pub wall_s: f64,
    /// Processor time in seconds.
    pub cpu_s: f64,
}

impl Frontier {
    /// The answers where there is a value of the key that was looked for.
    pub fn found(&self) -> impl DoubleEndedIterator<Item = (f64, &Found)> {
        let answers = self.answers.iter();
        answers.filter_map(|(at, result)| Some((*at, result.found()?)))
    }

    /// What ended it early, if anything did: the search that it ended.
    pub fn ended(&self) -> Option<&SearchResult> {
        let (_, last) = self.answers.last()?;
        last.is_cut_short().then_some(last)
    }
}

impl SearchResult {
    /// The value that was looked for, if there is one.
    pub fn found(&self) -> Option<&Found> {
        match &self.answer {
            Answer::Found(found) => Some(found),
            Answer::Everywhere
            | Answer::Nowhere
            | Answer::NotOffered(..)
            | Answer::Unfinished(_) => None,
        }
    }

    /// Whether something ended it before its answer.
    pub fn is_cut_short(&self) -> bool {
        self.failure.is_some() || matches!(self.answer, Answer::Unfinished(_))
    }
}
