//! The minimiser in a box, on functions whose minima are known.

use proptest::prelude::*;

use super::super::bounded::{Bounds, Minimum, Patience, minimize};
use super::close;

fn within(function: impl FnMut(&[f64], &mut [f64]) -> f64, start: &[f64], low: &[f64], high: &[f64]) -> Minimum {
    minimize(function, start, Bounds { low, high }, Patience { iterations: 300, reach: 1.0, gain: 1e-7 })
}

/// (1 − x)² + 100·(y − x²)²
fn rosenbrock(p: &[f64], gradient: &mut [f64]) -> f64 {
    let [x, y] = [p[0], p[1]];
    let bend = y - x * x;
    gradient[0] = -2.0 * (1.0 - x) - 400.0 * x * bend;
    gradient[1] = 200.0 * bend;
    (1.0 - x) * (1.0 - x) + 100.0 * bend * bend
}

#[test]
fn the_banana_inside_and_at_the_edge_of_its_box() {
    for start in [[-1.2, 1.0], [2.0, -2.0], [0.0, 0.0], [-2.0, 2.0]] {
        let free = within(rosenbrock, &start, &[-2.0, -2.0], &[2.0, 2.0]);
        assert!(close(free.at[0], 1.0, 1e-3) && close(free.at[1], 1.0, 2e-3), "{start:?} {free:?}");
        assert!(free.value < 1e-6, "{start:?} {free:?}");
        // with x ≤ 1/2 the least is at the bound, y = x² = 1/4
        let cut = within(rosenbrock, &start, &[-2.0, -2.0], &[0.5, 2.0]);
        assert!(cut.at[0] == 0.5 && close(cut.at[1], 0.25, 1e-3), "{start:?} {cut:?}");
    }
}

#[test]
fn it_goes_on_no_longer_than_it_is_told() {
    let calls = |iterations, gain| {
        let mut calls = 0;
        let counted = |p: &[f64], gradient: &mut [f64]| {
            calls += 1;
            rosenbrock(p, gradient)
        };
        let bounds = Bounds { low: &[-2.0, -2.0], high: &[2.0, 2.0] };
        minimize(counted, &[-1.2, 1.0], bounds, Patience { iterations, reach: 1.0, gain });
        calls
    };
    assert_eq!(calls(0, 0.0), 1);
    assert!(calls(3, 0.0) < calls(30, 0.0));
    assert!(calls(30, 0.5) < calls(30, 1e-7));
}

#[test]
fn a_function_that_is_nowhere_defined_leaves_the_start() {
    for bad in [f64::INFINITY, f64::NAN] {
        let nowhere = |_: &[f64], gradient: &mut [f64]| {
            gradient.fill(f64::NAN);
            bad
        };
        assert_eq!(within(nowhere, &[0.25], &[0.0], &[1.0]).at, [0.25]);
    }
}

#[test]
fn where_it_is_undefined_it_does_not_go() {
    // −ln x + x has its minimum 1 at x = 1 and is undefined below 0; gradients beyond are not numbers
    let log = |p: &[f64], gradient: &mut [f64]| {
        gradient[0] = if p[0] > 0.0 { 1.0 - 1.0 / p[0] } else { f64::NAN };
        if p[0] > 0.0 { p[0] - p[0].ln() } else { f64::NAN }
    };
    let found = within(log, &[4.0], &[-10.0], &[10.0]);
    assert!(close(found.at[0], 1.0, 1e-3), "{found:?}");
}

#[test]
fn a_start_outside_is_brought_in_and_a_point_like_box_is_its_own_minimum() {
    let square = |p: &[f64], gradient: &mut [f64]| {
        gradient[0] = 2.0 * p[0];
        p[0] * p[0]
    };
    assert_eq!(within(square, &[9.0], &[2.0], &[3.0]), Minimum { at: vec![2.0], value: 4.0 });
    assert_eq!(within(square, &[0.0], &[0.7], &[0.7]).at, [0.7]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Σ wᵢ·(xᵢ − cᵢ)² over a box: every coordinate of the minimum is cᵢ or the bound next to it.
    #[test]
    fn separable_quadratics_end_at_the_nearest_place_of_the_box(
        rows in prop::collection::vec((-2.0..2.0f64, -3.0..3.0f64, 0.0..1.0f64), 1..20),
    ) {
        let function = |x: &[f64], gradient: &mut [f64]| {
            rows.iter().enumerate().map(|(i, (centre, log_weight, _))| {
                let (weight, step) = (log_weight.exp(), x[i] - centre);
                gradient[i] = 2.0 * weight * step;
                weight * step * step
            }).sum()
        };
        let start: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let (low, high) = (vec![0.0; rows.len()], vec![1.0; rows.len()]);
        let found = within(function, &start, &low, &high);
        prop_assert!(found.at.iter().all(|x| (0.0..=1.0).contains(x)), "{found:?}");
        let nearest: Vec<f64> = rows.iter().map(|row| row.0.clamp(0.0, 1.0)).collect();
        let least = function(&nearest, &mut vec![0.0; rows.len()]);
        prop_assert!(found.value - least <= 1e-4 * (1.0 + least), "{least} {found:?}");
    }
}
