//! The live density pair: observations by resource in, one configuration out.

use std::collections::BTreeMap;

use rand::RngExt;

use super::Tpe;
use super::kde::Density;
use crate::search::encoding::Encoding;
use crate::search::prior::{PriorObservation, configurations};
use crate::search::random::RandomSearcher;
use crate::search::{Ask, Observation, Proposal, SearchContext, Searcher};
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::objective::Direction;
use crate::words::stream::{Purpose, stream};
use crate::words::units::Resource;

/// Most points of a density; beyond it the most recent count. Keeps a suggestion at some milliseconds.
const MOST: usize = 500;

/// Good and other configurations at one resource.
#[derive(Debug)]
struct Pair {
    good: Density,
    other: Density,
}

/// See [`Tpe`].
#[derive(Debug)]
pub struct TpeSearcher {
    settings: Tpe,
    encoding: Encoding,
    random: RandomSearcher,
    seed: u64,
    direction: Direction,
    /// Positions and costs of the jobs at each resource; failures cost infinity.
    rungs: BTreeMap<Resource, Vec<(Vec<f64>, f64)>>,
    /// Of the rung that is in use; empty after every observation.
    pair: Option<Pair>,
}

impl TpeSearcher {
    /// One that has seen nothing.
    pub fn new(settings: Tpe, context: &SearchContext) -> TpeSearcher {
        TpeSearcher {
            settings,
            encoding: Encoding::new(context.space.clone()),
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            rungs: BTreeMap::new(),
            pair: None,
        }
    }

    /// The densities over the highest resource with enough points: more than d + 2 (Falkner et al. 2018, Algorithm 2, line 3).
    fn pair(&self) -> Option<Pair> {
        let least = self.encoding.axes().len() + 1;
        let enough = |rows: &&Vec<(Vec<f64>, f64)>| rows.len() > least + 2 && rows.iter().any(|row| row.1.is_finite());
        let rows = self.rungs.values().rev().find(enough)?;
        let mut order: Vec<&(Vec<f64>, f64)> = rows.iter().collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        // eq. 3: at least d + 1 on either side, where there are that many
        let share = |part: f64| ((part * order.len() as f64) as usize).max(least);
        let good = share(self.settings.good_share).min(order.len() - 2);
        let other = share(1.0 - self.settings.good_share).min(order.len() - good);
        let take = |rows: &[&(Vec<f64>, f64)]| rows.iter().map(|row| row.0.clone()).collect();
        let (head, tail) = order.split_at(good);
        let step = tail.len().div_ceil(MOST).max(1);
        let tail: Vec<_> = tail[tail.len() - other..].iter().step_by(step).copied().collect();
        Some(Pair {
            good: Density::new(&self.encoding, take(&head[..good.min(MOST)])),
            other: Density::new(&self.encoding, take(&tail)),
        })
    }

    fn suggest(&mut self, trial: TrialId) -> Option<Assignment> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        if trial.0 < self.settings.initial || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        if self.pair.is_none() {
            self.pair = self.pair();
        }
        let pair = self.pair.as_ref()?;
        let mut best: Option<(f64, Assignment)> = None;
        for _ in 0..self.settings.candidates {
            let mut x = pair.good.draw(self.settings.stretch, &mut stream);
            self.encoding.snap(&mut x);
            let ratio = pair.good.log_at(&x) - pair.other.log_at(&x);
            if best.as_ref().is_some_and(|(most, _)| ratio <= *most) {
                continue;
            }
            let assignment = self.encoding.decode(&x);
            if self.random.is_new(&assignment) {
                best = Some((ratio, assignment));
            }
        }
        best.map(|(_, assignment)| assignment)
    }
}

impl Searcher for TpeSearcher {
    fn propose(&mut self, ask: &Ask) -> Proposal {
        let suggestion = self.suggest(ask.trial);
        Proposal::Ready(suggestion.unwrap_or_else(|| self.random.draw(ask.trial)))
    }

    fn adopt(&mut self, trial: TrialId, assignment: &Assignment) {
        self.random.adopt(trial, assignment);
    }

    fn warm_up(&mut self, prior: &[PriorObservation]) {
        self.settings.initial = self.settings.initial.saturating_sub(configurations(prior));
        prior.iter().for_each(|earlier| self.observe(&earlier.observation()));
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let cost = observation.score.map_or(f64::INFINITY, |score| self.direction.cost(score));
        self.rungs.entry(observation.resource).or_default().push((x, cost));
        self.pair = None;
    }
}
