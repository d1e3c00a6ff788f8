//! Predictions of a Gaussian process (Rasmussen and Williams 2006, algorithm 2.1).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::kernel::{CovarianceTerms, Kernel, Point, ScaledBatch, ScaledPoint};
use super::likelihood::{Dataset, JITTER, covariance};
use super::linalg::{Cholesky, LowerTriangle, NotPositiveDefiniteError, dot};
use super::simd::{F64s, LANES, dispatch};

/// The predicted distribution of a transformed value, without noise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Prediction {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, > 0.
    pub std: f64,
}

/// What is known about a trial's value at the full resource before a job of it, and how much the job will tell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Outlook {
    /// The predicted mean at the full resource.
    pub mean: f64,
    /// The standard deviation at the full resource, > 0.
    pub std: f64,
    /// The standard deviation of the predicted mean after the job, in [0, `std`]; `std` if the job has the full resource.
    pub explained: f64,
}

/// The mean function of a process before it has observations; without one, the mean is 0.
pub trait PriorMean: fmt::Debug + Send + Sync {
    /// Its value at `point`.
    fn at(&self, point: &Point) -> f64;
    /// Its values at configurations at the full resource.
    fn at_full_resource(&self, xs: &[Vec<f64>]) -> Vec<f64>;
    /// Adds its gradient at `point`, which is 0 for unordered parameters, and returns its value there.
    fn add_gradient(&self, point: &Point, gradient: &mut [f64]) -> f64;
}

/// A Gaussian process conditioned on observations.
#[derive(Clone, Debug)]
pub struct Posterior {
    kernel: Kernel,
    mean: Option<Arc<dyn PriorMean>>,
    points: Vec<ScaledPoint>,
    /// Minus the mean function.
    values: Vec<f64>,
    /// Number of points that it was conditioned on, without those of [`Posterior::extend`].
    observed: usize,
    factor: Cholesky,
    /// The jitter on the diagonal of the observed points.
    jitter: f64,
    /// K⁻¹·y.
    weights: Vec<f64>,
}

impl Posterior {
    /// Conditions a process on `data`. If the covariance matrix cannot be factored, the jitter is increased by factors of 10 up to
    /// 10⁻².
    pub fn new(kernel: Kernel, data: Dataset) -> Result<Posterior, NotPositiveDefiniteError> {
        let points = kernel.scale_all(&data.points);
        let mut jitter = JITTER;
        loop {
            match Cholesky::of(&covariance(&kernel, &points, jitter)) {
                Ok(factor) => {
                    let (observed, values, weights) = (points.len(), data.values, Vec::new());
                    let mut posterior =
                        Posterior { kernel, mean: None, points, values, observed, factor, jitter, weights };
                    posterior.solve_weights();
                    return Ok(posterior);
                }
                Err(error) if jitter > 1e-3 => return Err(error),
                Err(_) => jitter *= 10.0,
            }
        }
    }

    /// Conditions a process with the mean function `mean`, or 0, on `data`.
    pub fn with_mean(
        kernel: Kernel,
        mut data: Dataset,
        mean: Option<Arc<dyn PriorMean>>,
    ) -> Result<Posterior, NotPositiveDefiniteError> {
        subtract_mean(&mut data, mean.as_deref());
        Ok(Posterior { mean, ..Posterior::new(kernel, data)? })
    }

    /// The same as [`Posterior::new`], without factoring the rows of leading observations that are also the leading ones of `self`.
    /// With `mean`, the same as [`Posterior::with_mean`].
    pub fn condition(
        mut self,
        kernel: Kernel,
        mut data: Dataset,
        mean: Option<Arc<dyn PriorMean>>,
    ) -> Result<Posterior, NotPositiveDefiniteError> {
        let points = kernel.scale_all(&data.points);
        let shared = self.points[..self.observed].iter().zip(&points).take_while(|(old, new)| old == new).count();
        // Rows are factored in blocks, and a sum has another order in another block.
        let kept = shared / LANES * LANES;
        // A larger jitter may be due to a row that is not there any more.
        if kept == 0 || self.kernel != kernel || self.jitter > JITTER {
            return Posterior::with_mean(kernel, data, mean);
        }
        self.factor.truncate(kept);
        self.points.truncate(kept);
        self.points.extend_from_slice(&points[kept..]);
        let rows = self.rows(kept);
        if self.factor.extend(&rows).is_err() {
            return Posterior::with_mean(kernel, data, mean);
        }
        subtract_mean(&mut data, mean.as_deref());
        self.mean = mean;
        (self.observed, self.values) = (points.len(), data.values);
        self.solve_weights();
        Ok(self)
    }

