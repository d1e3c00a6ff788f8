//! The minimizer on functions with known minima.

use proptest::prelude::*;

use super::close;
use crate::search::gp::lbfgs::{Bounds, Minimum, StopCriteria, minimize};

fn within(function: impl FnMut(&[f64], &mut [f64]) -> f64, start: &[f64], low: &[f64], high: &[f64]) -> Minimum {
    let stop = StopCriteria { max_iterations: 300, max_step: 1.0, min_relative_decrease: 1e-7 };
    minimize(function, start, Bounds { low, high }, stop)
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
fn rosenbrock_inside_and_at_a_bound() {
    for start in [[-1.2, 1.0], [2.0, -2.0], [0.0, 0.0], [-2.0, 2.0]] {
        let free = within(rosenbrock, &start, &[-2.0, -2.0], &[2.0, 2.0]);
        assert!(close(free.x[0], 1.0, 1e-3) && close(free.x[1], 1.0, 2e-3), "{start:?} {free:?}");
        assert!(free.value < 1e-6, "{start:?} {free:?}");
        // With x ≤ 1/2 the minimum is at the bound, y = x² = 1/4.
        let cut = within(rosenbrock, &start, &[-2.0, -2.0], &[0.5, 2.0]);
        assert!(cut.x[0] == 0.5 && close(cut.x[1], 0.25, 1e-3), "{start:?} {cut:?}");
    }
}

#[test]
fn it_stops_by_iterations_and_by_relative_decrease() {
    let calls = |max_iterations, min_relative_decrease| {
        let mut calls = 0;
        let counted = |p: &[f64], gradient: &mut [f64]| {
            calls += 1;
            rosenbrock(p, gradient)
        };
        let bounds = Bounds { low: &[-2.0, -2.0], high: &[2.0, 2.0] };
        minimize(counted, &[-1.2, 1.0], bounds, StopCriteria { max_iterations, max_step: 1.0, min_relative_decrease });
        calls
    };
    assert_eq!(calls(0, 0.0), 1);
    assert!(calls(3, 0.0) < calls(30, 0.0));
    assert!(calls(30, 0.5) < calls(30, 1e-7));
}

#[test]
fn a_function_without_finite_values_returns_the_start() {
    for bad in [f64::INFINITY, f64::NAN] {
        let nowhere = |_: &[f64], gradient: &mut [f64]| {
            gradient.fill(f64::NAN);
            bad
        };
        assert_eq!(within(nowhere, &[0.25], &[0.0], &[1.0]).x, [0.25]);
    }
}

#[test]
fn points_with_undefined_values_are_avoided() {
    // x − ln x has its minimum 1 at x = 1 and is undefined for x ≤ 0.
    let log = |p: &[f64], gradient: &mut [f64]| {
        gradient[0] = if p[0] > 0.0 { 1.0 - 1.0 / p[0] } else { f64::NAN };
        if p[0] > 0.0 { p[0] - p[0].ln() } else { f64::NAN }
    };
    let found = within(log, &[4.0], &[-10.0], &[10.0]);
    assert!(close(found.x[0], 1.0, 1e-3), "{found:?}");
}

#[test]
fn a_start_outside_the_bounds_is_clamped_and_equal_bounds_are_the_minimum() {
    let square = |p: &[f64], gradient: &mut [f64]| {
        gradient[0] = 2.0 * p[0];
        p[0] * p[0]
    };
    assert_eq!(within(square, &[9.0], &[2.0], &[3.0]), Minimum { x: vec![2.0], value: 4.0 });
    assert_eq!(within(square, &[0.0], &[0.7], &[0.7]).x, [0.7]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every coordinate of the minimum of Σ wᵢ·(xᵢ − cᵢ)² within bounds is cᵢ or the nearest bound.
    #[test]
    fn separable_quadratics_have_their_minimum_at_the_clamped_centre(
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
        prop_assert!(found.x.iter().all(|x| (0.0..=1.0).contains(x)), "{found:?}");
        let nearest: Vec<f64> = rows.iter().map(|row| row.0.clamp(0.0, 1.0)).collect();
        let least = function(&nearest, &mut vec![0.0; rows.len()]);
        prop_assert!(found.value - least <= 1e-4 * (1.0 + least), "{least} {found:?}");
    }
}
