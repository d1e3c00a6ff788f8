//! What was observed, and the posterior that follows from it: fitted and conditioned when it is asked for.
//!
//! Everything is a function of the observations in their order and of the seed, never of what was asked in between, so that a replayed
//! journal leads to the same model.

use std::collections::BTreeMap;

use rand::RngExt;

use super::fit::{fit, priors, starts};
use super::kernel::{Hyper, Kernel, Point, Shape};
use super::likelihood::Sample;
use super::posterior::Posterior;
use super::transform;
use crate::search::encoding::Axis;
use crate::search::prior::is_earlier;
use crate::words::ids::TrialId;
use crate::words::stream::{Purpose, Stream, stream};

/// Most observations that hyperparameters are fitted to: the cost is cubic, and two hundred pin them down.
const FIT_ROWS: usize = 200;
/// Most observations that the posterior rests on.
const ROWS: usize = 400;
/// Most running trials that it rests on besides, the last ones.
const BELIEVED: usize = 200;
/// Growth of the number of observations after which hyperparameters are fitted anew.
const GROWTH: f64 = 1.1;

/// How a model is made.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Settings {
    /// Shape of the kernel.
    pub shape: Shape,
    /// The length of every parameter, as a share of its range, from which fits start and about which the prior lies; `None` for what
    /// [`priors`] takes for so many parameters.
    pub length: Option<f64>,
    /// Further starts of every fit, drawn from the priors.
    pub restarts: usize,
}

/// One reading of one trial.
#[derive(Clone, Debug)]
struct Row {
    trial: TrialId,
    point: Point,
    /// `None` where the job failed.
    cost: Option<f64>,
}

/// A configuration that was tried, with what its value at full resource is expected to be.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranked {
    /// Its trial.
    pub trial: TrialId,
    /// Its position.
    pub x: Vec<f64>,
    /// What is expected of it.
    pub mean: f64,
    /// The highest log resource it was read at; 0 is all of it.
    pub reached: f64,
}

/// Observations in, beliefs out.
#[derive(Debug)]
pub struct Model {
    settings: Settings,
    axes: Vec<Axis>,
    seed: u64,
    rows: Vec<Row>,
    /// Trials that run and have shown nothing yet.
    pending: BTreeMap<TrialId, Vec<f64>>,
    hyper: Option<(usize, Hyper)>,
    posterior: Option<Posterior>,
}

impl Model {
    /// One that has seen nothing.
    pub fn new(settings: Settings, axes: &[Axis], seed: u64) -> Model {
        Model {
            settings,
            axes: axes.to_vec(),
            seed,
            rows: Vec::new(),
            pending: BTreeMap::new(),
            hyper: None,
            posterior: None,
        }
    }

    /// A trial starts at position `x`.
    pub fn expect(&mut self, trial: TrialId, x: Vec<f64>) {
        self.pending.insert(trial, x);
        self.posterior = None;
    }

    /// A reading of `trial` at `point`: its cost (less is better), or `None` for a failure.
    pub fn observe(&mut self, trial: TrialId, point: Point, cost: Option<f64>) {
        self.pending.remove(&trial);
        self.rows.push(Row { trial, point, cost });
        self.posterior = None;
    }

    /// How many readings there are, failures included.
    pub fn readings(&self) -> usize {
        self.rows.len()
    }

    /// The position of every trial of this study, the running ones included.
    pub fn positions(&self) -> impl Iterator<Item = &[f64]> {
        let own = self.rows.iter().filter(|row| !is_earlier(row.trial));
        own.map(|row| &row.point.x).chain(self.pending.values()).map(Vec::as_slice)
    }

    /// The posterior after all readings, running trials taken as if they came out as expected (Ginsbourger et al. 2010, kriging
    /// believer). `None` while nothing finite was read, or where the numbers cannot be worked with.
    pub fn posterior(&mut self) -> Option<&Posterior> {
        if self.posterior.is_none() {
            let values = transform::values(&costs(&self.rows)?);
            let hyper = self.hyper();
            let kernel = Kernel::new(self.settings.shape, &self.axes, &hyper);
            let chosen = self.choose(self.rows.len(), ROWS, &values);
            let mut posterior = Posterior::new(kernel, self.sample(&chosen, &values)).ok()?;
            let running: Vec<Vec<f64>> = self.pending.values().rev().take(BELIEVED).cloned().collect();
            let expected = posterior.means(&running);
            let points: Vec<Point> = running.into_iter().map(|x| Point { x, t: 0.0 }).collect();
            posterior.extend(&points, &expected);
            self.posterior = Some(posterior);
        }
        self.posterior.as_ref()
    }