    /// Adds observations without changing the hyperparameters. If one makes the covariance matrix singular, it and all after it are
    /// omitted.
    pub fn extend(&mut self, points: &[Point], values: &[f64]) {
        let known = self.points.len();
        self.points.extend(self.kernel.scale_all(points));
        let rows = self.rows(known);
        let added = self.factor.extend(&rows).map_or_else(|error| error.row - known, |()| rows.len());
        self.points.truncate(known + added);
        let residual = |(value, point): (&f64, &Point)| value - self.mean.as_ref().map_or(0.0, |mean| mean.at(point));
        self.values.extend(values[..added].iter().zip(points).map(residual));
        self.solve_weights();
    }

    /// The rows of the covariance matrix from `first` on, up to the diagonal.
    fn rows(&self, first: usize) -> Vec<Vec<f64>> {
        let diagonal = self.kernel.variance() * (1.0 + JITTER) + self.kernel.noise();
        let row = |i: usize| {
            let mut row = self.kernel.row(&self.points[i], &self.points[..i]);
            row.push(diagonal);
            row
        };
        (first..self.points.len()).map(row).collect()
    }

    #[cfg(test)]
    pub fn observations(&self) -> usize {
        self.points.len()
    }

    /// Predicts the value at `point`.
    pub fn predict(&self, point: &Point) -> Prediction {
        let prior_mean = self.mean.as_ref().map_or(0.0, |mean| mean.at(point));
        let point = self.kernel.scale(point);
        let mut k = self.kernel.row(&point, &self.points);
        let mean = prior_mean + dot(&k, &self.weights);
        self.factor.forward(&mut k);
        self.prediction(mean, dot(&k, &k))
    }

    /// Predicted means of configurations at the full resource; much cheaper than [`Posterior::predict_batch`].
    pub fn predict_means(&self, xs: &[Vec<f64>]) -> Vec<f64> {
        let mut all = Vec::with_capacity(xs.len());
        let mut block: Vec<F64s> = vec![[0.0; LANES]; self.points.len()];
        for group in xs.chunks(LANES) {
            let means = self.covariances(group, &mut block);
            all.extend_from_slice(&means[..group.len()]);
        }
        self.add_prior_means(xs, all.iter_mut());
        all
    }

    /// Predictions for configurations at the full resource.
    pub fn predict_batch(&self, xs: &[Vec<f64>]) -> Vec<Prediction> {
        let mut predictions = Vec::with_capacity(xs.len());
        let mut block: Vec<F64s> = vec![[0.0; LANES]; self.points.len()];
        for group in xs.chunks(LANES) {
            let means = self.covariances(group, &mut block);
            self.factor.forward_batch(&mut block, 0);
            let mut explained = [0.0; LANES];
            for lanes in &block {
                for k in 0..LANES {
                    explained[k] += lanes[k] * lanes[k];
                }
            }
            predictions.extend((0..group.len()).map(|k| self.prediction(means[k], explained[k])));
        }
        self.add_prior_means(xs, predictions.iter_mut().map(|prediction| &mut prediction.mean));
        predictions
    }

