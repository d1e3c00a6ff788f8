//! Solutions of triangular systems, several rows at a time: consecutive additions to one sum wait for each other, those to the sums of
//! different rows do not. Each sum has the same terms in the same order as if rows were solved one by one.

use std::array::from_fn;

use super::lower_triangle::LowerTriangle;
use crate::search::gp::simd::{F64s, LANES, dispatch, sum};

/// Number of rows at a time.
const ROWS: usize = 4;

/// Solves L·v = b in place for [`LANES`] right-hand sides whose rows before `first` are zero.
pub fn forward_batch(l: &LowerTriangle, b: &mut [F64s], first: usize) {
    dispatch!(forward_batch_any(l: &LowerTriangle, b: &mut [F64s], first: usize))
}

/// Solves Lᵀ·v = b in place for [`LANES`] right-hand sides, down to row `first`.
pub fn backward_batch(l: &LowerTriangle, b: &mut [F64s], first: usize) {
    dispatch!(backward_batch_any(l: &LowerTriangle, b: &mut [F64s], first: usize))
}

/// Solves L·v = b in place.
pub fn forward(l: &LowerTriangle, b: &mut [f64]) {
    dispatch!(forward_any(l: &LowerTriangle, b: &mut [f64]))
}

/// Solves Lᵀ·v = b in place.
pub fn backward(l: &LowerTriangle, b: &mut [f64]) {
    dispatch!(backward_any(l: &LowerTriangle, b: &mut [f64]))
}

#[inline(always)]
fn forward_batch_any(l: &LowerTriangle, b: &mut [F64s], first: usize) {
    let mut start = first;
    while start < b.len() {
        let (solved, open) = b.split_at_mut(start);
        let count = ROWS.min(open.len());
        let mut sums = [[0.0; LANES]; ROWS];
        // Where fewer rows are left, the last one is repeated, and its sum is not used again.
        let rows: [&[f64]; ROWS] = from_fn(|r| &l.row(start + r.min(count - 1))[first..start]);
        for ((((lanes, p), q), r), s) in solved[first..].iter().zip(rows[0]).zip(rows[1]).zip(rows[2]).zip(rows[3]) {
            for k in 0..LANES {
                sums[0][k] += p * lanes[k];
                sums[1][k] += q * lanes[k];
                sums[2][k] += r * lanes[k];
                sums[3][k] += s * lanes[k];
            }
        }
        for (r, mut sum) in sums.into_iter().enumerate().take(count) {
            let row = &l.row(start + r)[start..];
            for (entry, lanes) in row[..r].iter().zip(open.iter()) {
                for k in 0..LANES {
                    sum[k] += entry * lanes[k];
                }
            }
            for k in 0..LANES {
                open[r][k] = (open[r][k] - sum[k]) / row[r];
            }
        }
        start += count;
    }
}

#[inline(always)]
fn backward_batch_any(l: &LowerTriangle, b: &mut [F64s], first: usize) {
    let mut end = b.len();
    while end > first {
        let count = ROWS.min(end - first);
        let start = end - count;
        let (head, open) = b.split_at_mut(start);
        for r in (0..count).rev() {
            let row = &l.row(start + r)[start..];
            let (before, this) = open.split_at_mut(r);
            let solved = this[0].map(|x| x / row[r]);
            this[0] = solved;
            for (lanes, entry) in before.iter_mut().zip(&row[..r]) {
                for k in 0..LANES {
                    lanes[k] -= entry * solved[k];
                }
            }
        }
        if let [s0, s1, s2, s3] = open[..count] {
            let rows: [&[f64]; ROWS] = from_fn(|r| &l.row(start + r)[first..start]);
            let entries = rows[0].iter().zip(rows[1]).zip(rows[2]).zip(rows[3]);
            for (lanes, (((p, q), r), s)) in head[first..].iter_mut().zip(entries) {
                for k in 0..LANES {
                    lanes[k] = lanes[k] - s * s3[k] - r * s2[k] - q * s1[k] - p * s0[k];
                }
            }
        }
        end = start;
    }
}

#[inline(always)]
fn forward_any(l: &LowerTriangle, b: &mut [f64]) {
    let n = b.len();
    for start in (0..n).step_by(LANES) {
        let (solved, open) = b.split_at_mut(start);
        let count = LANES.min(open.len());
        let sums: [f64; LANES] = {
            let row = |r: usize| &l.row(start + r.min(count - 1))[..start];
            let low = dots([row(0), row(1), row(2), row(3)], solved);
            let high = if count > ROWS { dots([row(4), row(5), row(6), row(7)], solved) } else { [0.0; ROWS] };
            from_fn(|r| if r < ROWS { low[r] } else { high[r - ROWS] })
        };
        for r in 0..count {
            let row = &l.row(start + r)[start..];
            let tail: f64 = row[..r].iter().zip(open.iter()).map(|(x, y)| x * y).sum();
            open[r] = (open[r] - (sums[r] + tail)) / row[r];
        }
    }
}

