//! Observations and the posterior, which is fitted on demand.
//!
//! The posterior is a function of the seed and the observations in their order. It does not depend on when it was computed before, so
//! that a replayed journal gives the same model.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::fit::{fit, priors, starts};
use super::kernel::{Hyperparameters, Kernel, Point};
use super::likelihood::{Dataset, Priors};
use super::posterior::{Posterior, PriorMean};
use super::rows::active_set::{ActiveSet, candidates};
use super::rows::{ModelRow, costs};
use super::settings::ModelSettings;
use super::transfer::ensemble::{Ensemble, ObservedRows, RESIDUAL_LOG_VARIANCE};
use super::transfer::rank_weights::Weights;
use super::transform::transform_costs;
use crate::search::encoding::{Dimension, INACTIVE};
use crate::search::observation::is_prior_trial;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, Stream, stream};

/// Maximum number of observations for a fit of hyperparameters: the cost is cubic, and more hardly change the result.
const MAX_FIT_ROWS: usize = 200;
/// Number of observations up to which all are used, and number of those in the active set beyond.
const MAX_ROWS: usize = 400;
/// Number of new observations, all used, after which the active set is chosen again. A choice among n observations costs n·[`MAX_ROWS`]²
/// operations.
const ACTIVE_SET_STEP: usize = 100;
/// Maximum number of running trials added to the posterior; the latest are kept.
const MAX_PENDING: usize = 200;
/// Factor of growth of the number of observations after which hyperparameters are fitted again.
const REFIT_GROWTH: f64 = 1.1;

/// An observed trial and its predicted mean at the full resource.
#[derive(Clone, PartialEq, Debug)]
pub struct RankedTrial {
    /// The trial.
    pub trial: TrialId,
    /// Its vector.
    pub x: Vec<f64>,
    /// Its predicted mean at the full resource, transformed.
    pub mean: f64,
    /// The highest t of its observations; see [`Point::t`].
    pub max_t: f64,
}

/// What is fitted to the observations.
#[derive(Clone, PartialEq, Debug)]
struct Fitted {
    hyperparameters: Hyperparameters,
    /// Those of earlier studies, if there are any.
    weights: Option<Weights>,
}

/// The model.
#[derive(Debug)]
pub struct Model {
    settings: ModelSettings,
    dimensions: Vec<Dimension>,
    seed: u64,
    rows: Vec<ModelRow>,
    /// Vectors of running trials without observations.
    pending: BTreeMap<TrialId, Vec<f64>>,
    /// The models of earlier studies.
    ensemble: Option<Ensemble>,
    /// The last fit, and the number of observations it used.
    fitted: Option<(usize, Fitted)>,
    posterior: Option<Posterior>,
    /// The posterior before the last change, whose factor is extended.
    previous: Option<Posterior>,
    /// The last result of [`Model::ranking`], until the next change.
    ranking: Option<Vec<RankedTrial>>,
    active_set: ActiveSet,
}

impl Model {
    /// A model without observations.
    pub fn new(settings: ModelSettings, dimensions: &[Dimension], seed: u64) -> Model {
        Model {
            settings,
            dimensions: dimensions.to_vec(),
            seed,
            rows: Vec::new(),
            pending: BTreeMap::new(),
            ensemble: None,
            fitted: None,
            posterior: None,
            previous: None,
            ranking: None,
            active_set: ActiveSet::default(),
        }
    }

    /// Observations, running trials or earlier studies change.
    fn invalidate(&mut self) {
        self.previous = self.posterior.take().or(self.previous.take());
        self.ranking = None;
    }

    /// Sets the models of earlier studies; only before the first observation.
    pub fn set_ensemble(&mut self, ensemble: Ensemble) {
        self.ensemble = Some(ensemble);
        self.invalidate();
    }

    /// The models of earlier studies.
    pub fn ensemble(&self) -> Option<&Ensemble> {
        self.ensemble.as_ref()
    }

    /// Whether an earlier study has a weight.
    pub fn has_weighted_studies(&mut self) -> bool {
        self.ensemble.is_some() && self.fit().weights.is_some_and(|weights| weights.earlier.iter().any(|w| *w > 0.0))
    }

    /// A new trial with vector `x` starts.
    pub fn add_pending(&mut self, trial: TrialId, x: Vec<f64>) {
        self.pending.insert(trial, x);
        self.invalidate();
    }

    /// Adds an observation of `trial` at `point`: its cost (less is better), or `None` for a failure.
    pub fn observe(&mut self, trial: TrialId, point: Point, cost: Option<f64>) {
        self.pending.remove(&trial);
        self.rows.push(ModelRow { trial, point, cost });
        self.invalidate();
    }

