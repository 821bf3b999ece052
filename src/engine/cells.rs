//! A table of metrics that is mostly empty.

/// Metrics by row and column: a row is a phase and a story, a column what was measured. A cell is made when something first falls into it.
pub(super) struct Cells<T> {
    cells: Vec<Option<Box<T>>>,
    width: usize,
}

impl<T: Default> Cells<T> {
    pub(super) fn new(rows: usize, width: usize) -> Self {
        Cells {
            cells: std::iter::repeat_with(|| None).take(rows * width).collect(),
            width,
        }
    }

    #[inline]
    pub(super) fn at(&mut self, row: usize, column: usize) -> &mut T {
        self.cells[row * self.width + column].get_or_insert_with(Box::default)
    }

    pub(super) fn into_rows(self) -> impl Iterator<Item = (usize, usize, T)> {
        let width = self.width;
        self.cells
            .into_iter()
            .enumerate()
            .filter_map(move |(index, cell)| cell.map(|cell| (index / width, index % width, *cell)))
    }
}
