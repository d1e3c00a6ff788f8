//! Maximizes an acquisition function over configurations: random and local candidates, then gradient steps from the best of them.

use std::collections::BTreeSet;

use rand::RngExt;

use super::acquisition::Acquisition;
use super::kernel::Point;
use super::lbfgs::{Bounds, StopCriteria, minimize};
use super::posterior::{Posterior, Prediction};
use super::subspace::Subspace;
use crate::search::encoding::{Axis, Encoding, INACTIVE, branch};
use crate::search::guess::FadedBelief;
use crate::types::std_normal;
use crate::types::stream::Stream;

/// Maximum step along one parameter, as a fraction of its range.
const MAX_STEP: f64 = 0.2;
/// See [`StopCriteria::min_relative_decrease`].
const MIN_RELATIVE_INCREASE: f64 = 1e-7;
/// Rounds of [`recombine`].
const ROUNDS: usize = 4;
/// Combinations that are tried in each round.
const COMBINATIONS: usize = 100;
/// Number of best candidates that are combined.
const PARENTS: usize = 20;
/// Maximum halvings of a step from a start inside the region.
const MAX_HALVINGS: i32 = 6;

/// The effort of one maximization.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Number of candidates drawn from the prior.
    pub random_candidates: usize,
    /// Number of candidates near the best known configurations.
    pub local_candidates: usize,
    /// Number of best candidates that are optimized along the gradient.
    pub optimized: usize,
    /// Maximum number of iterations of each optimization.
    pub iterations: usize,
}

/// Where the acquisition is maximized.
#[derive(Clone, Copy, Debug)]
pub struct SearchRegion<'a> {
    /// Configurations around which local candidates are drawn.
    pub known: &'a [Vec<f64>],
    /// Where all candidates are.
    pub subspace: &'a Subspace,
}

impl SearchRegion<'_> {
    fn has(&self, encoding: &Encoding, x: &[f64]) -> bool {
        self.subspace.contains(x) && encoding.is_feasible(x)
    }
}

/// An acquisition function of a model, at the full resource.
#[derive(Clone, Copy, Debug)]
pub struct AcquisitionFn<'a> {
    /// The model.
    pub posterior: &'a Posterior,
    /// The formula.
    pub acquisition: Acquisition,
    /// The value to improve on, transformed.
    pub best: f64,
    /// A factor of the acquisition function; its logarithm is added.
    pub belief: Option<FadedBelief<'a>>,
}

impl AcquisitionFn<'_> {
    /// The acquisition value of `x`.
    fn value(&self, x: &[f64]) -> f64 {
        self.of(self.posterior.predict(&Point { x: x.to_vec(), t: 0.0 }), x)
    }

    /// The acquisition value of `x`, given its prediction.
    fn of(&self, prediction: Prediction, x: &[f64]) -> f64 {
        let value = self.acquisition.evaluate(prediction, self.best).value;
        self.belief.map_or(value, |belief| value + belief.value(x))
    }

    /// The negative acquisition value of `x`; writes its gradient, which is 0 for unordered parameters. `buffer` is overwritten.
    fn loss(&self, x: &[f64], gradient: &mut [f64], buffer: &mut [f64]) -> f64 {
        let prediction = self.posterior.predict_with_gradient(&Point { x: x.to_vec(), t: 0.0 }, gradient, buffer);
        let acquisition = self.acquisition.evaluate(prediction, self.best);
        for (g, s) in gradient.iter_mut().zip(buffer) {
            *g = -(acquisition.d_mean * *g + acquisition.d_std * *s);
        }
        if let Some(belief) = &self.belief {
            belief.subtract_gradient(x, gradient);
            return -(acquisition.value + belief.value(x));
        }
        -acquisition.value
    }
}

/// Configurations of `region` with their acquisition values, the highest first.
pub fn maximize(
    acquisition_fn: AcquisitionFn<'_>,
    encoding: &Encoding,
    region: SearchRegion<'_>,
    effort: Effort,
    stream: &mut Stream,
) -> Vec<(f64, Vec<f64>)> {
    let mut ranked = Vec::new();
    rank(acquisition_fn, candidates(encoding, region, effort, stream), &mut ranked);
    if encoding.has_constraints() {
        recombine(acquisition_fn, encoding, region, &mut ranked, stream);
    }
    let starts = starts(&ranked, effort.optimized);
    let optimized: Vec<_> =
        starts.into_iter().map(|x| optimize(acquisition_fn, encoding, region, x, effort.iterations)).collect();
    ranked.extend(optimized);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked
}

