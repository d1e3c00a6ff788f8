//! Appending rows and solving for several right-hand sides, compared with one factorization and single solves.

use super::{Case, SHAPES};
use crate::search::gp::kernel::Kernel;
use crate::search::gp::likelihood::{JITTER, covariance};
use crate::search::gp::linalg::{Cholesky, LowerTriangle};
use crate::search::gp::simd::LANES;

fn matrix(rows: usize) -> LowerTriangle {
    let case = Case::new(5, 3, rows);
    let kernel = Kernel::new(SHAPES[2], &case.dimensions, &case.hyperparameters);
    covariance(&kernel, &kernel.scale_all(&case.data.points), 1e-8)
}

fn right_side(rows: usize, k: usize) -> Vec<f64> {
    (0..rows).map(|i| ((i * 7 + k * 3) % 11) as f64 - 5.0).collect()
}

#[test]
fn any_number_of_rows_can_be_appended_at_once() {
    let whole = matrix(30);
    let solved = solve(&Cholesky::of(&whole).unwrap(), 30);
    for at_once in [1, 5, 8, 19] {
        let mut factor = Cholesky::default();
        let rows: Vec<&[f64]> = (0..30).map(|i| whole.row(i)).collect();
        rows.chunks(at_once).for_each(|rows| factor.extend(rows).unwrap());
        assert_eq!(factor.rows(), 30);
        assert_near(&solve(&factor, 30), &solved);
    }
}

#[test]
fn rows_before_a_rejected_row_are_kept() {
    let whole = matrix(9);
    let nine = solve(&Cholesky::of(&whole).unwrap(), 9);
    // The last row again, without noise on the diagonal.
    let mut copy = whole.row(8).to_vec();
    copy.push(copy[8]);
    let mut factor = Cholesky::default();
    let mut rows: Vec<Vec<f64>> = (0..9).map(|i| whole.row(i).to_vec()).collect();
    rows.push(copy);
    assert_eq!(factor.extend(&rows).unwrap_err().row, 9);
    assert_eq!(factor.rows(), 9);
    assert_near(&solve(&factor, 9), &nine);
    rows[9][9] = f64::NAN;
    assert_eq!(factor.extend(&rows[9..]).unwrap_err().row, 9);
    assert_near(&solve(&factor, 9), &nine);
}

#[test]
fn a_batch_of_right_hand_sides_is_solved_like_single_ones() {
    for rows in [1, 8, 13, 30] {
        let factor = Cholesky::of(&matrix(rows)).unwrap();
        let sides: Vec<Vec<f64>> = (0..LANES).map(|k| right_side(rows, k)).collect();
        let mut lanes: Vec<[f64; LANES]> = (0..rows).map(|i| std::array::from_fn(|k| sides[k][i])).collect();
        factor.forward_batch(&mut lanes, 0);
        factor.backward_batch(&mut lanes, 0);
        for (k, side) in sides.into_iter().enumerate() {
            let mut alone = side;
            factor.solve(&mut alone);
            assert_near(&lanes.iter().map(|row| row[k]).collect::<Vec<_>>(), &alone);
        }
    }
}

#[test]
fn non_positive_and_non_finite_pivots_are_rejected() {
    for pivot in [-1.0, 0.0, f64::NAN, f64::NEG_INFINITY] {
        let mut matrix = matrix(12);
        matrix.row_mut(10)[10] = pivot;
        assert_eq!(Cholesky::of(&matrix).unwrap_err().row, 10, "{pivot}");
    }
}

fn solve(factor: &Cholesky, rows: usize) -> Vec<f64> {
    let mut side = right_side(rows, 0);
    factor.solve(&mut side);
    side
}

fn assert_near(a: &[f64], b: &[f64]) {
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= 1e-10 * (1.0 + y.abs()), "{x} {y}");
    }
}

/// Random conditional configurations, among them equal ones: the kernel is positive semi-definite, so that the usual jitter is enough.
#[test]
fn gram_matrices_of_conditional_configurations_can_be_factored() {
    for seed in 0..200 {
        let mut case = Case::new(seed, 1 + seed as usize % 6, 40);
        case.data.points.extend_from_within(..10);
        for log_length_scale in [-1.0, 1.0, 3.4] {
            case.hyperparameters.length_scales.fill(log_length_scale);
            case.hyperparameters.noise = -30.0;
            for shape in SHAPES {
                let kernel = Kernel::new(shape, &case.dimensions, &case.hyperparameters);
                let gram = covariance(&kernel, &kernel.scale_all(&case.data.points), JITTER);
                assert!(Cholesky::of(&gram).is_ok(), "{seed} {shape:?} {log_length_scale}");
            }
        }
    }
}
