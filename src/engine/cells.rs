//! A table of metrics that is mostly empty.

use stormglass_model::load::StoryId;

/// Metrics by phase, story and what was measured. A cell is made when something first falls into it.
#[derive(Default)]
pub(super) struct Cells<T> {
    cells: Vec<Option<Box<T>>>,
    stories: usize,
    width: usize,
}

impl<T: Default> Cells<T> {
    pub(super) fn new(phases: usize, stories: usize, width: usize) -> Self {
        let cells = std::iter::repeat_with(|| None).take(phases * stories * width);
        Cells {
            cells: cells.collect(),
            stories,
            width,
        }
    }

    #[inline]
    pub(super) fn at(&mut self, phase: usize, story: StoryId, column: usize) -> &mut T {
        let row = phase * self.stories + usize::from(story.0);
        self.cells[row * self.width + column].get_or_insert_with(Box::default)
    }

    /// What was measured, with its phase, story and column.
    pub(super) fn into_rows(self) -> impl Iterator<Item = (usize, StoryId, usize, T)> {
        let (stories, width) = (self.stories, self.width);
        let cells = self.cells.into_iter().enumerate();
        cells.filter_map(move |(index, cell)| {
            let (row, column) = (index / width, index % width);
            Some((
                row / stories,
                StoryId((row % stories) as u16),
                column,
                *cell?,
            ))
        })
    }
}
