//! Models of earlier studies (`--warm-start`), each perhaps of another task, and what they predict together.
//!
//! Each earlier study has a Gaussian process of its own over its own standardized costs, because the costs of different tasks have
//! different scales. The weighted mean of their predictions (see [`super::rank_weights`]), with an offset and a slope that are fitted
//! to the observations of this study, is the mean function of this study's process. So what is unknown about this study stays unknown,
//! and a weight of 0 leaves the process of a study without a warm start. (RGPE combines the variances too, which for few observations
//! are much too small.)

use std::sync::Arc;

use super::portfolio::portfolio;
use super::rank_weights::{Comparison, Weights, rank_weights};
use crate::search::encoding::{Dimension, Encoding, INACTIVE};
use crate::search::gp::fit::{fit, priors, starts};
use crate::search::gp::kernel::{Kernel, Point};
use crate::search::gp::likelihood::Dataset;
use crate::search::gp::posterior::{Posterior, PriorMean};
use crate::search::gp::rows::{ModelRow, costs};
use crate::search::gp::settings::ModelSettings;
use crate::search::gp::transform::transform_costs;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, Stream, stream};

/// Maximum number of observations of the model of one earlier study.
const MAX_ROWS: usize = 150;
/// Number of best configurations of each earlier study among which the portfolio is chosen.
const CANDIDATES: usize = 10;
/// Maximum number of configurations of the portfolio.
const MAX_PORTFOLIO: usize = 5;
/// Number of random configurations to whose median predictions are compared.
const REFERENCE: usize = 200;
/// Weight of the assumption that the slope is 1, in observations with unit variance.
const SLOPE_PRIOR: f64 = 1.0;

/// Observations of this study: their transformed values (none if all failed), and the indices of those that models use.
#[derive(Clone, Copy, Debug)]
pub struct ObservedRows<'a> {
    /// In their order.
    pub rows: &'a [ModelRow],
    /// As many as `rows`, or none.
    pub values: &'a [f64],
    /// Indices of `values`.
    pub chosen: &'a [usize],
}

/// The prior mean of the logarithm of the variance of what the mean function does not explain, if this study's own model has no weight:
/// a deviation of about a third of that of all values.
pub const RESIDUAL_LOG_VARIANCE: f64 = -2.0;

/// The models of all earlier studies.
#[derive(Debug)]
pub struct Ensemble {
    models: Arc<[Posterior]>,
    /// The configurations to run first, in this order.
    portfolio: Vec<Vec<f64>>,
    /// What each model predicts for each observation of this study, in their order.
    predictions: Vec<Vec<f64>>,
}

impl Ensemble {
    /// Fits a model to the observations of each study.
    pub fn new(
        settings: &ModelSettings,
        dimensions: &[Dimension],
        encoding: &Encoding,
        studies: &[Vec<ModelRow>],
        seed: u64,
    ) -> Ensemble {
        let mut draws = stream(seed, TrialId(u64::MAX), Purpose::Ensemble);
        let limit = encoding.draw_limit(REFERENCE);
        let reference: Vec<Vec<f64>> =
            (0..limit).map(|_| encoding.draw(&mut draws)).filter(|x| encoding.is_feasible(x)).take(REFERENCE).collect();
        let mut models = Vec::new();
        let mut candidates: Vec<Vec<f64>> = Vec::new();
        for (index, rows) in studies.iter().enumerate() {
            let Some(model) = model(settings, dimensions, rows, seed, index) else { continue };
            for x in best(&model, rows) {
                if !candidates.contains(&x) {
                    candidates.push(x);
                }
            }
            models.push(model);
        }
        let losses = losses(&models, &candidates, &reference);
        let chosen = portfolio(&losses, MAX_PORTFOLIO);
        Ensemble {
            models: models.into(),
            portfolio: chosen.into_iter().map(|i| candidates[i].clone()).collect(),
            predictions: Vec::new(),
        }
    }

    /// The configurations to run first, in this order.
    pub fn portfolio(&self) -> &[Vec<f64>] {
        &self.portfolio
    }

    /// Forgets what was predicted for the observations of this study, of which one was removed.
    pub fn forget_rows(&mut self) {
        self.predictions.clear();
    }

