//! A table of rows that is mostly empty.

use stormglass_model::load::StoryId;

/// Rows by phase, story and what was measured. A row is made when something first falls into it.
pub(super) struct Cells<R> {
    rows: Vec<Option<Box<R>>>,
    stories: usize,
    width: usize,
}

impl<R> Cells<R> {
    pub(super) fn new(phases: usize, stories: usize, width: usize) -> Self {
        let rows = std::iter::repeat_with(|| None).take(phases * stories * width);
        Cells {
            rows: rows.collect(),
            stories,
            width,
        }
    }

    #[inline]
    pub(super) fn at(
        &mut self,
        (phase, story, column): (usize, StoryId, usize),
        row: impl FnOnce() -> R,
    ) -> &mut R {
        let place = phase * self.stories + usize::from(story.0);
        self.rows[place * self.width + column].get_or_insert_with(|| Box::new(row()))
    }

    /// What was measured, in order of phase, story and column.
    pub(super) fn take_rows(&mut self) -> Vec<R> {
        let rows = std::mem::take(&mut self.rows).into_iter().flatten();
        rows.map(|row| *row).collect()
    }
}