/// Adds `candidates` with their acquisition values, the highest first.
fn rank(acquisition_fn: AcquisitionFn<'_>, candidates: Vec<Vec<f64>>, ranked: &mut Vec<(f64, Vec<f64>)>) {
    let predictions = acquisition_fn.posterior.predict_batch(&candidates);
    let values = candidates.into_iter().zip(predictions);
    ranked.extend(values.map(|(x, prediction)| (acquisition_fn.of(prediction, &x), x)));
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
}

/// Adds combinations of the best candidates that are in `region`, round by round: where few configurations are feasible, the differences of
/// feasible ones have the scale and the direction of steps that stay feasible.
fn recombine(
    acquisition_fn: AcquisitionFn<'_>,
    encoding: &Encoding,
    region: SearchRegion<'_>,
    ranked: &mut Vec<(f64, Vec<f64>)>,
    stream: &mut Stream,
) {
    for _ in 0..ROUNDS {
        let parents = &ranked[..ranked.len().min(PARENTS)];
        if parents.len() < 3 {
            return;
        }
        let combinations = (0..COMBINATIONS).map(|_| combine(parents, encoding, stream));
        let inside = combinations.filter(|x| region.has(encoding, x)).collect();
        rank(acquisition_fn, inside, ranked);
    }
}

/// x + f·(a − b) for three of `parents` and f in [0, 1): a mutation of differential evolution (Storn and Price 1997, equation 2, with
/// a random f). An unordered parameter has the value of x or of a.
fn combine(parents: &[(f64, Vec<f64>)], encoding: &Encoding, stream: &mut Stream) -> Vec<f64> {
    let mut parent = || &parents[stream.random_range(0..parents.len())].1;
    let (start, a, b) = (parent(), parent(), parent());
    let factor: f64 = stream.random();
    let mut x = start.clone();
    for d in (0..x.len()).filter(|d| [start, a, b].iter().all(|parent| parent[*d] != INACTIVE)) {
        match encoding.axes()[d] {
            Axis::Ordered => x[d] = (x[d] + factor * (a[d] - b[d])).clamp(0.0, 1.0),
            Axis::Unordered if stream.random() => x[d] = a[d],
            Axis::Unordered => {}
        }
    }
    encoding.snap(&mut x);
    x
}

/// The starting points of `count` optimizations: the best candidate with each set of active parameters, whose optima no gradient
/// connects, then the best of the others.
fn starts(ranked: &[(f64, Vec<f64>)], count: usize) -> Vec<&[f64]> {
    let mut known = BTreeSet::new();
    let (firsts, others): (Vec<&[f64]>, Vec<&[f64]>) =
        ranked.iter().map(|(_, x)| x.as_slice()).partition(|x| known.insert(branch(x)));
    // without conditions the best candidate is the only first one
    firsts.into_iter().chain(others).take(count).collect()
}

/// Candidates in `region`: draws from the prior, and configurations near the known ones.
fn candidates(encoding: &Encoding, region: SearchRegion<'_>, effort: Effort, stream: &mut Stream) -> Vec<Vec<f64>> {
    let is_inside = |x: &Vec<f64>| region.has(encoding, x);
    let known = region.known;
    let limit = region.subspace.draw_limit(encoding, effort.random_candidates);
    let drawn = (0..limit).map(|_| encoding.draw(stream)).filter(is_inside);
    let mut candidates: Vec<Vec<f64>> = drawn.take(effort.random_candidates).collect();
    if !known.is_empty() {
        let limit = region.subspace.draw_limit(encoding, effort.local_candidates);
        let near = (0..limit).map(|i| perturb(&known[i % known.len()], encoding, stream)).filter(is_inside);
        candidates.extend(near.take(effort.local_candidates));
    }
    candidates
}

