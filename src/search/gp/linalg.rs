//! Linear algebra for symmetric positive definite matrices: Cholesky factorization, appending rows, solving, inverse.
//!
//! Sums are always computed in the same order, so that results are the same on every machine.

mod lower_triangle;
mod triangular;
mod vectors;

use super::simd::{F64s, LANES};

pub use lower_triangle::LowerTriangle;
pub use vectors::{dot, squared_distance};

/// A Cholesky factor L of A = L·Lᵀ.
#[derive(Clone, Debug, Default)]
pub struct Cholesky {
    factor: LowerTriangle,
}

/// A matrix is not positive definite.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the matrix is not positive definite at row {row}")]
pub struct NotPositiveDefiniteError {
    /// The first row with a pivot that is not positive.
    pub row: usize,
}

impl Cholesky {
    /// Factors the matrix with this lower triangle.
    pub fn of(matrix: &LowerTriangle) -> Result<Cholesky, NotPositiveDefiniteError> {
        let mut all = Cholesky { factor: LowerTriangle::with_capacity(matrix.rows()) };
        let rows: Vec<&[f64]> = (0..matrix.rows()).map(|i| matrix.row(i)).collect();
        all.extend(&rows)?;
        Ok(all)
    }

    /// Appends `rows`, each up to its diagonal entry. After an error, the rows before the failing one are appended.
    pub fn extend<R: AsRef<[f64]>>(&mut self, rows: &[R]) -> Result<(), NotPositiveDefiniteError> {
        let mut block: Vec<F64s> = Vec::new();
        for group in rows.chunks(LANES) {
            // The columns before the block, for all rows of the block at once.
            let start = self.rows();
            block.clear();
            block.resize(start, [0.0; LANES]);
            for (k, row) in group.iter().enumerate() {
                for (lanes, entry) in block.iter_mut().zip(row.as_ref()) {
                    lanes[k] = *entry;
                }
            }
            self.forward_batch(&mut block, 0);
            for (k, row) in group.iter().enumerate() {
                let head = block.iter().map(|lanes| lanes[k]);
                self.push_solved(head.chain(row.as_ref()[start..].iter().copied()).collect(), start)?;
            }
        }
        Ok(())
    }

    /// Appends a row whose entries before column `solved` are already those of L.
    fn push_solved(&mut self, mut row: Vec<f64>, solved: usize) -> Result<(), NotPositiveDefiniteError> {
        let n = self.factor.rows();
        debug_assert_eq!(row.len(), n + 1);
        for i in solved..n {
            let other = self.factor.row(i);
            row[i] = (row[i] - dot(&other[..i], &row[..i])) / other[i];
        }
        let pivot = row[n] - dot(&row[..n], &row[..n]);
        // Below this fraction of the diagonal entry the pivot is rounding error.
        if pivot.is_nan() || pivot <= 1e-14 * row[n].abs() {
            return Err(NotPositiveDefiniteError { row: n });
        }
        row[n] = pivot.sqrt();
        self.factor.push(&row);
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.factor.rows()
    }

    /// Removes all rows after the first `rows`.
    pub fn truncate(&mut self, rows: usize) {
        self.factor.truncate(rows);
    }

    /// Solves L·v = b in place.
    pub fn forward(&self, b: &mut [f64]) {
        triangular::forward(&self.factor, b);
    }

    /// Solves Lᵀ·v = b in place.
    pub fn backward(&self, b: &mut [f64]) {
        triangular::backward(&self.factor, b);
    }

    /// Solves L·v = b in place for [`LANES`] right-hand sides whose rows before `first` are zero.
    pub fn forward_batch(&self, b: &mut [F64s], first: usize) {
        triangular::forward_batch(&self.factor, b, first);
    }

    /// Solves Lᵀ·v = b in place for [`LANES`] right-hand sides, down to row `first`.
    pub fn backward_batch(&self, b: &mut [F64s], first: usize) {
        triangular::backward_batch(&self.factor, b, first);
    }

