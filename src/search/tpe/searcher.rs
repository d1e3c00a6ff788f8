//! Settings and state of the sampler.

use std::collections::BTreeMap;

use rand::RngExt;

use super::kde::Density;
use crate::search::encoding::Encoding;
use crate::search::observation::count_configurations;
use crate::search::random::RandomSearcher;
use crate::search::{Observation, PriorObservation, Proposal, Sampler, SearchContext, Searcher};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, stream};
use crate::types::units::Resource;

/// Settings of the sampler.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tpe {
    /// Fraction of trials drawn at random, in [0, 1] (ρ in the paper).
    pub random_fraction: f64,
    /// Fraction of a rung's configurations that count as good, in [0, 1] (q = 0.15 in the paper).
    pub good_fraction: f64,
    /// Number of draws from the good density, of which the one with the best density ratio is proposed. The paper takes 64; with
    /// 24, Hyperopt's number, proposals stay nearer to known configurations.
    pub candidates: usize,
    /// Factor on the bandwidth for these draws, ≥ 1 (b_w = 3 in the paper).
    pub bandwidth_factor: f64,
    /// Number of initial trials drawn at random.
    pub initial: u64,
}

impl Default for Tpe {
    fn default() -> Tpe {
        Tpe { random_fraction: 0.1, good_fraction: 0.15, candidates: 24, bandwidth_factor: 3.0, initial: 0 }
    }
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(TpeSearcher::new(*self, context))
    }

    fn ignores_observations(&self) -> bool {
        false
    }
}

/// Maximum number of points of a density; keeps a suggestion at a few milliseconds.
const MAX_POINTS: usize = 500;

/// l(x) and g(x) of the paper.
#[derive(Debug)]
struct DensityPair {
    good: Density,
    other: Density,
}

#[derive(Debug)]
struct TpeSearcher {
    settings: Tpe,
    encoding: Encoding,
    random: RandomSearcher,
    seed: u64,
    direction: Direction,
    /// Vectors and costs of the results at each resource; a failure has infinite cost.
    rungs: BTreeMap<Resource, Vec<(Vec<f64>, f64)>>,
    /// Densities of all observations so far; computed on demand.
    densities: Option<DensityPair>,
    /// That of the last proposal.
    origin: ConfigOrigin,
}

impl TpeSearcher {
    fn new(settings: Tpe, context: &SearchContext) -> TpeSearcher {
        TpeSearcher {
            settings,
            encoding: Encoding::new(context.space.clone()),
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            rungs: BTreeMap::new(),
            densities: None,
            origin: ConfigOrigin::Random,
        }
    }

    /// The densities at the highest resource with more than d + 3 results for d parameters, at least one of them not a failure
    /// (Falkner et al. 2018, Algorithm 2, lines 2 and 3).
    fn fit_densities(&self) -> Option<DensityPair> {
        let min_points = self.encoding.axes().len() + 1;
        let enough =
            |rows: &&Vec<(Vec<f64>, f64)>| rows.len() > min_points + 2 && rows.iter().any(|row| row.1.is_finite());
        let rows = self.rungs.values().rev().find(enough)?;
        let mut order: Vec<&(Vec<f64>, f64)> = rows.iter().collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        // Equation 3: at least d + 1 points in either density, if there are that many.
        let points = |fraction: f64| ((fraction * order.len() as f64) as usize).max(min_points);
        let good = points(self.settings.good_fraction).min(order.len() - 2);
        let other = points(1.0 - self.settings.good_fraction).min(order.len() - good);
        let take = |rows: &[&(Vec<f64>, f64)]| rows.iter().map(|row| row.0.clone()).collect();
        let (head, tail) = order.split_at(good);
        let step = tail.len().div_ceil(MAX_POINTS).max(1);
        let tail: Vec<_> = tail[tail.len() - other..].iter().step_by(step).copied().collect();
        Some(DensityPair {
            good: Density::new(&self.encoding, take(&head[..good.min(MAX_POINTS)])),
            other: Density::new(&self.encoding, take(&tail)),
        })
    }

    /// The proposal of the model, and the logarithm of the ratio of the densities there.
    fn suggest(&mut self, trial: TrialId) -> Option<(f64, Assignment)> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        if trial.0 < self.settings.initial || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        if self.densities.is_none() {
            self.densities = self.fit_densities();
        }
        let DensityPair { good, other } = self.densities.as_ref()?;
        let mut best: Option<(f64, Assignment)> = None;
        let mut left = self.settings.candidates;
        for _ in 0..self.encoding.draw_limit(left) {
            let mut x = good.draw(self.settings.bandwidth_factor, &mut stream);
            self.encoding.snap(&mut x);
            if !self.encoding.is_feasible(&x) {
                continue;
            }
            if left == 0 {
                break;
            }
            left -= 1;
            let ratio = good.log_density(&x) - other.log_density(&x);
            if best.as_ref().is_some_and(|(max, _)| ratio <= *max) {
                continue;
            }
            let assignment = self.encoding.decode(&x);
            if self.random.is_new(&assignment) {
                best = Some((ratio, assignment));
            }
        }
        best
    }
}

impl Searcher for TpeSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let Some((ratio, assignment)) = self.suggest(request.trial) else {
            self.origin = ConfigOrigin::Random;
            return Proposal::Ready(self.random.draw(request.trial));
        };
        self.origin = ConfigOrigin::model(self.settings.name(), ratio);
        Proposal::Ready(assignment)
    }

    fn origin(&self) -> ConfigOrigin {
        self.origin.clone()
    }

    fn register(&mut self, trial: TrialId, assignment: &Assignment) {
        self.random.register(trial, assignment);
    }

    fn warm_start(&mut self, prior: &[PriorObservation]) {
        self.settings.initial = self.settings.initial.saturating_sub(count_configurations(prior));
        prior.iter().for_each(|prior| self.observe(&prior.observation()));
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let cost = observation.score.map_or(f64::INFINITY, |score| self.direction.cost(score));
        self.rungs.entry(observation.resource).or_default().push((x, cost));
        self.densities = None;
    }

    fn forget_failure(&mut self, _trial: TrialId, assignment: &Assignment, resource: Resource) {
        let Some(x) = self.encoding.encode(assignment) else { return };
        if let Some(observed) = self.rungs.get_mut(&resource)
            && let Some(at) = observed.iter().position(|(known, cost)| *known == x && *cost == f64::INFINITY)
        {
            observed.remove(at);
            self.densities = None;
        }
    }
}