/// A local maximum near `start`, a configuration of `region`, moved to a configuration of `region`, with its acquisition value.
fn optimize(
    acquisition_fn: AcquisitionFn<'_>,
    encoding: &Encoding,
    region: SearchRegion<'_>,
    start: &[f64],
    iterations: usize,
) -> (f64, Vec<f64>) {
    let is_fixed = |d: usize| encoding.axes()[d] == Axis::Unordered || start[d] == INACTIVE;
    let bound = |d: usize, end: f64| if is_fixed(d) { start[d] } else { end };
    let low: Vec<f64> = (0..start.len()).map(|d| bound(d, 0.0)).collect();
    let high: Vec<f64> = (0..start.len()).map(|d| bound(d, 1.0)).collect();
    let mut buffer = vec![0.0; start.len()];
    let loss = |x: &[f64], gradient: &mut [f64]| acquisition_fn.loss(x, gradient, &mut buffer);
    let stop =
        StopCriteria { max_iterations: iterations, max_step: MAX_STEP, min_relative_decrease: MIN_RELATIVE_INCREASE };
    let end = minimize(loss, start, Bounds { low: &low, high: &high }, stop).x;
    let x = end_inside(acquisition_fn, encoding, region, start, &end);
    let value = acquisition_fn.value(&x);
    optimize_levels(acquisition_fn, encoding, region, value, x)
}

/// The configuration at `end`. If that is not in `region`, one of `region` between `start`, which is in it, and `end`, or `start` if
/// there the acquisition is higher.
fn end_inside(
    acquisition_fn: AcquisitionFn<'_>,
    encoding: &Encoding,
    region: SearchRegion<'_>,
    start: &[f64],
    end: &[f64],
) -> Vec<f64> {
    let at = |halvings: i32| {
        let step = 0.5f64.powi(halvings);
        let between = |(start, end): (&f64, &f64)| if halvings == 0 { *end } else { start + step * (end - start) };
        let mut x: Vec<f64> = start.iter().zip(end).map(between).collect();
        encoding.snap(&mut x);
        x
    };
    let inside = (0..=MAX_HALVINGS).map(|halvings| (halvings, at(halvings))).find(|(_, x)| region.has(encoding, x));
    let is_better = |x: &[f64]| acquisition_fn.value(x) >= acquisition_fn.value(start);
    match inside {
        Some((halvings, x)) if halvings == 0 || is_better(&x) => x,
        _ => start.to_vec(),
    }
}

/// Tries all values of each parameter that has few, one parameter at a time, within `region`.
fn optimize_levels(
    acquisition_fn: AcquisitionFn<'_>,
    encoding: &Encoding,
    region: SearchRegion<'_>,
    mut value: f64,
    mut x: Vec<f64>,
) -> (f64, Vec<f64>) {
    for d in 0..x.len() {
        for level in encoding.levels(d) {
            if x[d] == level {
                continue;
            }
            let mut next = x.clone();
            next[d] = level;
            if encoding.has_rules() {
                encoding.snap(&mut next);
            }
            let new_value = acquisition_fn.value(&next);
            if new_value > value && region.has(encoding, &next) {
                (value, x) = (new_value, next);
            }
        }
    }
    (value, x)
}

/// A configuration near `x`: some ordered parameters move by a normal step with standard deviation between e⁻⁴ and e⁻¹ of their
/// range, some unordered ones are drawn from the prior. In many dimensions about 20 parameters change (Regis and Shoemaker 2013,
/// "Combining Radial Basis Function Surrogates and Dynamic Coordinate Search", section 2.2).
fn perturb(x: &[f64], encoding: &Encoding, stream: &mut Stream) -> Vec<f64> {
    let drawn = encoding.draw_values(stream);
    let std = libm::exp(-1.0 - 3.0 * stream.random::<f64>());
    let probability = 0.3f64.max(2.0 / x.len() as f64).min(20.0 / x.len() as f64);
    let mut near: Vec<f64> = x.iter().zip(&drawn).map(|(x, drawn)| if *x == INACTIVE { *drawn } else { *x }).collect();
    for d in 0..x.len() {
        if stream.random::<f64>() >= probability {
            continue;
        }
        near[d] = match encoding.axes()[d] {
            Axis::Ordered => (near[d] + std * std_normal::quantile(stream.random())).clamp(0.0, 1.0),
            Axis::Unordered => drawn[d],
        };
    }
    encoding.snap(&mut near);
    near
}
