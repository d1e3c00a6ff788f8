//! The search for the configuration with the greatest merit.

use rand::RngExt;

use super::acquisition::Acquisition;
use super::bounded::{Bounds, Patience, minimize};
use super::kernel::Point;
use super::posterior::Posterior;
use crate::search::encoding::{Axis, Encoding};
use crate::space::gauss;
use crate::words::stream::Stream;

/// Longest first step of a climb along one parameter, as a share of its range.
const REACH: f64 = 0.2;
/// A climb is over when a step gains no more than this share of the merit.
const GAIN: f64 = 1e-7;

/// What a search may spend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Draws from the prior that are looked at.
    pub draws: usize,
    /// Variations of the most promising known configurations that are looked at.
    pub variations: usize,
    /// How many of the best of them climb along the gradient.
    pub climbs: usize,
    /// Steps of each.
    pub steps: usize,
}

/// What merit is measured with.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// The model.
    pub posterior: &'a Posterior,
    /// The measure.
    pub acquisition: Acquisition,
    /// The transformed value to improve on.
    pub best: f64,
}

impl Goal<'_> {
    /// The merit of `x` at full resource.
    pub fn merit(&self, x: &[f64]) -> f64 {
        self.acquisition.merit(self.posterior.at(&Point { x: x.to_vec(), t: 0.0 }), self.best).value
    }

    /// Minus the merit of `x` at full resource, and minus its gradient over ordered parameters; `spare` is overwritten.
    fn loss(&self, x: &[f64], gradient: &mut [f64], spare: &mut [f64]) -> f64 {
        let belief = self.posterior.with_gradient(&Point { x: x.to_vec(), t: 0.0 }, gradient, spare);
        let merit = self.acquisition.merit(belief, self.best);
        for (g, s) in gradient.iter_mut().zip(spare) {
            *g = -(merit.by_mean * *g + merit.by_deviation * *s);
        }
        -merit.value
    }
}

/// Legal configurations with their merits, the greatest first. `known` are configurations worth varying, the best first.
pub fn maximize(
    goal: Goal<'_>,
    encoding: &Encoding,
    known: &[Vec<f64>],
    effort: Effort,
    stream: &mut Stream,
) -> Vec<(f64, Vec<f64>)> {
    let mut places: Vec<Vec<f64>> = (0..effort.draws).map(|_| encoding.draw(stream)).collect();
    if !known.is_empty() {
        places.extend((0..effort.variations).map(|i| vary(&known[i % known.len()], encoding, stream)));
    }
    let beliefs = goal.posterior.at_full(&places);
    let merit = |belief| goal.acquisition.merit(belief, goal.best).value;
    let mut pool: Vec<(f64, Vec<f64>)> =
        places.into_iter().zip(beliefs).map(|(x, belief)| (merit(belief), x)).collect();
    pool.sort_by(|a, b| b.0.total_cmp(&a.0));
    let climbed: Vec<_> =
        pool.iter().take(effort.climbs).map(|(_, x)| climb(goal, encoding, x, effort.steps)).collect();
    pool.extend(climbed);
    pool.sort_by(|a, b| b.0.total_cmp(&a.0));
    pool
}

/// The legal configuration that a climb from `start` leads to, with its merit.
fn climb(goal: Goal<'_>, encoding: &Encoding, start: &[f64], steps: usize) -> (f64, Vec<f64>) {
    let held = |d: usize, bound: f64| if encoding.axes()[d] == Axis::Unordered { start[d] } else { bound };
    let low: Vec<f64> = (0..start.len()).map(|d| held(d, 0.0)).collect();
    let high: Vec<f64> = (0..start.len()).map(|d| held(d, 1.0)).collect();
    let mut spare = vec![0.0; start.len()];
    let loss = |x: &[f64], gradient: &mut [f64]| goal.loss(x, gradient, &mut spare);
    let patience = Patience { iterations: steps, reach: REACH, gain: GAIN };
    let mut x = minimize(loss, start, Bounds { low: &low, high: &high }, patience).at;
    encoding.snap(&mut x);
    let merit = goal.merit(&x);
    step_levels(goal, encoding, merit, x)
}

/// Tries the other values of each parameter that has few, one parameter after the other.
fn step_levels(goal: Goal<'_>, encoding: &Encoding, mut merit: f64, mut x: Vec<f64>) -> (f64, Vec<f64>) {
    for d in 0..x.len() {
        for level in encoding.levels(d) {
            let before = std::mem::replace(&mut x[d], level);
            let tried = if before == level { merit } else { goal.merit(&x) };
            if tried > merit {
                merit = tried;
            } else {
                x[d] = before;
            }
        }
    }
    (merit, x)
}

/// A configuration near `x`: some parameters moved by a step between e⁻⁴ and e⁻¹ of their range, or drawn anew where they have no
/// order. In many dimensions about 20 change at once (Regis and Shoemaker 2013, DYCORS, section 2.2).
fn vary(x: &[f64], encoding: &Encoding, stream: &mut Stream) -> Vec<f64> {
    let fresh = encoding.draw(stream);
    let spread = libm::exp(-1.0 - 3.0 * stream.random::<f64>());
    let share = 0.3f64.max(2.0 / x.len() as f64).min(20.0 / x.len() as f64);
    let mut near = x.to_vec();
    for d in 0..x.len() {
        if stream.random::<f64>() >= share {
            continue;
        }
        near[d] = match encoding.axes()[d] {
            Axis::Ordered => (x[d] + spread * gauss::quantile(stream.random())).clamp(0.0, 1.0),
            Axis::Unordered => fresh[d],
        };
    }
    encoding.snap(&mut near);
    near
}
