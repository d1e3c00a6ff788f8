//! Storage of symmetric and of triangular matrices.

/// The lower triangle of a square matrix, stored row by row: row i has i + 1 entries.
#[derive(Clone, Debug, Default)]
pub struct LowerTriangle {
    rows: usize,
    entries: Vec<f64>,
}

impl LowerTriangle {
    /// An empty matrix with capacity for `rows` rows.
    pub fn with_capacity(rows: usize) -> LowerTriangle {
        LowerTriangle { rows: 0, entries: Vec::with_capacity(rows * (rows + 1) / 2) }
    }

    /// A matrix of zeros.
    pub fn zeros(rows: usize) -> LowerTriangle {
        LowerTriangle { rows, entries: vec![0.0; rows * (rows + 1) / 2] }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Row `i`, columns 0 to i.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.entries[i * (i + 1) / 2..(i + 1) * (i + 2) / 2]
    }

    /// Row `i`, columns 0 to i.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.entries[i * (i + 1) / 2..(i + 1) * (i + 2) / 2]
    }

    /// Appends a row of `rows() + 1` entries.
    pub fn push(&mut self, row: &[f64]) {
        debug_assert_eq!(row.len(), self.rows + 1);
        self.entries.extend_from_slice(row);
        self.rows += 1;
    }

    /// Removes all rows after the first `rows`.
    pub fn truncate(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
        self.entries.truncate(self.rows * (self.rows + 1) / 2);
    }
}