    fn predict(&mut self, rows: &[ModelRow]) {
        for row in rows.iter().skip(self.predictions.len()) {
            self.predictions.push(self.models.iter().map(|model| model.mean(&row.point)).collect());
        }
    }

    /// The weights given observations of this study, of which `data` has the chosen ones; `kernel` is that of a process without
    /// earlier studies.
    pub fn weights(
        &mut self,
        kernel: Kernel,
        data: Dataset,
        observed: ObservedRows<'_>,
        stream: &mut Stream,
    ) -> Weights {
        let ObservedRows { rows, values, chosen } = observed;
        self.predict(rows);
        let groups: Vec<u64> = chosen.iter().map(|i| rows[*i].trial.0).collect();
        let mut trials = groups.clone();
        trials.sort_unstable();
        trials.dedup();
        let own = Posterior::new(kernel, data).map(|own| own.leave_groups_out(&groups));
        let own = own.unwrap_or_else(|_| vec![0.0; chosen.len()]);
        let comparison = |(i, own): (&usize, f64)| Comparison {
            trial: trials.partition_point(|trial| *trial < rows[*i].trial.0),
            t: rows[*i].point.t,
            value: values[*i],
            earlier: self.predictions[*i].clone(),
            own,
        };
        let counted = chosen.iter().zip(own).filter(|(i, _)| rows[**i].cost.is_some());
        let comparisons: Vec<Comparison> = counted.map(comparison).collect();
        rank_weights(&comparisons, self.models.len(), stream)
    }

    /// The chosen observations minus the mean function with `weights`.
    pub fn residuals(&mut self, weights: &Weights, observed: ObservedRows<'_>) -> Dataset {
        let ObservedRows { rows, values, chosen } = observed;
        let mean = self.mean_function(weights, &rows[..values.len()], values);
        let points: Vec<Point> = chosen.iter().map(|i| rows[*i].point.clone()).collect();
        let values = chosen.iter().zip(&points).map(|(i, point)| values[*i] - mean.at(point)).collect();
        Dataset { points, values }
    }

    /// The mean function of this study's process with `weights`: its offset and slope are fitted to `rows` of this study with
    /// transformed `values` (ridge regression towards a slope of 1; a negative slope becomes 0).
    pub fn mean_function(&mut self, weights: &Weights, rows: &[ModelRow], values: &[f64]) -> EnsembleMean {
        self.predict(rows);
        let all: f64 = weights.earlier.iter().sum();
        let share = |weight: &f64| if all > 0.0 { weight / all } else { 0.0 };
        let shares: Vec<f64> = weights.earlier.iter().map(share).collect();
        let predicted: Vec<f64> = self.predictions[..values.len()]
            .iter()
            .map(|of_row| of_row.iter().zip(&shares).map(|(prediction, share)| prediction * share).sum())
            .collect();
        let n = values.len().max(1) as f64;
        let (mean_x, mean_y) = (predicted.iter().sum::<f64>() / n, values.iter().sum::<f64>() / n);
        let (mut xx, mut xy) = (SLOPE_PRIOR, SLOPE_PRIOR);
        for (x, y) in predicted.iter().zip(values) {
            xx += (x - mean_x) * (x - mean_x);
            xy += (x - mean_x) * (y - mean_y);
        }
        let slope = (xy / xx).max(0.0) * (1.0 - weights.own);
        EnsembleMean {
            models: self.models.clone(),
            factors: shares.into_iter().map(|share| slope * share).collect(),
            offset: mean_y - slope * mean_x,
        }
    }
}

/// The weighted mean of the predictions of earlier studies.
#[derive(Clone, Debug)]
pub struct EnsembleMean {
    models: Arc<[Posterior]>,
    factors: Vec<f64>,
    offset: f64,
}

impl EnsembleMean {
    fn counted(&self) -> impl Iterator<Item = (&Posterior, f64)> {
        self.models.iter().zip(self.factors.iter().copied()).filter(|(_, factor)| *factor != 0.0)
    }
}

impl PriorMean for EnsembleMean {
    fn at(&self, point: &Point) -> f64 {
        self.counted().fold(self.offset, |sum, (model, factor)| sum + factor * model.mean(point))
    }

