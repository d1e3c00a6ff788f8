//! Predictions of a Gaussian process (Rasmussen and Williams 2006, algorithm 2.1).

use super::kernel::{CovarianceTerms, Kernel, Point, ScaledBatch, ScaledPoint};
use super::likelihood::{Dataset, JITTER, covariance};
use super::linalg::{Cholesky, NotPositiveDefiniteError, dot};
use super::simd::{F64s, LANES};

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

/// A Gaussian process conditioned on observations.
#[derive(Clone, Debug)]
pub struct Posterior {
    kernel: Kernel,
    points: Vec<ScaledPoint>,
    values: Vec<f64>,
    factor: Cholesky,
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
                    let mut posterior = Posterior { kernel, points, values: data.values, factor, weights: Vec::new() };
                    posterior.solve_weights();
                    return Ok(posterior);
                }
                Err(error) if jitter > 1e-3 => return Err(error),
                Err(_) => jitter *= 10.0,
            }
        }
    }

    /// Adds observations without changing the hyperparameters. If one makes the covariance matrix singular, it and all after it are
    /// omitted.
    pub fn extend(&mut self, points: &[Point], values: &[f64]) {
        let known = self.points.len();
        self.points.extend(self.kernel.scale_all(points));
        let diagonal = self.kernel.variance() * (1.0 + JITTER) + self.kernel.noise();
        let row = |i: usize| {
            let mut row = self.kernel.row(&self.points[i], &self.points[..i]);
            row.push(diagonal);
            row
        };
        let rows: Vec<Vec<f64>> = (known..self.points.len()).map(row).collect();
        let added = self.factor.extend(&rows).map_or_else(|error| error.row - known, |()| rows.len());
        self.points.truncate(known + added);
        self.values.extend_from_slice(&values[..added]);
        self.solve_weights();
    }

    #[cfg(test)]
    pub fn observations(&self) -> usize {
        self.points.len()
    }

    /// Predicts the value at `point`.
    pub fn predict(&self, point: &Point) -> Prediction {
        let point = self.kernel.scale(point);
        let mut k = self.kernel.row(&point, &self.points);
        let mean = dot(&k, &self.weights);
        self.factor.forward(&mut k);
        self.prediction(mean, dot(&k, &k))
    }

    /// Predicted means of configurations at the full resource; much cheaper than [`Posterior::predict_batch`].
    pub fn predict_means(&self, xs: &[Vec<f64>]) -> Vec<f64> {
        let mut all = Vec::with_capacity(xs.len());
        for group in xs.chunks(LANES) {
            let means = self.covariances(group, |_, _| {});
            all.extend_from_slice(&means[..group.len()]);
        }
        all
    }

    /// Predictions for configurations at the full resource.
    pub fn predict_batch(&self, xs: &[Vec<f64>]) -> Vec<Prediction> {
        let mut predictions = Vec::with_capacity(xs.len());
        let mut block: Vec<F64s> = vec![[0.0; LANES]; self.points.len()];
        for group in xs.chunks(LANES) {
            let means = self.covariances(group, |i, covariances| block[i] = covariances);
            self.factor.forward_batch(&mut block, 0);
            let mut explained = [0.0; LANES];
            for lanes in &block {
                for k in 0..LANES {
                    explained[k] += lanes[k] * lanes[k];
                }
            }
            predictions.extend((0..group.len()).map(|k| self.prediction(means[k], explained[k])));
        }
        predictions
    }

    /// Calls `each` with the index of each observation and its covariances with `xs` (at most [`LANES`], at the full resource).
    /// Returns the predicted means.
    fn covariances(&self, xs: &[Vec<f64>], mut each: impl FnMut(usize, F64s)) -> F64s {
        let batch = ScaledBatch::new(&self.kernel, xs);
        let mut means = [0.0; LANES];
        for (i, (point, weight)) in self.points.iter().zip(&self.weights).enumerate() {
            let covariances = batch.covariances(&self.kernel, point);
            for k in 0..LANES {
                means[k] += covariances[k] * weight;
            }
            each(i, covariances);
        }
        means
    }

    /// Predicts the value at `point` and writes the gradients of mean and standard deviation, which are 0 for unordered parameters.
    pub fn predict_with_gradient(&self, point: &Point, d_mean: &mut [f64], d_std: &mut [f64]) -> Prediction {
        let point = self.kernel.scale(point);
        let mut terms: Vec<CovarianceTerms> = Vec::with_capacity(self.points.len());
        self.kernel.for_each_covariance(&point, &self.points, |_, term| terms.push(term));
        let k: Vec<f64> = terms.iter().map(|term| term.value).collect();
        let mut half = k.clone();
        self.factor.forward(&mut half);
        let prediction = self.prediction(dot(&k, &self.weights), dot(&half, &half));
        self.factor.backward(&mut half);
        let mut sums = [vec![0.0; self.kernel.ordered_count()], vec![0.0; self.kernel.ordered_count()]];
        for (i, (term, known)) in terms.iter().zip(&self.points).enumerate() {
            self.kernel.add_gradient(&point, known, term, self.weights[i], &mut sums[0]);
            self.kernel.add_gradient(&point, known, term, -half[i] / prediction.std, &mut sums[1]);
        }
        self.kernel.scatter_gradient(&sums[0], d_mean);
        self.kernel.scatter_gradient(&sums[1], d_std);
        prediction
    }

    /// The outlook of the configuration `x` before a job that ends at the log resource `t`; see [`Point::t`].
    pub fn outlook(&self, x: &[f64], t: f64) -> Outlook {
        let points =
            [Point { x: x.to_vec(), t }, Point { x: x.to_vec(), t: 0.0 }].map(|point| self.kernel.scale(&point));
        let [mut job, mut full] = points.each_ref().map(|point| self.kernel.row(point, &self.points));
        let mean = dot(&full, &self.weights);
        self.factor.forward(&mut full);
        let Prediction { std, .. } = self.prediction(mean, dot(&full, &full));
        if t >= 0.0 {
            return Outlook { mean, std, explained: std };
        }
        self.factor.forward(&mut job);
        let [at_job, at_full] = points;
        let covariance = self.kernel.row(&at_job, &[at_full])[0] - dot(&job, &full);
        let result = self.prediction(0.0, dot(&job, &job)).std;
        let explained = (covariance / (result * result + self.kernel.noise()).sqrt()).abs().min(std);
        Outlook { mean, std, explained }
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
