//! What was learned of files, before anything is made of it.

use super::lives::Lives;
use super::reading::Tally;
use super::table::Table;
use super::text::{self, Draft, Wanted};
use crate::report::number::counted;

/// All that files say.
pub struct Learned {
    /// What became of their lines.
    pub tally: Tally,
    /// What requests came to.
    pub lives: Lives,
    /// Subjects of histories.
    pub subjects: u64,
    /// How many files.
    pub files: usize,
    /// What the server's image table says besides.
    pub table: Option<Table>,
}

impl Learned {
    /// Whether nothing in the files is of a kind that is read.
    pub fn is_empty(&self) -> bool {
        self.subjects == 0 && self.tally.requests.iter().all(|count| *count == 0)
    }

    /// The scenario, or why there is none.
    pub fn draft(&self, wanted: &Wanted) -> Result<Draft, String> {
        let requests: u64 = self.tally.requests.iter().sum();
        let sources = format!(
            "{} with {}",
            counted(self.files as u64, "file"),
            match self.subjects {
                0 => counted(requests, "request"),
                subjects => format!(
                    "{} and {}",
                    counted(requests, "request"),
                    counted(subjects, "subject")
                ),
            }
        );
        let has_jumped = self.tally.back.count + self.tally.ahead.count > 0;
        text::draft(
            &self.lives,
            self.table.as_ref(),
            &sources,
            has_jumped,
            wanted,
        )
    }
}