    fn add_prior_means<'a>(&self, xs: &[Vec<f64>], means: impl Iterator<Item = &'a mut f64>) {
        if let Some(prior) = &self.mean {
            means.zip(prior.at_full_resource(xs)).for_each(|(mean, prior)| *mean += prior);
        }
    }

    /// The predicted mean at `point`.
    pub fn mean(&self, point: &Point) -> f64 {
        let prior_mean = self.mean.as_ref().map_or(0.0, |mean| mean.at(point));
        prior_mean + dot(&self.kernel.row(&self.kernel.scale(point), &self.points), &self.weights)
    }

    /// The predicted mean at `point`; writes its gradient, which is 0 for unordered parameters.
    pub fn mean_with_gradient(&self, point: &Point, gradient: &mut [f64]) -> f64 {
        let scaled = self.kernel.scale(point);
        let mut sums = vec![0.0; self.kernel.ordered_count()];
        let mut mean = 0.0;
        self.kernel.for_each_covariance(&scaled, &self.points, |i, term| {
            mean += term.value * self.weights[i];
            self.kernel.add_gradient(&scaled, &self.points[i], &term, self.weights[i], &mut sums);
        });
        self.kernel.scatter_gradient(&sums, gradient);
        mean + self.mean.as_ref().map_or(0.0, |prior| prior.add_gradient(point, gradient))
    }

    /// The mean at each observed point, predicted without all observations of its group (Rasmussen and Williams 2006, eq. 5.12, for
    /// groups: the residuals of group B are [K⁻¹]_BB⁻¹·[K⁻¹·y]_B). `groups` has the group of each observation. Without a mean function
    /// only.
    pub fn leave_groups_out(&self, groups: &[u64]) -> Vec<f64> {
        let inverse = self.factor.inverse();
        let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        groups.iter().enumerate().for_each(|(i, group)| members.entry(*group).or_default().push(i));
        let mut means = vec![0.0; groups.len()];
        for group in members.values() {
            let mut block = LowerTriangle::with_capacity(group.len());
            for (at, i) in group.iter().enumerate() {
                let row: Vec<f64> = group[..=at].iter().map(|j| inverse.row(*i.max(j))[*i.min(j)]).collect();
                block.push(&row);
            }
            let mut residuals: Vec<f64> = group.iter().map(|i| self.weights[*i]).collect();
            if let Ok(factor) = Cholesky::of(&block) {
                factor.solve(&mut residuals);
                group.iter().zip(residuals).for_each(|(i, residual)| means[*i] = self.values[*i] - residual);
            }
        }
        means
    }

    /// Writes the covariances of each observation with `xs` (at most [`LANES`], at the full resource) to `block`. Returns the predicted
    /// means.
    fn covariances(&self, xs: &[Vec<f64>], block: &mut [F64s]) -> F64s {
        batch_covariances(&ScaledBatch::new(&self.kernel, xs), self, block)
    }

    /// Predicts the value at `point` and writes the gradients of mean and standard deviation, which are 0 for unordered parameters.
    pub fn predict_with_gradient(&self, point: &Point, d_mean: &mut [f64], d_std: &mut [f64]) -> Prediction {
        let unscaled = point;
        let point = self.kernel.scale(point);
        let mut terms: Vec<CovarianceTerms> = Vec::with_capacity(self.points.len());
        self.kernel.for_each_covariance(&point, &self.points, |_, term| terms.push(term));
        let k: Vec<f64> = terms.iter().map(|term| term.value).collect();
        let mut half = k.clone();
        self.factor.forward(&mut half);
        let mut prediction = self.prediction(dot(&k, &self.weights), dot(&half, &half));
        self.factor.backward(&mut half);
        let mut sums = [vec![0.0; self.kernel.ordered_count()], vec![0.0; self.kernel.ordered_count()]];
        for (i, (term, known)) in terms.iter().zip(&self.points).enumerate() {
            self.kernel.add_gradient(&point, known, term, self.weights[i], &mut sums[0]);
            self.kernel.add_gradient(&point, known, term, -half[i] / prediction.std, &mut sums[1]);
        }
        self.kernel.scatter_gradient(&sums[0], d_mean);
        prediction.mean += self.mean.as_ref().map_or(0.0, |prior| prior.add_gradient(unscaled, d_mean));
        self.kernel.scatter_gradient(&sums[1], d_std);
        prediction
    }

    /// The outlook of the configuration `x` before a job that ends at each of `log_resources`; see [`Point::t`].
    pub fn outlooks(&self, x: &[f64], log_resources: &[f64]) -> Vec<Outlook> {
        let point = Point { x: x.to_vec(), t: 0.0 };
        let prior_mean = self.mean.as_ref().map_or(0.0, |mean| mean.at(&point));
        let at_full = [self.kernel.scale(&point)];
        let mut full = self.kernel.row(&at_full[0], &self.points);
        let mean = prior_mean + dot(&full, &self.weights);
        self.factor.forward(&mut full);
        let Prediction { std, .. } = self.prediction(mean, dot(&full, &full));
        let explained = |t: f64| {
            if t >= 0.0 {
                return std;
            }
            let at_job = self.kernel.scale(&Point { x: x.to_vec(), t });
            let mut job = self.kernel.row(&at_job, &self.points);
            self.factor.forward(&mut job);
            let covariance = self.kernel.row(&at_job, &at_full)[0] - dot(&job, &full);
            let result = self.prediction(0.0, dot(&job, &job)).std;
            (covariance / (result * result + self.kernel.noise()).sqrt()).abs().min(std)
        };
        log_resources.iter().map(|t| Outlook { mean, std, explained: explained(*t) }).collect()
    }

    fn prediction(&self, mean: f64, explained: f64) -> Prediction {
        let variance = self.kernel.variance();
        Prediction { mean, std: (variance - explained).max(1e-10 * variance).sqrt() }
    }

    fn solve_weights(&mut self) {
        self.weights.clear();
        self.weights.extend_from_slice(&self.values);
        self.factor.solve(&mut self.weights);
    }
}

/// Subtracts `mean` from the values of `data`.
fn subtract_mean(data: &mut Dataset, mean: Option<&dyn PriorMean>) {
    if let Some(mean) = mean {
        data.values.iter_mut().zip(&data.points).for_each(|(value, point)| *value -= mean.at(point));
    }
}

fn batch_covariances(batch: &ScaledBatch, posterior: &Posterior, block: &mut [F64s]) -> F64s {
    dispatch!(batch_covariances_any(batch: &ScaledBatch, posterior: &Posterior, block: &mut [F64s]) -> F64s)
}

#[inline(always)]
fn batch_covariances_any(batch: &ScaledBatch, posterior: &Posterior, block: &mut [F64s]) -> F64s {
    let mut means = [0.0; LANES];
    for ((point, weight), lanes) in posterior.points.iter().zip(&posterior.weights).zip(block) {
        *lanes = batch.covariances(&posterior.kernel, point);
        for k in 0..LANES {
            means[k] += lanes[k] * weight;
        }
    }
    means
}
