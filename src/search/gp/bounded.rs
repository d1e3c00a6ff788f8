//! Minimises a smooth function inside a box: limited-memory BFGS directions on the free variables, projected line search.
//!
//! Two-loop recursion after Nocedal and Wright, Numerical Optimization, 2nd ed., Algorithm 7.4; variables at a bound whose gradient points
//! outwards are held (Bertsekas 1982, projected Newton methods).

use super::linalg::dot;

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 8;
/// Sufficient decrease (Nocedal and Wright, eq. 3.4).
const ARMIJO: f64 = 1e-4;

/// Where a minimisation ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Minimum {
    /// The point.
    pub at: Vec<f64>,
    /// The function there.
    pub value: f64,
}

/// The box: lower and upper bound of each variable.
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

    fn is_held(&self, i: usize, x: f64, slope: f64) -> bool {
        (x <= self.low[i] && slope > 0.0) || (x >= self.high[i] && slope < 0.0)
    }
}

/// How long a minimisation goes on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Patience {
    /// At most so many steps.
    pub iterations: usize,
    /// The longest first step along any variable.
    pub reach: f64,
    /// It is over when a step gains no more than this share of the value (or of 1).
    pub gain: f64,
}

/// Whether the value falls along `direction`; a slope that is not a number does not.
fn descends(direction: &[f64], gradient: &[f64]) -> bool {
    dot(direction, gradient) < 0.0
}

/// Minimises `function` (which writes its gradient into its second argument and may answer with infinity where it is undefined) from
/// `start`.
pub fn minimize(
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    bounds: Bounds<'_>,
    patience: Patience,
) -> Minimum {
    let Patience { iterations, reach, gain: least } = patience;
    let n = start.len();
    let (mut x, mut gradient) = (start.to_vec(), vec![0.0; n]);
    bounds.clamp(&mut x);
    let mut value = function(&x, &mut gradient);
    let mut history = History::default();
    let (mut next, mut next_gradient) = (vec![0.0; n], vec![0.0; n]);
    for _ in 0..iterations {
        if !value.is_finite() {
            break;
        }
        let held: Vec<bool> = (0..n).map(|i| bounds.is_held(i, x[i], gradient[i])).collect();
        let mut direction = history.direction(&gradient, &held);
        if !descends(&direction, &gradient) {
            history = History::default();
            direction = steepest(&gradient, &held);
            if !descends(&direction, &gradient) {
                break;
            }
        }
        let longest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
        let mut step = if longest > reach { reach / longest } else { 1.0 };
        let mut found = None;
        for _ in 0..12 {
            for i in 0..n {
                next[i] = x[i] + step * direction[i];
            }
            bounds.clamp(&mut next);
            let decrease: f64 = (0..n).map(|i| gradient[i] * (next[i] - x[i])).sum();
            let reached = function(&next, &mut next_gradient);
            if reached <= value + ARMIJO * decrease && reached.is_finite() {
                found = Some(reached);
                break;
            }
            step *= 0.35;
        }
        let Some(reached) = found else { break };
        history.push(&x, &next, &gradient, &next_gradient);
        let gain = value - reached;
        value = reached;
        std::mem::swap(&mut x, &mut next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        if gain <= least * (1.0 + value.abs()) {
            break;
        }
    }
    Minimum { at: x, value }
}

fn steepest(gradient: &[f64], held: &[bool]) -> Vec<f64> {
    let free: Vec<f64> = gradient.iter().zip(held).map(|(g, h)| if *h { 0.0 } else { -g }).collect();
    let length = dot(&free, &free).sqrt();
    if length > 1.0 { free.iter().map(|d| d / length).collect() } else { free }
}

#[derive(Default)]
struct History {
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

    fn direction(&self, gradient: &[f64], held: &[bool]) -> Vec<f64> {
        let Some((s, y, _)) = self.steps.last() else { return steepest(gradient, held) };
        let free = |v: &[f64]| -> Vec<f64> { v.iter().zip(held).map(|(g, h)| if *h { 0.0 } else { *g }).collect() };
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
