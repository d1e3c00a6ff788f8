//! The live searcher: readings to the model, the configuration with the greatest merit to the trial.

use rand::RngExt;

use super::Gp;
use super::climb::{Effort, Goal, maximize};
use super::kernel::Point;
use super::model::Model;
use crate::search::encoding::Encoding;
use crate::search::random::RandomSearcher;
use crate::search::{Ask, Observation, Proposal, SearchContext, Searcher};
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::objective::Direction;
use crate::words::stream::{Purpose, stream};
use crate::words::units::Resource;

/// Configurations with the best expected value that are varied.
const PROMISING: usize = 5;
/// What one suggestion may spend.
const EFFORT: Effort = Effort { draws: 200, variations: 100, climbs: 5, steps: 15 };
/// Readings on the way are learnt from where each is at this share of the next one's resource or less: neighbours say the same.
const SPACING: f64 = 1.0 / 3.0;

/// See [`Gp`].
#[derive(Debug)]
pub struct GpSearcher {
    settings: Gp,
    encoding: Encoding,
    random: RandomSearcher,
    model: Model,
    seed: u64,
    direction: Direction,
    full: Resource,
}

impl GpSearcher {
    /// One that has seen nothing.
    pub fn new(settings: Gp, context: &SearchContext) -> GpSearcher {
        let encoding = Encoding::new(context.space.clone());
        GpSearcher {
            model: Model::new(settings.model.clone(), encoding.axes(), context.seed),
            settings,
            encoding,
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            full: context.full,
        }
    }

    fn suggest(&mut self, trial: TrialId) -> Option<Assignment> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        let is_early = trial.0 < self.settings.initial || self.model.readings() < self.settings.least_readings;
        if is_early || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        let ranking = self.model.ranking();
        let best = ranking.first()?.belief.mean;
        let known: Vec<Vec<f64>> = ranking.into_iter().take(PROMISING).map(|ranked| ranked.x).collect();
        let goal = Goal { posterior: self.model.posterior()?, acquisition: self.settings.acquisition, best };
        let pool = maximize(goal, &self.encoding, &known, EFFORT, &mut stream);
        let is_new = |x: &[f64]| !self.model.positions().any(|other| other == x);
        let fresh = pool.into_iter().filter(|(_, x)| is_new(x));
        fresh.map(|(_, x)| self.encoding.decode(&x)).find(|assignment| self.random.is_new(assignment))
    }

    /// ln(resource / R), at most 0.
    fn place(&self, resource: f64) -> Option<f64> {
        let t = libm::log(resource / self.full.amount());
        t.is_finite().then_some(t.min(0.0))
    }

    /// Learns from the readings below the job's own resource, if they count in the same unit.
    fn observe_curve(&mut self, observation: &Observation<'_>, x: &[f64]) {
        let reached = observation.resource.amount();
        let counts_alike = observation.curve.last().is_some_and(|last| (last.step - reached).abs() <= 1e-9 * reached);
        let mut next = reached;
        for reading in observation.curve.iter().rev().filter(|_| counts_alike) {
            if reading.step <= 0.0 || reading.step > next * SPACING || !reading.value.is_finite() {
                continue;
            }
            let Some(t) = self.place(reading.step) else { continue };
            let cost = match self.direction {
                Direction::Minimize => reading.value,
                Direction::Maximize => -reading.value,
            };
            next = reading.step;
            self.model.observe(observation.trial, Point { x: x.to_vec(), t }, Some(cost));
        }
    }
}

impl Searcher for GpSearcher {
    fn propose(&mut self, ask: &Ask) -> Proposal {
        let suggestion = self.suggest(ask.trial);
        Proposal::Ready(suggestion.unwrap_or_else(|| self.random.draw(ask.trial)))
    }

    fn adopt(&mut self, trial: TrialId, assignment: &Assignment) {
        self.random.adopt(trial, assignment);
        if let Some(x) = self.encoding.encode(assignment) {
            self.model.expect(trial, x);
        }
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let Some(t) = self.place(observation.resource.amount()) else { return };
        self.observe_curve(observation, &x);
        let cost = observation.score.map(|score| self.direction.cost(score));
        self.model.observe(observation.trial, Point { x, t }, cost);
    }
}
