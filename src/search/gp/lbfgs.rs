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

/// A point with its value and gradient.
struct Iterate {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// Minimizes `function` from `start`, which is moved into the bounds first. `function` writes its gradient to its second argument;
/// it may return infinity or NaN for points outside its domain.
pub fn minimize(
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    bounds: Bounds<'_>,
    stop: StopCriteria,
) -> Minimum {
    let n = start.len();
    let mut current = Iterate { x: start.to_vec(), value: 0.0, gradient: vec![0.0; n] };
    bounds.clamp(&mut current.x);
    current.value = function(&current.x, &mut current.gradient);
    let mut next = Iterate { x: vec![0.0; n], value: 0.0, gradient: vec![0.0; n] };
    let mut history = History::default();
    for _ in 0..stop.max_iterations {
        if !current.value.is_finite() {
            break;
        }
        let Some(direction) = search_direction(&current, &mut history, bounds) else { break };
        if !line_search(&mut function, &current, &direction, bounds, stop.max_step, &mut next) {
            break;
        }
        history.push(&current.x, &next.x, &current.gradient, &next.gradient);
        let decrease = current.value - next.value;
        std::mem::swap(&mut current, &mut next);
        if decrease <= stop.min_relative_decrease * (1.0 + current.value.abs()) {
            break;
        }
    }
    Minimum { x: current.x, value: current.value }
}

/// The quasi-Newton direction, or the steepest descent direction if that is no descent direction; `None` if neither is.
fn search_direction(current: &Iterate, history: &mut History, bounds: Bounds<'_>) -> Option<Vec<f64>> {
    let Iterate { x, gradient, .. } = current;
    let active: Vec<bool> = (0..x.len()).map(|i| bounds.is_active(i, x[i], gradient[i])).collect();
    let direction = history.direction(gradient, &active);
    if descends(&direction, gradient) {
        return Some(direction);
    }
    *history = History::default();
    Some(steepest(gradient, &active)).filter(|direction| descends(direction, gradient))
}

/// Reduces the step length until the decrease is sufficient, and writes that point to `next`. False if no step length is accepted.
fn line_search(
    function: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
    current: &Iterate,
    direction: &[f64],
    bounds: Bounds<'_>,
    max_step: f64,
    next: &mut Iterate,
) -> bool {
    let largest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
    let mut step = if largest > max_step { max_step / largest } else { 1.0 };
    for _ in 0..MAX_BACKTRACKS {
        for ((next, x), d) in next.x.iter_mut().zip(&current.x).zip(direction) {
            *next = x + step * d;
        }
        bounds.clamp(&mut next.x);
        let change = next.x.iter().zip(&current.x).map(|(next, x)| next - x);
        let decrease: f64 = current.gradient.iter().zip(change).map(|(g, c)| g * c).sum();
        next.value = function(&next.x, &mut next.gradient);
        if next.value <= current.value + ARMIJO * decrease && next.value.is_finite() {
            return true;
        }
        step *= BACKTRACK;
    }
    false
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