    /// What is expected at full resource of the trials that run and have shown nothing yet.
    pub fn expected(&mut self) -> Vec<f64> {
        let running: Vec<Vec<f64>> = self.pending.values().cloned().collect();
        self.posterior().map(|posterior| posterior.means(&running)).unwrap_or_default()
    }

    /// Every trial with a reading, the one with the best expected value at full resource first.
    pub fn ranking(&mut self) -> Vec<Ranked> {
        let mut reached: BTreeMap<TrialId, f64> = BTreeMap::new();
        let mut positions: BTreeMap<TrialId, Vec<f64>> = BTreeMap::new();
        for Row { trial, point, .. } in &self.rows {
            reached.entry(*trial).and_modify(|t| *t = t.max(point.t)).or_insert_with(|| {
                positions.insert(*trial, point.x.clone());
                point.t
            });
        }
        let positions: Vec<Vec<f64>> = positions.into_values().collect();
        let Some(posterior) = self.posterior() else { return Vec::new() };
        let means = posterior.means(&positions);
        let places = positions.into_iter().zip(means);
        let mut ranking: Vec<Ranked> = reached
            .into_iter()
            .zip(places)
            .map(|((trial, reached), (x, mean))| Ranked { trial, x, mean, reached })
            .collect();
        ranking.sort_by(|a, b| a.mean.total_cmp(&b.mean).then(a.trial.cmp(&b.trial)));
        ranking
    }

    /// Hyperparameters fitted to the first so many readings and nothing else, where so many is the last of a growing series of
    /// numbers.
    fn hyper(&mut self) -> Hyper {
        let mut due = 4usize;
        while due < self.rows.len() {
            let next = ((due as f64 * GROWTH) as usize).max(due + 1);
            if next > self.rows.len() {
                break;
            }
            due = next;
        }
        let due = due.min(self.rows.len());
        if let Some((_, hyper)) = self.hyper.as_ref().filter(|(at, _)| *at == due) {
            return hyper.clone();
        }
        let rows = &self.rows[..due];
        let has_resource = rows.iter().any(|row| row.point.t != rows[0].point.t);
        let mut priors = priors(self.axes.len(), has_resource);
        if let Some(length) = self.settings.length {
            priors.centre_lengths(length);
        }
        // failures alone tell nothing, and leave the priors' means
        let values = costs(rows).map(|costs| transform::values(&costs)).unwrap_or_default();
        let chosen = self.choose(values.len(), FIT_ROWS, &values);
        let starts = starts(&priors, self.settings.restarts, &mut self.stream(due, Purpose::Fit));
        let hyper = fit(self.settings.shape, &self.axes, &self.sample(&chosen, &values), &priors, &starts);
        self.hyper = Some((due, hyper.clone()));
        hyper
    }

    fn sample(&self, chosen: &[usize], values: &[f64]) -> Sample {
        Sample {
            points: chosen.iter().map(|i| self.rows[*i].point.clone()).collect(),
            values: chosen.iter().map(|i| values[*i]).collect(),
        }
    }

    /// At most `most` of the first `count` readings, in order: good ones and those at a high resource are likelier to be kept.
    fn choose(&self, count: usize, most: usize, values: &[f64]) -> Vec<usize> {
        if count <= most {
            return (0..count).collect();
        }
        let mut stream = self.stream(count, Purpose::Subset);
        let mut keyed: Vec<(f64, usize)> =
            (0..count).map(|i| (0.5 * (values[i] - self.rows[i].point.t) + stream.random::<f64>(), i)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut chosen: Vec<usize> = keyed[..most].iter().map(|(_, i)| *i).collect();
        chosen.sort_unstable();
        chosen
    }

    /// Numbers for what is done once with the first `count` readings.
    fn stream(&self, count: usize, purpose: Purpose) -> Stream {
        stream(self.seed, TrialId(count as u64), purpose)
    }
}

/// Costs of `rows`; a failure costs as much as the worst value among them. `None` without a value.
fn costs(rows: &[Row]) -> Option<Vec<f64>> {
    let worst = rows.iter().filter_map(|row| row.cost).reduce(f64::max)?;
    Some(rows.iter().map(|row| row.cost.unwrap_or(worst)).collect())
}
