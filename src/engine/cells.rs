//! A table of rows that is mostly empty.

use stormglass_model::load::StoryId;

/// Rows by phase, story and what was measured. A row is made when something first falls into it, and so is room for all
/// rows of its phase and story.
pub(super) struct Cells<R> {
    rows: Vec<Option<Box<R>>>,
    /// By phase and story: which stretch of the rows is theirs, from one; zero as long as they have none.
    stretches: Vec<u32>,
    stories: usize,
    width: usize,
}

impl<R> Cells<R> {
    pub(super) fn new(phases: usize, stories: usize, width: usize) -> Self {
        Cells {
            rows: Vec::new(),
            stretches: vec![0; phases * stories],
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
        let stretch = match self.stretches[place] {
            0 => self.make_room(place),
            stretch => stretch,
        };
        let first = (stretch as usize - 1) * self.width;
        self.rows[first + column].get_or_insert_with(|| Box::new(row()))
    }

    #[cold]
    fn make_room(&mut self, place: usize) -> u32 {
        let wider = self.rows.len() + self.width;
        self.rows.resize_with(wider, || None);
        let stretch = (wider / self.width) as u32;
        self.stretches[place] = stretch;
        stretch
    }

    /// What has been measured so far.
    pub(super) fn rows(&self) -> impl Iterator<Item = &R> {
        self.rows.iter().flatten().map(|row| &**row)
    }

    /// What was measured, in order of phase, story and column.
    pub(super) fn take_rows(&mut self) -> Vec<R> {
        let mut rows = Vec::new();
        for stretch in std::mem::take(&mut self.stretches) {
            let from = (stretch as usize).saturating_sub(1) * self.width;
            let to = stretch.min(1) as usize * self.width + from;
            let mine = self.rows[from..to].iter_mut();
            rows.extend(mine.filter_map(Option::take).map(|row| *row));
        }
        rows
    }
}
