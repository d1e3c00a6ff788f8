//! Choice of the observations that the model keeps when there are more than it can use.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::search::gp::kernel::{Hyperparameters, Kernel, Point, ScaledPoint};
use crate::search::gp::linalg::dot;

/// The last choice.
#[derive(Debug, Default)]
pub struct ActiveSet {
    last: Option<(Kernel, usize, Vec<usize>)>,
}

impl ActiveSet {
    /// [`choose`] among the candidates of the first `count` observations, computed once per count and kernel.
    pub fn choose(
        &mut self,
        kernel: &Kernel,
        count: usize,
        max: usize,
        candidates: impl FnOnce() -> Vec<WeightedObservation>,
    ) -> Vec<usize> {
        match &self.last {
            Some((of, counted, chosen)) if of == kernel && *counted == count => chosen.clone(),
            _ => {
                let chosen = choose(kernel, &candidates(), max);
                self.last = Some((kernel.clone(), count, chosen.clone()));
                chosen
            }
        }
    }
}

/// Observations at `points` with transformed `values`. The weight is the square of a quality e^(−value/2) and of the correlation with
/// the value of the same configuration at the full resource: what the model is asked for is where the best full trainings are.
pub fn candidates(
    kernel: &Kernel,
    hyperparameters: &Hyperparameters,
    points: &[Point],
    values: &[f64],
) -> Vec<WeightedObservation> {
    let inverse = libm::exp(-hyperparameters.resource_length_scale);
    let candidate = |(point, value): (&Point, &f64)| {
        let resource = point.t * inverse;
        WeightedObservation { point: kernel.scale(point), log_weight: -value - resource * resource }
    };
    points.iter().zip(values).map(candidate).collect()
}

/// Smallest conditional variance, as a fraction of the signal variance, that is not taken for zero.
const MIN_VARIANCE: f64 = 1e-9;

/// An observation that may be chosen.
#[derive(Clone, Debug)]
pub struct WeightedObservation {
    /// The configuration and resource.
    pub point: ScaledPoint,
    /// The logarithm of its weight: how much more than others it is worth to know the value here.
    pub log_weight: f64,
}

/// A candidate with its row of the Cholesky factor of the chosen ones, up to some column, and the variance that these leave.
struct Entry {
    index: usize,
    row: Vec<f64>,
    variance: f64,
    score: f64,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.score.total_cmp(&other.score).then(other.index.cmp(&self.index))
    }
}

/// Indices of `max` of `candidates`, sorted: one after the other, the candidate with the largest product of its weight and its
/// variance given those already chosen. So the chosen ones are spread over the space, and most densely where weights are large
/// (Moss, Ober and Picheny 2023, "Inducing Point Allocation for Sparse Gaussian Processes in High-Throughput Bayesian Optimisation",
/// section 4: the greedy choice of a determinantal point process of quality and diversity; Chen, Zhang and Zhou 2018, "Fast Greedy MAP
/// Inference for Determinantal Point Process", for the Cholesky rows).
///
/// A variance only decreases while others are chosen, so that one computed earlier is an upper bound, and only the rows of candidates
/// that come first by this bound are extended (Minoux 1978, "Accelerated greedy algorithms").
pub fn choose(kernel: &Kernel, candidates: &[WeightedObservation], max: usize) -> Vec<usize> {
    let entry = |(index, candidate): (usize, &WeightedObservation)| {
        let variance = kernel.variance();
        let score = libm::log(variance) + candidate.log_weight;
        Entry { index, row: Vec::new(), variance, score }
    };
    let mut queue: BinaryHeap<Entry> = candidates.iter().enumerate().map(entry).collect();
    let mut points: Vec<ScaledPoint> = Vec::with_capacity(max);
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(max);
    let mut chosen: Vec<usize> = Vec::with_capacity(max);
    while chosen.len() < max {
        let Some(mut first) = queue.pop() else { break };
        let candidate = &candidates[first.index];
        if first.row.len() < rows.len() {
            extend(kernel, &mut first, &candidate.point, &points, &rows);
            first.score = libm::log(first.variance) + candidate.log_weight;
            queue.push(first);
            continue;
        }
        first.row.push((first.variance + kernel.noise()).sqrt());
        rows.push(first.row);
        points.push(candidate.point.clone());
        chosen.push(first.index);
    }
    chosen.sort_unstable();
    chosen
}

/// Extends the row of `entry`, which is at `point`, by the columns of the latest of the chosen `points`.
fn extend(kernel: &Kernel, entry: &mut Entry, point: &ScaledPoint, points: &[ScaledPoint], rows: &[Vec<f64>]) {
    let known = entry.row.len();
    let covariances = kernel.row(point, &points[known..]);
    for (j, covariance) in (known..).zip(covariances) {
        let solved = (covariance - dot(&rows[j][..j], &entry.row)) / rows[j][j];
        entry.row.push(solved);
        entry.variance -= solved * solved;
    }
    entry.variance = entry.variance.max(MIN_VARIANCE * kernel.variance());
}
