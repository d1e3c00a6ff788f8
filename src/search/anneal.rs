//! Simulated annealing: new trials are neighbours of good trials, at a distance that shrinks (after `hyperopt.anneal`,
//! Hyperopt 0.2; Bergstra, Yamins and Cox 2013).
//!
//! The starting trial has rank r (0 is the best) with probability (1 − ½)^r·½, a geometric distribution with mean 2 over r + 1
//! (Hyperopt's `avg_best_idx`); a rank beyond the last trial counts as the last. With n observed trials the neighbourhood has
//! width w = 1/(1 + 0.1·n) (Hyperopt's `shrink_coef`). An ordered parameter is drawn uniformly from a window of width w around the
//! start, on the scale of its distribution function; a window that exceeds [0, 1] is shifted inwards. An unordered parameter, or
//! one with few values, keeps its value with probability 1 − w and is otherwise drawn from its prior.
//!
//! Trials are ranked by their highest resource, then by the value there. Failed trials count in n and are never a start.

use std::collections::BTreeMap;

use rand::RngExt;

use super::encoding::{Encoding, INACTIVE};
use super::observation::rank_fractions;
use super::random::RandomSearcher;
use super::{GuessUse, Observation, PriorObservation, Proposal, Sampler, SearchContext, Searcher};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, Stream, stream};
use crate::types::units::Resource;

/// Probability of moving on to the next rank when a start is chosen: 1 − 1/`avg_best_idx`.
const NEXT_RANK: f64 = 0.5;
/// Increase of the neighbourhood's divisor per observed trial (`shrink_coef`).
const SHRINK_COEF: f64 = 0.1;
/// How often a neighbour is drawn again if its configuration is already used in a finite space.
const REDRAWS: usize = 64;

/// Simulated annealing; it has no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anneal;

impl Sampler for Anneal {
    fn name(&self) -> &'static str {
        "anneal"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(AnnealSearcher::new(context))
    }

    fn ignores_observations(&self) -> bool {
        false
    }

    fn guess_use(&self) -> GuessUse {
        GuessUse::FirstTrial
    }
}

#[derive(Clone, Debug)]
struct ObservedTrial {
    x: Vec<f64>,
    /// The highest resource with a result.
    resource: Resource,
    /// The result there; infinite if the job failed.
    cost: f64,
}

/// A trial with a result.
type StartCandidate<'a> = (TrialId, &'a ObservedTrial);

#[derive(Debug)]
struct AnnealSearcher {
    encoding: Encoding,
    random: RandomSearcher,
    seed: u64,
    direction: Direction,
    trials: BTreeMap<TrialId, ObservedTrial>,
    /// The study of each trial of an earlier one.
    earlier: BTreeMap<TrialId, u32>,
    /// For each parameter, whether it is kept or redrawn instead of moved.
    is_discrete: Vec<bool>,
    /// That of the last proposal.
    origin: ConfigOrigin,
}

impl AnnealSearcher {
    fn new(context: &SearchContext) -> AnnealSearcher {
        let encoding = Encoding::new(context.space.clone());
        AnnealSearcher {
            is_discrete: (0..encoding.axes().len()).map(|d| !encoding.levels(d).is_empty()).collect(),
            encoding,
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            trials: BTreeMap::new(),
            earlier: BTreeMap::new(),
            origin: ConfigOrigin::Random,
        }
    }

    /// A neighbour of a known trial, and that trial.
    fn suggest(&self, trial: TrialId) -> Option<(TrialId, Assignment)> {
        let ranking = self.ranking();
        let mut stream = stream(self.seed, trial, Purpose::Model);
        let neighbour = |_| {
            let mut rank = 0;
            while stream.random::<f64>() < NEXT_RANK {
                rank += 1;
            }
            let (parent, start) = ranking.get(rank).or(ranking.last())?;
            Some((*parent, self.neighbour(&start.x, &mut stream)))
        };
        let neighbours = (0..self.encoding.draw_limit(REDRAWS)).map_while(neighbour);
        let feasible = neighbours.filter(|(_, x)| self.encoding.is_feasible(x));
        let mut decoded = feasible.map(|(parent, x)| (parent, self.encoding.decode(&x)));
        decoded.find(|(_, assignment)| self.random.is_new(assignment))
    }

    /// The trials with a result, the best first. With earlier studies, costs are compared as ranks within their study and resource,
    /// because tasks have different scales.
    fn ranking(&self) -> Vec<StartCandidate<'_>> {
        let mut groups: BTreeMap<(Option<u32>, Resource), Vec<StartCandidate<'_>>> = BTreeMap::new();
        for (trial, observed) in self.trials.iter().filter(|(_, observed)| observed.cost.is_finite()) {
            let group = (self.earlier.get(trial).copied(), observed.resource);
            groups.entry(group).or_default().push((*trial, observed));
        }
        let mut ranking: Vec<(f64, StartCandidate<'_>)> = Vec::new();
        for group in groups.into_values() {
            let mut costs: Vec<f64> = group.iter().map(|(_, observed)| observed.cost).collect();
            if !self.earlier.is_empty() {
                costs = rank_fractions(&costs);
            }
            ranking.extend(costs.into_iter().zip(group));
        }
        ranking.sort_by(|(cost, a), (other, b)| {
            b.1.resource.cmp(&a.1.resource).then(cost.total_cmp(other)).then(a.0.cmp(&b.0))
        });
        ranking.into_iter().map(|(_, trial)| trial).collect()
    }

    fn neighbour(&self, start: &[f64], stream: &mut Stream) -> Vec<f64> {
        let width = 1.0 / (1.0 + SHRINK_COEF * self.trials.len() as f64);
        let mut x = self.encoding.draw_values(stream);
        for d in 0..start.len() {
            let u: f64 = stream.random();
            if start[d] == INACTIVE {
                continue;
            }
            if !self.is_discrete[d] {
                x[d] = start[d].clamp(0.5 * width, 1.0 - 0.5 * width) + width * (u - 0.5);
            } else if u >= width {
                x[d] = start[d];
            }
        }
        self.encoding.snap(&mut x);
        x
    }
}

impl Searcher for AnnealSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let mutated = || self.suggest(request.trial).map(|(parent, at)| (at, ConfigOrigin::Mutated { parent }));
        let drawn = || (self.random.draw(request.trial), ConfigOrigin::Random);
        let (assignment, origin) = self.random.guess().or_else(mutated).unwrap_or_else(drawn);
        self.origin = origin;
        Proposal::Ready(assignment)
    }

    fn origin(&self) -> ConfigOrigin {
        self.origin.clone()
    }

    fn register(&mut self, trial: TrialId, assignment: &Assignment) {
        self.random.register(trial, assignment);
    }

    fn warm_start(&mut self, prior: &[PriorObservation]) {
        self.earlier.extend(prior.iter().filter_map(|prior| Some((prior.trial, prior.study?))));
        prior.iter().for_each(|prior| self.observe(&prior.observation()));
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let cost = observation.score.map_or(f64::INFINITY, |score| self.direction.cost(score));
        let new = ObservedTrial { x, resource: observation.resource, cost };
        let known = self.trials.entry(observation.trial).or_insert_with(|| new.clone());
        if new.resource >= known.resource {
            *known = new;
        }
    }
}

#[cfg(test)]
mod tests;