    /// Removes the failure of `trial`, of which there is at most one.
    pub fn forget_failure(&mut self, trial: TrialId) {
        self.rows.retain(|row| row.trial != trial || row.cost.is_some());
        self.ensemble.iter_mut().for_each(Ensemble::forget_rows);
        // They are functions of the observations, of which one is removed.
        self.active_set = ActiveSet::default();
        self.fitted = None;
        self.invalidate();
    }

    /// Identifies the decision that follows from what is known: every start of a trial and every observation changes it.
    pub fn decision(&self) -> u64 {
        (2 * self.rows.len() + self.pending.len()) as u64
    }

    /// Number of observations, including failures.
    pub fn observations(&self) -> usize {
        self.rows.len()
    }

    /// The vectors of all trials of this study, including running ones.
    pub fn vectors(&self) -> impl Iterator<Item = &[f64]> {
        let own = self.rows.iter().filter(|row| !is_prior_trial(row.trial));
        own.map(|row| &row.point.x).chain(self.pending.values()).map(Vec::as_slice)
    }

    /// The posterior given all observations. Each new running trial counts as observed with its predicted mean ("kriging believer",
    /// Ginsbourger, Le Riche and Carraro 2010). `None` if all observations are failures or the covariance matrix cannot be factored.
    ///
    /// A promoted trial that runs is known from its lower rungs and is not added: with 16 slots that made the first half of a study
    /// worse by more than its end became better (see CONTRIBUTING.md).
    pub fn posterior(&mut self) -> Option<&Posterior> {
        if self.posterior.is_none() {
            // Earlier studies predict without observations of this one.
            let costs = costs(&self.rows).or_else(|| self.ensemble.is_some().then(Vec::new))?;
            let values = if costs.is_empty() { costs } else { transform_costs(&costs) };
            let Fitted { hyperparameters, weights } = self.fit();
            let kernel = Kernel::new(self.settings.kernel, &self.dimensions, &hyperparameters);
            let chosen = self.conditioned_rows(&kernel, &hyperparameters, values.len());
            let data = self.dataset(&chosen, &values);
            let mean: Option<Arc<dyn PriorMean>> = match (&mut self.ensemble, weights) {
                (Some(ensemble), Some(weights)) => {
                    Some(Arc::new(ensemble.mean_function(&weights, &self.rows[..values.len()], &values)))
                }
                _ => None,
            };
            let mut posterior = match self.previous.take() {
                Some(previous) => previous.condition(kernel, data, mean).ok()?,
                None => Posterior::with_mean(kernel, data, mean).ok()?,
            };
            let running: Vec<Vec<f64>> = self.pending.values().rev().take(MAX_PENDING).cloned().collect();
            let means = posterior.predict_means(&running);
            let points: Vec<Point> = running.into_iter().map(|x| Point { x, t: 0.0 }).collect();
            posterior.extend(&points, &means);
            self.posterior = Some(posterior);
        }
        self.posterior.as_ref()
    }

    /// Indices of the first `n` observations that the posterior is conditioned on: all, or the active set of those before the last multiple of
    /// [`ACTIVE_SET_STEP`] and all later ones, so that the posterior's factor is only extended in between.
    fn conditioned_rows(&mut self, kernel: &Kernel, hyperparameters: &Hyperparameters, n: usize) -> Vec<usize> {
        if n <= MAX_ROWS {
            return (0..n).collect();
        }
        let count = (n - 1) / ACTIVE_SET_STEP * ACTIVE_SET_STEP;
        let rows = &self.rows[..count];
        let weighted = || {
            // If all are failures, none has a larger weight.
            let values = costs(rows).map_or_else(|| vec![0.0; count], |costs| transform_costs(&costs));
            let points: Vec<Point> = rows.iter().map(|row| row.point.clone()).collect();
            candidates(kernel, hyperparameters, &points, &values)
        };
        let mut chosen = self.active_set.choose(kernel, count, MAX_ROWS, weighted);
        chosen.extend(count..n);
        chosen
    }

    /// Predicted means at the full resource of those new running trials whose vector `is_counted`.
    pub fn pending_means(&mut self, is_counted: impl Fn(&[f64]) -> bool) -> Vec<f64> {
        let running: Vec<Vec<f64>> = self.pending.values().filter(|x| is_counted(x)).cloned().collect();
        self.posterior().map(|posterior| posterior.predict_means(&running)).unwrap_or_default()
    }

    /// All observed trials, the one with the best predicted mean at the full resource first.
    pub fn ranking(&mut self) -> Vec<RankedTrial> {
        if self.ranking.is_none() {
            self.ranking = Some(self.rank());
        }
        self.ranking.clone().unwrap_or_default()
    }