    /// Solves A·v = b in place.
    pub fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        self.backward(b);
    }

    /// ln det A.
    pub fn log_determinant(&self) -> f64 {
        2.0 * (0..self.rows()).map(|i| libm::log(self.factor.row(i)[i])).sum::<f64>()
    }

    /// The lower triangle of A⁻¹.
    pub fn inverse(&self) -> LowerTriangle {
        let n = self.rows();
        let mut inverse = LowerTriangle::zeros(n);
        let mut block: Vec<F64s> = vec![[0.0; LANES]; n];
        for start in (0..n).step_by(LANES) {
            let count = LANES.min(n - start);
            block[start..].fill([0.0; LANES]);
            for k in 0..count {
                block[start + k][k] = 1.0;
            }
            self.forward_batch(&mut block, start);
            self.backward_batch(&mut block, start);
            for (i, lanes) in block.iter().enumerate().skip(start) {
                let columns = (i - start + 1).min(count);
                inverse.row_mut(i)[start..start + columns].copy_from_slice(&lanes[..columns]);
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A positive definite matrix.
    fn matrix(n: usize) -> LowerTriangle {
        let mut matrix = LowerTriangle::with_capacity(n);
        for i in 0..n {
            let row: Vec<f64> =
                (0..=i).map(|j| if i == j { 3.0 } else { (-0.3 * (i - j) as f64).exp() * 0.9 }).collect();
            matrix.push(&row);
        }
        matrix
    }

    fn entry(matrix: &LowerTriangle, i: usize, j: usize) -> f64 {
        if i >= j { matrix.row(i)[j] } else { matrix.row(j)[i] }
    }

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix() {
        for n in [1, 2, 7, 8, 9, 16, 37] {
            let a = matrix(n);
            let l = Cholesky::of(&a).unwrap().factor;
            for i in 0..n {
                for j in 0..=i {
                    let product = dot(&l.row(i)[..=j], l.row(j));
                    assert!((product - a.row(i)[j]).abs() < 1e-12, "{n} {i} {j}");
                }
            }
        }
    }

    #[test]
    fn appending_rows_one_by_one_gives_the_same_factor() {
        let a = matrix(21);
        let mut grown = Cholesky::default();
        (0..21).for_each(|i| grown.extend(&[a.row(i)]).unwrap());
        let whole = Cholesky::of(&a).unwrap();
        for i in 0..21 {
            for (x, y) in grown.factor.row(i).iter().zip(whole.factor.row(i)) {
                assert!((x - y).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn inverse_and_solve_agree() {
        let n = 19;
        let (a, factor) = (matrix(n), Cholesky::of(&matrix(n)).unwrap());
        let inverse = factor.inverse();
        for j in 0..n {
            let mut column = vec![0.0; n];
            column[j] = 1.0;
            factor.solve(&mut column);
            for (i, solved) in column.iter().enumerate() {
                assert!((solved - entry(&inverse, i, j)).abs() < 1e-13);
                let product: f64 = (0..n).map(|k| entry(&a, i, k) * entry(&inverse, k, j)).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_is_rejected_with_the_row() {
        let mut a = LowerTriangle::default();
        a.push(&[1.0]);
        a.push(&[1.0, 1.0]);
        assert_eq!(Cholesky::of(&a).unwrap_err(), NotPositiveDefiniteError { row: 1 });
        a.row_mut(1)[1] = f64::NAN;
        assert_eq!(Cholesky::of(&a).unwrap_err(), NotPositiveDefiniteError { row: 1 });
    }

    #[test]
    fn log_determinant_of_a_known_matrix() {
        let mut a = LowerTriangle::default();
        a.push(&[4.0]);
        a.push(&[2.0, 3.0]);
        let log = Cholesky::of(&a).unwrap().log_determinant();
        assert!((log - 8f64.ln()).abs() < 1e-14);
    }
}
