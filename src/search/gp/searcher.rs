//! The live searcher: readings to the model, the configuration with the greatest merit to the trial.

use std::collections::BTreeMap;

use rand::RngExt;

use super::Gp;
use super::acquisition::Acquisition;
use super::climb::{Effort, Goal, maximize};
use super::kernel::Point;
use super::model::{Model, Ranked};
use crate::search::encoding::Encoding;
use crate::search::prior::{PriorObservation, configurations, is_earlier};
use crate::search::random::RandomSearcher;
use crate::search::{Advice, Ask, Observation, Paused, Proposal, SearchContext, Searcher};
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
    /// The latest suggestion and whom it is for, until anything changes.
    thought: Option<(TrialId, Thought)>,
}

/// What was thought of a new trial.
#[derive(Clone, Debug)]
enum Thought {
    /// Draw it from the prior.
    Draw,
    /// This is worth most, by so much.
    Suggest(Assignment, f64),
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
            thought: None,
        }
    }

    /// What to run in `trial`; thought once for one state of the model.
    fn think(&mut self, trial: TrialId) -> Thought {
        if let Some((_, thought)) = self.thought.as_ref().filter(|(of, _)| *of == trial) {
            return thought.clone();
        }
        let thought = self.suggest(trial).unwrap_or(Thought::Draw);
        self.thought = Some((trial, thought.clone()));
        thought
    }

    fn suggest(&mut self, trial: TrialId) -> Option<Thought> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        let is_early = trial.0 < self.settings.initial || self.is_ignorant();
        if is_early || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        let ranking = self.model.ranking();
        let best = self.bar(&ranking)?;
        let known: Vec<Vec<f64>> = ranking.into_iter().take(PROMISING).map(|ranked| ranked.x).collect();
        let goal = Goal { posterior: self.model.posterior()?, acquisition: self.settings.acquisition, best };
        let pool = maximize(goal, &self.encoding, &known, EFFORT, &mut stream);
        let is_new = |x: &[f64]| !self.model.positions().any(|other| other == x);
        let fresh = pool.into_iter().filter(|(_, x)| is_new(x));
        let mut decoded = fresh.map(|(merit, x)| Thought::Suggest(self.encoding.decode(&x), merit));
        decoded.find(|thought| matches!(thought, Thought::Suggest(assignment, _) if self.random.is_new(assignment)))
    }

    fn is_ignorant(&self) -> bool {
        self.model.readings() < self.settings.least_readings
    }

    /// The least expected value among trials that had all of R (before the first of them, among all) and those that have just started:
    /// what these are expected to reach is no longer to be hoped for elsewhere.
    fn bar(&mut self, ranking: &[Ranked]) -> Option<f64> {
        let full = ranking.iter().find(|ranked| ranked.reached >= 0.0).or(ranking.first())?.mean;
        Some(self.model.expected().into_iter().fold(full, f64::min))
    }

    /// The paused trial with the most expected improvement for what its way to the end still costs, and that as a logarithm.
    fn best_paused(&mut self, ranking: &[Ranked], paused: &[Paused]) -> Option<(TrialId, f64)> {
        let best = self.bar(ranking)?;
        let improvement = Acquisition::LogExpectedImprovement { margin: 0.0 };
        let spent: BTreeMap<TrialId, f64> = paused.iter().map(|p| (p.trial, p.spent.amount())).collect();
        let waiting: Vec<&Ranked> = ranking.iter().filter(|ranked| spent.contains_key(&ranked.trial)).collect();
        let places: Vec<Vec<f64>> = waiting.iter().map(|ranked| ranked.x.clone()).collect();
        let beliefs = self.model.posterior()?.at_full(&places);
        let merits = waiting.iter().zip(beliefs).map(|(ranked, belief)| {
            let left = 1.0 - spent[&ranked.trial] / self.full.amount();
            (ranked.trial, improvement.merit(belief, best).value - libm::log(left))
        });
        merits.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
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
        match self.think(ask.trial) {
            Thought::Suggest(assignment, _) => Proposal::Ready(assignment),
            Thought::Draw => Proposal::Ready(self.random.draw(ask.trial)),
        }
    }

    fn adopt(&mut self, trial: TrialId, assignment: &Assignment) {
        self.thought = None;
        self.random.adopt(trial, assignment);
        if let Some(x) = self.encoding.encode(assignment) {
            self.model.expect(trial, x);
        }
    }

    fn warm_up(&mut self, prior: &[PriorObservation]) {
        self.settings.initial = self.settings.initial.saturating_sub(configurations(prior));
        prior.iter().for_each(|earlier| self.observe(&earlier.observation()));
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.thought = None;
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let Some(t) = self.place(observation.resource.amount()) else { return };
        self.observe_curve(observation, &x);
        let cost = observation.score.map(|score| self.direction.cost(score));
        self.model.observe(observation.trial, Point { x, t }, cost);
    }

    /// Expected improvement for what it still costs decides, a new trial costing all of R. Where no new trial may start, the
    /// configuration that is expected to be the best is brought to its end.
    fn advise(&mut self, ask: Option<&Ask>, paused: &[Paused]) -> Advice {
        if self.is_ignorant() {
            return Advice::NoOpinion;
        }
        let ranking = self.model.ranking();
        let Some((trial, merit)) = self.best_paused(&ranking, paused) else { return Advice::StartNew };
        let Some(ask) = ask else {
            let expected = ranking.iter().map(|ranked| ranked.trial).find(|trial| !is_earlier(*trial));
            let waits = expected.filter(|expected| paused.iter().any(|p| p.trial == *expected));
            return waits.map_or(Advice::StartNew, Advice::Continue);
        };
        match self.think(ask.trial) {
            Thought::Suggest(_, fresh) if merit > fresh => Advice::Continue(trial),
            _ => Advice::StartNew,
        }
    }
}