    fn at_full_resource(&self, xs: &[Vec<f64>]) -> Vec<f64> {
        let mut sums = vec![self.offset; xs.len()];
        for (model, factor) in self.counted() {
            sums.iter_mut().zip(model.predict_means(xs)).for_each(|(sum, mean)| *sum += factor * mean);
        }
        sums
    }

    fn add_gradient(&self, point: &Point, gradient: &mut [f64]) -> f64 {
        let mut of_model = vec![0.0; gradient.len()];
        self.counted().fold(self.offset, |sum, (model, factor)| {
            let mean = model.mean_with_gradient(point, &mut of_model);
            gradient.iter_mut().zip(&of_model).for_each(|(g, d)| *g += factor * d);
            sum + factor * mean
        })
    }
}

/// The model of the earlier study with index `study`; `None` if all its jobs failed.
fn model(
    settings: &ModelSettings,
    dimensions: &[Dimension],
    rows: &[ModelRow],
    seed: u64,
    study: usize,
) -> Option<Posterior> {
    let values = transform_costs(&costs(rows)?);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    // as in the model of this study: good values and high resources first
    let key = |i: &usize| 0.5 * (values[*i] - rows[*i].point.t);
    order.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
    // the best half, and an even selection of the others
    let (best, others) = order.split_at(order.len().min(MAX_ROWS / 2));
    let stride = others.len().div_ceil(MAX_ROWS / 2).max(1);
    let chosen: Vec<usize> = best.iter().copied().chain(others.iter().copied().step_by(stride)).collect();
    let data = Dataset {
        points: chosen.iter().map(|i| rows[*i].point.clone()).collect(),
        values: chosen.iter().map(|i| values[*i]).collect(),
    };
    let active = |row: &ModelRow| row.point.x.iter().filter(|x| **x != INACTIVE).count();
    let active = rows.iter().map(active).sum::<usize>() as f64 / rows.len() as f64;
    let has_resource = rows.iter().any(|row| row.point.t != rows[0].point.t);
    let mut priors = priors(dimensions.len(), active, has_resource);
    if let Some(length_scale) = settings.length_scale {
        priors.set_length_scale(length_scale);
    }
    let mut draws = stream(seed, TrialId(u64::MAX - 1 - study as u64), Purpose::Ensemble);
    let starts = starts(&priors, settings.restarts, &mut draws);
    let hyperparameters = fit(settings.kernel, dimensions, &data, &priors, &starts);
    Posterior::new(Kernel::new(settings.kernel, dimensions, &hyperparameters), data).ok()
}

/// The configurations of a study with the best predicted means, the best first.
fn best(model: &Posterior, rows: &[ModelRow]) -> Vec<Vec<f64>> {
    let mut vectors: Vec<Vec<f64>> = Vec::new();
    let mut last = None;
    for row in rows.iter().filter(|row| row.cost.is_some()) {
        if last != Some(row.trial) && !vectors.contains(&row.point.x) {
            vectors.push(row.point.x.clone());
        }
        last = Some(row.trial);
    }
    let means = model.predict_means(&vectors);
    let mut ranked: Vec<(f64, Vec<f64>)> = means.into_iter().zip(vectors).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    ranked.into_iter().take(CANDIDATES).map(|(_, x)| x).collect()
}

/// Of each candidate, its loss in each study: 0 for the best candidate there, 1 for the median of `reference` or anything worse.
fn losses(models: &[Posterior], candidates: &[Vec<f64>], reference: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut losses = vec![Vec::with_capacity(models.len()); candidates.len()];
    for model in models {
        let means = model.predict_means(candidates);
        let mut others = model.predict_means(reference);
        others.sort_by(f64::total_cmp);
        let best = means.iter().copied().fold(f64::INFINITY, f64::min);
        let scale = others.get(others.len() / 2).map_or(0.0, |median| median - best);
        let loss = |mean: f64| if scale > 0.0 { ((mean - best) / scale).min(1.0) } else { 0.0 };
        losses.iter_mut().zip(means).for_each(|(losses, mean)| losses.push(loss(mean)));
    }
    losses
}
