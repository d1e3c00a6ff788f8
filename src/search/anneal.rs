//! `anneal`: neighbours of good trials, nearer and nearer (after the annealing of Hyperopt 0.2; Bergstra, Yamins and Cox 2013).
//!
//! The trial to start from has rank r, 0 being the best, with probability (1 − ½)^r·½ (a geometric distribution of mean 2 over r + 1, Hyperopt's
//! `avg_best_idx`); what lies beyond the last trial counts as the last. With n trials observed the neighbourhood has width w = 1/(1 + 0.1·n)
//! (its `shrink_coef`). An ordered parameter is drawn evenly from a window of width w of its distribution function around the start, moved
//! inwards where it would reach over an end. One without order, or with few values, keeps its value with probability 1 − w and is drawn
//! from its prior otherwise.
//!
//! Trials at several resources are ranked by the resource they reached, then by their value there. Failures count among the n, none is
//! started from.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::encoding::Encoding;
use super::random::RandomSearcher;
use super::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::method::SamplerKind;
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::objective::Direction;
use crate::words::stream::{Purpose, Stream, stream};
use crate::words::units::Resource;

/// Probability that a start is given to the next best trial instead: 1 − 1/`avg_best_idx`.
const PASS_ON: f64 = 0.5;
/// What each observation adds to the neighbourhood's divisor (`shrink_coef`).
const SHRINK: f64 = 0.1;
/// How often a neighbour that already runs in a finite space is drawn again.
const REDRAWS: u32 = 64;

/// `sampler: anneal`.
pub static SAMPLER: SamplerKind = SamplerKind { name: "anneal", build: || Arc::new(Anneal) };

/// Simulated annealing; nothing of it is up to the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anneal;

impl Sampler for Anneal {
    fn name(&self) -> &'static str {
        "anneal"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(AnnealSearcher::new(context))
    }

    fn draws_blindly(&self) -> bool {
        false
    }
}

/// What is known of one trial.
#[derive(Clone, Debug)]
struct Seen {
    x: Vec<f64>,
    /// The highest it was read at.
    resource: Resource,
    /// There, less is better; infinite for a failure.
    cost: f64,
}

/// See [`Anneal`].
#[derive(Debug)]
struct AnnealSearcher {
    encoding: Encoding,
    random: RandomSearcher,
    seed: u64,
    direction: Direction,
    seen: BTreeMap<TrialId, Seen>,
    /// By parameter: whether it keeps its value or is drawn anew.
    jumps: Vec<bool>,
}

impl AnnealSearcher {
    fn new(context: &SearchContext) -> AnnealSearcher {
        let encoding = Encoding::new(context.space.clone());
        AnnealSearcher {
            jumps: (0..encoding.axes().len()).map(|d| !encoding.levels(d).is_empty()).collect(),
            encoding,
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            seen: BTreeMap::new(),
        }
    }

    fn suggest(&self, trial: TrialId) -> Option<Assignment> {
        let mut ranking: Vec<&Seen> = self.seen.values().filter(|seen| seen.cost.is_finite()).collect();
        ranking.sort_by(|a, b| b.resource.cmp(&a.resource).then(a.cost.total_cmp(&b.cost)));
        let mut stream = stream(self.seed, trial, Purpose::Model);
        let neighbour = |_| {
            let mut rank = 0;
            while stream.random::<f64>() < PASS_ON {
                rank += 1;
            }
            let start = ranking.get(rank).or(ranking.last())?;
            Some(self.encoding.decode(&self.near(&start.x, &mut stream)))
        };
        (0..REDRAWS).map_while(neighbour).find(|assignment| self.random.is_new(assignment))
    }

    fn near(&self, start: &[f64], stream: &mut Stream) -> Vec<f64> {
        let width = 1.0 / (1.0 + SHRINK * self.seen.len() as f64);
        let mut near = self.encoding.draw(stream);
        for d in 0..start.len() {
            let chance: f64 = stream.random();
            if !self.jumps[d] {
                near[d] = start[d].clamp(0.5 * width, 1.0 - 0.5 * width) + width * (chance - 0.5);
            } else if chance >= width {
                near[d] = start[d];
            }
        }
        self.encoding.snap(&mut near);
        near
    }
}

impl Searcher for AnnealSearcher {
    fn propose(&mut self, ask: &Ask) -> Proposal {
        Proposal::Ready(self.suggest(ask.trial).unwrap_or_else(|| self.random.draw(ask.trial)))
    }

    fn adopt(&mut self, trial: TrialId, assignment: &Assignment) {
        self.random.adopt(trial, assignment);
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let cost = observation.score.map_or(f64::INFINITY, |score| self.direction.cost(score));
        let seen = Seen { x, resource: observation.resource, cost };
        let known = self.seen.entry(observation.trial).or_insert_with(|| seen.clone());
        if seen.resource >= known.resource {
            *known = seen;
        }
    }
}

#[cfg(test)]
mod tests;