    fn rank(&mut self) -> Vec<RankedTrial> {
        let mut max_t: BTreeMap<TrialId, f64> = BTreeMap::new();
        let mut vectors: BTreeMap<TrialId, Vec<f64>> = BTreeMap::new();
        for ModelRow { trial, point, .. } in &self.rows {
            max_t.entry(*trial).and_modify(|t| *t = t.max(point.t)).or_insert_with(|| {
                vectors.insert(*trial, point.x.clone());
                point.t
            });
        }
        let vectors: Vec<Vec<f64>> = vectors.into_values().collect();
        let Some(posterior) = self.posterior() else { return Vec::new() };
        let means = posterior.predict_means(&vectors);
        let predicted = vectors.into_iter().zip(means);
        let mut ranking: Vec<RankedTrial> = max_t
            .into_iter()
            .zip(predicted)
            .map(|((trial, max_t), (x, mean))| RankedTrial { trial, x, mean, max_t })
            .collect();
        ranking.sort_by(|a, b| a.mean.total_cmp(&b.mean).then(a.trial.cmp(&b.trial)));
        ranking
    }

    /// The hyperparameters, fitted to the first n observations. n is from a fixed growing sequence (see [`REFIT_GROWTH`]), so that it
    /// does not depend on when the model was used.
    fn fit(&mut self) -> Fitted {
        let mut count = 4usize;
        while count < self.rows.len() {
            let next = ((count as f64 * REFIT_GROWTH) as usize).max(count + 1);
            if next > self.rows.len() {
                break;
            }
            count = next;
        }
        let count = count.min(self.rows.len());
        if let Some((_, fitted)) = self.fitted.as_ref().filter(|(used, _)| *used == count) {
            return fitted.clone();
        }
        let rows = &self.rows[..count];
        let has_resource = rows.iter().any(|row| row.point.t != rows[0].point.t);
        let mut priors = priors(self.dimensions.len(), self.typical_active(rows), has_resource);
        if let Some(length_scale) = self.settings.length_scale {
            priors.set_length_scale(length_scale);
        }
        // If all are failures there are no data, and the fit is the priors' means.
        let values = costs(rows).map(|costs| transform_costs(&costs)).unwrap_or_default();
        let chosen = self.subsample(values.len(), MAX_FIT_ROWS, &values);
        let starts = starts(&priors, self.settings.restarts, &mut self.stream(count, Purpose::Fit));
        let data = self.dataset(&chosen, &values);
        let fit = |data: &Dataset, priors: &Priors| fit(self.settings.kernel, &self.dimensions, data, priors, &starts);
        let hyperparameters = fit(&data, &priors);
        let mut fitted = Fitted { hyperparameters, weights: None };
        if let Some(mut ensemble) = self.ensemble.take() {
            let kernel = Kernel::new(self.settings.kernel, &self.dimensions, &fitted.hyperparameters);
            let observed = ObservedRows { rows, values: &values, chosen: &chosen };
            let weights = ensemble.weights(kernel, data, observed, &mut self.stream(count, Purpose::Ensemble));
            let residuals = ensemble.residuals(&weights, observed);
            priors.shift_variance((1.0 - weights.own) * RESIDUAL_LOG_VARIANCE);
            fitted = Fitted { hyperparameters: fit(&residuals, &priors), weights: Some(weights) };
            self.ensemble = Some(ensemble);
        }
        self.fitted = Some((count, fitted.clone()));
        fitted
    }

    /// The mean number of active parameters in `rows`.
    fn typical_active(&self, rows: &[ModelRow]) -> f64 {
        if rows.is_empty() {
            return self.dimensions.len() as f64;
        }
        let count = |row: &ModelRow| row.point.x.iter().filter(|x| **x != INACTIVE).count();
        rows.iter().map(count).sum::<usize>() as f64 / rows.len() as f64
    }

    fn dataset(&self, chosen: &[usize], values: &[f64]) -> Dataset {
        Dataset {
            points: chosen.iter().map(|i| self.rows[*i].point.clone()).collect(),
            values: chosen.iter().map(|i| values[*i]).collect(),
        }
    }

    /// Indices of at most `max` of the first `count` observations, sorted. Observations with a good value or a high resource are more
    /// likely to be kept.
    fn subsample(&self, count: usize, max: usize, values: &[f64]) -> Vec<usize> {
        if count <= max {
            return (0..count).collect();
        }
        let mut stream = self.stream(count, Purpose::Subset);
        let mut keyed: Vec<(f64, usize)> =
            (0..count).map(|i| (0.5 * (values[i] - self.rows[i].point.t) + stream.random::<f64>(), i)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut chosen: Vec<usize> = keyed[..max].iter().map(|(_, i)| *i).collect();
        chosen.sort_unstable();
        chosen
    }

    /// The random stream for an operation on the first `count` observations.
    fn stream(&self, count: usize, purpose: Purpose) -> Stream {
        stream(self.seed, TrialId(count as u64), purpose)
    }
}
