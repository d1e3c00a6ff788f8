//! Observations and the posterior, which is fitted on demand.
//!
//! The posterior is a function of the seed and the observations in their order. It does not depend on when it was computed before, so
//! that a replayed journal gives the same model.

use std::collections::BTreeMap;

use rand::RngExt;

use super::fit::{fit, priors, starts};
use super::kernel::{Hyperparameters, Kernel, Point};
use super::likelihood::Dataset;
use super::posterior::Posterior;
use super::settings::ModelSettings;
use super::transform::transform_costs;
use crate::search::encoding::{Dimension, INACTIVE};
use crate::search::observation::is_prior_trial;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, Stream, stream};

/// Maximum number of observations for a fit of hyperparameters: the cost is cubic, and more hardly change the result.
const MAX_FIT_ROWS: usize = 200;
/// Maximum number of observations of the posterior.
const MAX_ROWS: usize = 400;
/// Maximum number of running trials added to the posterior; the latest are kept.
const MAX_PENDING: usize = 200;
/// Factor of growth of the number of observations after which hyperparameters are fitted again.
const REFIT_GROWTH: f64 = 1.1;

/// One observation of one trial.
#[derive(Clone, Debug)]
struct Row {
    trial: TrialId,
    point: Point,
    /// `None` if the job failed.
    cost: Option<f64>,
}

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

/// The model.
#[derive(Debug)]
pub struct Model {
    settings: ModelSettings,
    dimensions: Vec<Dimension>,
    seed: u64,
    rows: Vec<Row>,
    /// Vectors of running trials without observations.
    pending: BTreeMap<TrialId, Vec<f64>>,
    /// The last fit, and the number of observations it used.
    hyperparameters: Option<(usize, Hyperparameters)>,
    posterior: Option<Posterior>,
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
            hyperparameters: None,
            posterior: None,
        }
    }

    /// A new trial with vector `x` starts.
    pub fn add_pending(&mut self, trial: TrialId, x: Vec<f64>) {
        self.pending.insert(trial, x);
        self.posterior = None;
    }

    /// Adds an observation of `trial` at `point`: its cost (less is better), or `None` for a failure.
    pub fn observe(&mut self, trial: TrialId, point: Point, cost: Option<f64>) {
        self.pending.remove(&trial);
        self.rows.push(Row { trial, point, cost });
        self.posterior = None;
    }

    /// Removes the failure of `trial`, of which there is at most one.
    pub fn forget_failure(&mut self, trial: TrialId) {
        self.rows.retain(|row| row.trial != trial || row.cost.is_some());
        self.posterior = None;
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
            let values = transform_costs(&costs(&self.rows)?);
            let hyperparameters = self.fit();
            let kernel = Kernel::new(self.settings.kernel, &self.dimensions, &hyperparameters);
            let chosen = self.subsample(self.rows.len(), MAX_ROWS, &values);
            let mut posterior = Posterior::new(kernel, self.dataset(&chosen, &values)).ok()?;
            let running: Vec<Vec<f64>> = self.pending.values().rev().take(MAX_PENDING).cloned().collect();
            let means = posterior.predict_means(&running);
            let points: Vec<Point> = running.into_iter().map(|x| Point { x, t: 0.0 }).collect();
            posterior.extend(&points, &means);
            self.posterior = Some(posterior);
        }
        self.posterior.as_ref()
    }

    /// All observed trials, the one with the best predicted mean at the full resource first.
    pub fn ranking(&mut self) -> Vec<RankedTrial> {
        let mut max_t: BTreeMap<TrialId, f64> = BTreeMap::new();
        let mut vectors: BTreeMap<TrialId, Vec<f64>> = BTreeMap::new();
        for Row { trial, point, .. } in &self.rows {
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
    fn fit(&mut self) -> Hyperparameters {
        let mut count = 4usize;
        while count < self.rows.len() {
            let next = ((count as f64 * REFIT_GROWTH) as usize).max(count + 1);
            if next > self.rows.len() {
                break;
            }
            count = next;
        }
        let count = count.min(self.rows.len());
        if let Some((_, fitted)) = self.hyperparameters.as_ref().filter(|(used, _)| *used == count) {
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
        let fitted = fit(self.settings.kernel, &self.dimensions, &data, &priors, &starts);
        self.hyperparameters = Some((count, fitted.clone()));
        fitted
    }

    /// The mean number of active parameters in `rows`.
    fn typical_active(&self, rows: &[Row]) -> f64 {
        let count = |row: &Row| row.point.x.iter().filter(|x| **x != INACTIVE).count();
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

/// The costs of `rows`; a failure has the cost of the worst result. `None` if all are failures.
fn costs(rows: &[Row]) -> Option<Vec<f64>> {
    let worst = rows.iter().filter_map(|row| row.cost).reduce(f64::max)?;
    Some(rows.iter().map(|row| row.cost.unwrap_or(worst)).collect())
}
