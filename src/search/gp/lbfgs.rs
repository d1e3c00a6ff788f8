//! Minimizes a smooth function within bounds: limited-memory BFGS directions for the free variables, projected line search.
//!
//! Two-loop recursion of Nocedal and Wright, Numerical Optimization, 2nd ed., Algorithm 7.4. Variables at a bound whose gradient
//! points outwards are fixed for the step (Bertsekas 1982, "Projected Newton Methods for Optimization Problems with Simple
//! Constraints").

use super::linalg::dot;

/// Maximum number of stored pairs of steps and gradient differences (m in Nocedal and Wright; they recommend 3 to 20).
const MEMORY: usize = 8;
/// c₁ of the sufficient decrease condition (Nocedal and Wright, eq. 3.4).
const ARMIJO: f64 = 1e-4;
/// Factor on the step length after a rejected step.
const BACKTRACK: f64 = 0.35;
/// Maximum number of step lengths per line search.
const MAX_BACKTRACKS: usize = 12;

/// The result of a minimization.
#[derive(Clone, PartialEq, Debug)]
pub struct Minimum {
    /// The point.
    pub x: Vec<f64>,
    /// The function value at `x`.
    pub value: f64,
}

/// Bounds of each variable.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// Lower bounds.
    pub low: &'a [f64],
    /// Upper bounds.
    pub high: &'a [f64],
}

impl Bounds<'_> {
    fn clamp(&self, x: &mut [f64]) {
        for ((x, lo), hi) in x.iter_mut().zip(self.low).zip(self.high) {
            *x = x.max(*lo).min(*hi);
        }
    }

    fn is_active(&self, i: usize, x: f64, derivative: f64) -> bool {
        (x <= self.low[i] && derivative > 0.0) || (x >= self.high[i] && derivative < 0.0)
    }
}

/// When a minimization stops.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StopCriteria {
    /// Maximum number of iterations.
    pub max_iterations: usize,
    /// Maximum change of any variable in one iteration.
    pub max_step: f64,
    /// Stop if an iteration decreases the value f by at most this fraction of 1 + |f|.
    pub min_relative_decrease: f64,
}

/// Whether `direction` is a descent direction; false if the slope is NaN.
fn descends(direction: &[f64], gradient: &[f64]) -> bool {
    dot(direction, gradient) < 0.0
}

/// Minimizes `function` from `start`, which is moved into the bounds first. `function` writes its gradient to its second argument;
/// it may return infinity or NaN for points outside its domain.
pub fn minimize(
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    bounds: Bounds<'_>,
    stop: StopCriteria,
) -> Minimum {
    let StopCriteria { max_iterations, max_step, min_relative_decrease } = stop;
    let n = start.len();
    let (mut x, mut gradient) = (start.to_vec(), vec![0.0; n]);
    bounds.clamp(&mut x);
    let mut value = function(&x, &mut gradient);
    let mut history = History::default();
    let (mut next, mut next_gradient) = (vec![0.0; n], vec![0.0; n]);
    for _ in 0..max_iterations {
        if !value.is_finite() {
            break;
        }
        let active: Vec<bool> = (0..n).map(|i| bounds.is_active(i, x[i], gradient[i])).collect();
        let mut direction = history.direction(&gradient, &active);
        if !descends(&direction, &gradient) {
            history = History::default();
            direction = steepest(&gradient, &active);
            if !descends(&direction, &gradient) {
                break;
            }
        }
        let largest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
        let mut step = if largest > max_step { max_step / largest } else { 1.0 };
        let mut accepted = None;
        for _ in 0..MAX_BACKTRACKS {
            for i in 0..n {
                next[i] = x[i] + step * direction[i];
            }
            bounds.clamp(&mut next);
            let decrease: f64 = (0..n).map(|i| gradient[i] * (next[i] - x[i])).sum();
            let next_value = function(&next, &mut next_gradient);
            if next_value <= value + ARMIJO * decrease && next_value.is_finite() {
                accepted = Some(next_value);
                break;
            }
            step *= BACKTRACK;
        }
        let Some(next_value) = accepted else { break };
        history.push(&x, &next, &gradient, &next_gradient);
        let decrease = value - next_value;
        value = next_value;
        std::mem::swap(&mut x, &mut next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        if decrease <= min_relative_decrease * (1.0 + value.abs()) {
            break;
        }
    }
    Minimum { x, value }
}

/// The negative gradient of the free variables, at most of length 1.
fn steepest(gradient: &[f64], active: &[bool]) -> Vec<f64> {
    let free: Vec<f64> = gradient.iter().zip(active).map(|(g, a)| if *a { 0.0 } else { -g }).collect();
    let length = dot(&free, &free).sqrt();
    if length > 1.0 { free.iter().map(|d| d / length).collect() } else { free }
}

#[derive(Default)]
struct History {
    /// (s, y, 1/sᵀy) of the last steps, the newest last.
    steps: Vec<(Vec<f64>, Vec<f64>, f64)>,
}

impl History {
    fn push(&mut self, x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) {
        let s: Vec<f64> = next.iter().zip(x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient.iter().zip(gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-10 * dot(&y, &y) {
            if self.steps.len() == MEMORY {
                self.steps.remove(0);
            }
            self.steps.push((s, y, 1.0 / curvature));
        }
    }

    fn direction(&self, gradient: &[f64], active: &[bool]) -> Vec<f64> {
        let Some((s, y, _)) = self.steps.last() else { return steepest(gradient, active) };
        let free = |v: &[f64]| -> Vec<f64> { v.iter().zip(active).map(|(g, a)| if *a { 0.0 } else { *g }).collect() };
        let mut q = free(gradient);
        let mut weights = Vec::with_capacity(self.steps.len());
        for (s, y, rho) in self.steps.iter().rev() {
            let a = rho * dot(s, &q);
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= a * y);
            weights.push(a);
        }
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
        for ((s, y, rho), a) in self.steps.iter().zip(weights.iter().rev()) {
            let b = rho * dot(y, &q);
            q.iter_mut().zip(s).for_each(|(q, s)| *q += (a - b) * s);
        }
        free(&q).iter().map(|d| -d).collect()
    }
}