/// The dot products of `rows` with `b`, all with a multiple of [`LANES`] entries.
#[inline(always)]
fn dots(rows: [&[f64]; ROWS], b: &[f64]) -> [f64; ROWS] {
    let mut sums = [[0.0f64; LANES]; ROWS];
    let chunks = rows.map(|row| row.as_chunks::<LANES>().0);
    let rows = chunks[0].iter().zip(chunks[1]).zip(chunks[2]).zip(chunks[3]);
    for (b, (((p, q), r), s)) in b.as_chunks::<LANES>().0.iter().zip(rows) {
        for k in 0..LANES {
            sums[0][k] += p[k] * b[k];
            sums[1][k] += q[k] * b[k];
            sums[2][k] += r[k] * b[k];
            sums[3][k] += s[k] * b[k];
        }
    }
    sums.map(sum)
}

#[inline(always)]
fn backward_any(l: &LowerTriangle, b: &mut [f64]) {
    let mut end = b.len();
    while end > 0 {
        let count = ROWS.min(end);
        let start = end - count;
        let (head, open) = b.split_at_mut(start);
        for r in (0..count).rev() {
            let row = &l.row(start + r)[start..];
            open[r] /= row[r];
            let solved = open[r];
            for (x, entry) in open[..r].iter_mut().zip(row) {
                *x -= entry * solved;
            }
        }
        if let [s0, s1, s2, s3] = open[..count] {
            let rows: [&[f64]; ROWS] = from_fn(|r| &l.row(start + r)[..start]);
            let entries = rows[0].iter().zip(rows[1]).zip(rows[2]).zip(rows[3]);
            for (x, (((p, q), r), s)) in head.iter_mut().zip(entries) {
                *x = *x - s * s3 - r * s2 - q * s1 - p * s0;
            }
        }
        end = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::gp::linalg::vectors::dot;

    type BatchFn = fn(&LowerTriangle, &mut [F64s], usize);
    type SingleFn = fn(&LowerTriangle, &mut [f64]);

    fn triangle(n: usize) -> LowerTriangle {
        let mut triangle = LowerTriangle::with_capacity(n);
        for i in 0..n {
            let entry =
                |j: usize| if i == j { 1.5 + i as f64 / 7.0 } else { ((i * 31 + j * 17) % 23) as f64 / 61.0 - 0.2 };
            triangle.push(&(0..=i).map(entry).collect::<Vec<f64>>());
        }
        triangle
    }

    fn side(i: usize) -> F64s {
        from_fn(|k| ((i * 7 + k * 5) % 11) as f64 / 3.0 - 1.7)
    }

    /// Row by row: Σⱼ lᵢⱼ·vⱼ from `first` on.
    fn by_rows(l: &LowerTriangle, b: &mut [F64s], first: usize) {
        for i in first..b.len() {
            let row = l.row(i);
            let mut sums = [0.0; LANES];
            for (l, known) in row[first..i].iter().zip(&b[first..i]) {
                sums.iter_mut().zip(known).for_each(|(sum, known)| *sum += l * known);
            }
            b[i].iter_mut().zip(sums).for_each(|(b, sum)| *b = (*b - sum) / row[i]);
        }
    }

    fn by_columns(l: &LowerTriangle, b: &mut [F64s], first: usize) {
        for i in (first..b.len()).rev() {
            b[i] = b[i].map(|x| x / l.row(i)[i]);
            for j in first..i {
                b[j] = from_fn(|k| b[j][k] - l.row(i)[j] * b[i][k]);
            }
        }
    }

    #[test]
    fn several_rows_at_a_time_give_the_same_bits() {
        for n in (1..=19).chain([64, 70]) {
            let l = triangle(n);
            for first in [0, 1, n / 2, n - 1] {
                let sides: Vec<F64s> = (0..n).map(side).collect();
                let mut expected = sides.clone();
                by_rows(&l, &mut expected, first);
                for solve in [forward_batch as BatchFn, forward_batch_any] {
                    let mut found = sides.clone();
                    solve(&l, &mut found, first);
                    assert_eq!(found, expected, "forward, {n} rows from {first}");
                }
                let mut expected = sides.clone();
                by_columns(&l, &mut expected, first);
                for solve in [backward_batch as BatchFn, backward_batch_any] {
                    let mut found = sides.clone();
                    solve(&l, &mut found, first);
                    assert_eq!(found, expected, "backward, {n} rows from {first}");
                }
            }
        }
    }

    #[test]
    fn one_right_hand_side_gives_the_same_bits() {
        for n in (1..=35).chain([64, 70]) {
            let l = triangle(n);
            let one: Vec<f64> = (0..n).map(|i| side(i)[3]).collect();
            let mut expected = one.clone();
            for i in 0..n {
                expected[i] = (expected[i] - dot(&l.row(i)[..i], &expected[..i])) / l.row(i)[i];
            }
            for solve in [forward as SingleFn, forward_any] {
                let mut found = one.clone();
                solve(&l, &mut found);
                assert_eq!(found, expected, "forward, {n} rows");
            }
            let mut expected: Vec<F64s> = one.iter().map(|x| [*x; LANES]).collect();
            by_columns(&l, &mut expected, 0);
            for solve in [backward as SingleFn, backward_any] {
                let mut found = one.clone();
                solve(&l, &mut found);
                assert_eq!(found, expected.iter().map(|lanes| lanes[0]).collect::<Vec<_>>(), "backward, {n} rows");
            }
        }
    }
}
