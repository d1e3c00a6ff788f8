//! The state of the sampler: passes observations to the model and proposes the configuration with the highest acquisition value.

use std::collections::BTreeMap;

use rand::RngExt;

use super::acquisition::Acquisition;
use super::kernel::Point;
use super::model::{Model, RankedTrial};
use super::optimize::{AcquisitionFn, Effort, SearchRegion, maximize};
use super::settings::Gp;
use crate::search::encoding::{Branch, Encoding, branch, is_in_branch};
use crate::search::observation::{count_configurations, is_prior_trial};
use crate::search::random::RandomSearcher;
use crate::search::{Observation, PriorObservation, Proposal, Sampler, SearchContext, Searcher};
use crate::types::advice::{Advice, PausedTrial, TrialRequest};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, Stream, stream};
use crate::types::units::Resource;

/// Number of trials with the best predicted mean near which candidates are drawn.
const LOCAL_CENTERS: usize = 5;
/// The effort of one suggestion.
const EFFORT: Effort = Effort { random_candidates: 200, local_candidates: 100, optimized: 5, iterations: 15 };
/// Probability with which the branch of a suggestion is drawn, so that a branch is still searched while another has the best
/// results.
const DRAWN_BRANCHES: f64 = 0.5;
/// Maximum ratio of the steps of two successive readings of a curve that are both used: nearer readings hardly differ.
const MAX_STEP_RATIO: f64 = 1.0 / 3.0;

impl Sampler for Gp {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(GpSearcher::new(self.clone(), context))
    }

    fn ignores_observations(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct GpSearcher {
    settings: Gp,
    encoding: Encoding,
    random: RandomSearcher,
    model: Model,
    seed: u64,
    direction: Direction,
    max_resource: Resource,
    /// The last suggestion and its trial, valid until the model changes.
    suggestion: Option<(TrialId, Suggestion)>,
    /// That of the last proposal.
    origin: ConfigOrigin,
}

/// The model's suggestion for a new trial.
#[derive(Clone, Debug)]
enum Suggestion {
    /// Draw the configuration at random.
    Random,
    /// The configuration with the highest acquisition value, and that value.
    Configuration(Assignment, f64),
}

impl GpSearcher {
    fn new(settings: Gp, context: &SearchContext) -> GpSearcher {
        let encoding = Encoding::new(context.space.clone());
        GpSearcher {
            model: Model::new(settings.model.clone(), &encoding.dimensions(), context.seed),
            settings,
            encoding,
            random: RandomSearcher::new(context),
            seed: context.seed,
            direction: context.direction.unwrap_or(Direction::Minimize),
            max_resource: context.max_resource,
            suggestion: None,
            origin: ConfigOrigin::Random,
        }
    }

    /// The suggestion for `trial`, computed once per state of the model.
    fn suggestion(&mut self, trial: TrialId) -> Suggestion {
        if let Some((_, suggestion)) = self.suggestion.as_ref().filter(|(of, _)| *of == trial) {
            return suggestion.clone();
        }
        let suggestion = self.suggest(trial).unwrap_or(Suggestion::Random);
        self.suggestion = Some((trial, suggestion.clone()));
        suggestion
    }

    fn suggest(&mut self, trial: TrialId) -> Option<Suggestion> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        let is_initial = trial.0 < self.settings.initial || self.has_too_few_observations();
        if is_initial || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        let ranking = self.model.ranking();
        let chosen = self.draw_branch(&ranking, &mut stream);
        let best = self.incumbent_mean(&ranking, chosen.as_ref())?;
        let inside = ranking.into_iter().map(|ranked| ranked.x).filter(|x| is_in_branch(chosen.as_ref(), x));
        let known: Vec<Vec<f64>> = inside.take(LOCAL_CENTERS).collect();
        let acquisition_fn =
            AcquisitionFn { posterior: self.model.posterior()?, acquisition: self.settings.acquisition, best };
        let region = SearchRegion { known: &known, branch: chosen.as_ref() };
        let ranked = maximize(acquisition_fn, &self.encoding, region, EFFORT, &mut stream);
        let is_new = |x: &[f64]| !self.model.vectors().any(|other| other == x);
        let new = ranked.into_iter().filter(|(_, x)| is_new(x));
        let mut decoded = new.map(|(value, x)| (self.encoding.decode(&x), value));
        let (assignment, value) = decoded.find(|(assignment, _)| self.random.is_new(assignment))?;
        Some(Suggestion::Configuration(assignment, value))
    }

    fn has_too_few_observations(&self) -> bool {
        self.model.observations() < self.settings.min_observations
    }

    /// The branch that the suggestion is restricted to, if any: with conditions, sometimes that of a draw from the prior. One without
    /// results is not drawn: there may be too many.
    fn draw_branch(&self, ranking: &[RankedTrial], stream: &mut Stream) -> Option<Branch> {
        if !self.encoding.has_conditions() || stream.random::<f64>() >= DRAWN_BRANCHES {
            return None;
        }
        let drawn = branch(&self.encoding.draw(stream));
        ranking.iter().any(|ranked| branch(&ranked.x) == drawn).then_some(drawn)
    }

    /// The value to improve on: the lowest predicted mean among trials of the branch `chosen` (or of all) that reached the full
    /// resource (among all trials if there are none) and running trials without observations, whose improvement is already expected.
    fn incumbent_mean(&mut self, ranking: &[RankedTrial], chosen: Option<&Branch>) -> Option<f64> {
        let inside = || ranking.iter().filter(move |ranked| is_in_branch(chosen, &ranked.x));
        let observed = inside().find(|ranked| ranked.max_t >= 0.0).or(inside().next())?.mean;
        let pending = self.model.pending_means(|x| is_in_branch(chosen, x));
        Some(pending.into_iter().fold(observed, f64::min))
    }

    /// The paused trial with the highest expected improvement per remaining resource (as a fraction of R), and the logarithm of that
    /// ratio.
    fn best_paused(&mut self, ranking: &[RankedTrial], paused: &[PausedTrial]) -> Option<(TrialId, f64)> {
        let best = self.incumbent_mean(ranking, None)?;
        let improvement = Acquisition::LogExpectedImprovement { margin: 0.0 };
        let resources: BTreeMap<TrialId, f64> = paused.iter().map(|p| (p.trial, p.resource.amount())).collect();
        let paused: Vec<&RankedTrial> = ranking.iter().filter(|ranked| resources.contains_key(&ranked.trial)).collect();
        let vectors: Vec<Vec<f64>> = paused.iter().map(|ranked| ranked.x.clone()).collect();
        let predictions = self.model.posterior()?.predict_batch(&vectors);
        let values = paused.iter().zip(predictions).map(|(ranked, prediction)| {
            let remaining = 1.0 - resources[&ranked.trial] / self.max_resource.amount();
            (ranked.trial, improvement.evaluate(prediction, best).value - libm::log(remaining))
        });
        values.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }

    /// ln(resource / R), at most 0; `None` if it is not finite.
    fn log_resource(&self, resource: f64) -> Option<f64> {
        let t = libm::log(resource / self.max_resource.amount());
        t.is_finite().then_some(t.min(0.0))
    }

    /// Adds intermediate readings as observations, if the last step of the curve is the job's resource, so that steps are in its
    /// unit.
    fn observe_curve(&mut self, observation: &Observation<'_>, x: &[f64]) {
        let resource = observation.resource.amount();
        let has_same_unit =
            observation.curve.last().is_some_and(|last| (last.step - resource).abs() <= 1e-9 * resource);
        let mut next = resource;
        for reading in observation.curve.iter().rev().filter(|_| has_same_unit) {
            if reading.step <= 0.0 || reading.step > next * MAX_STEP_RATIO || !reading.value.is_finite() {
                continue;
            }
            let Some(t) = self.log_resource(reading.step) else { continue };
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
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        match self.suggestion(request.trial) {
            Suggestion::Configuration(assignment, value) => {
                self.origin = ConfigOrigin::model(self.settings.name(), value);
                Proposal::Ready(assignment)
            }
            Suggestion::Random => {
                self.origin = ConfigOrigin::Random;
                Proposal::Ready(self.random.draw(request.trial))
            }
        }
    }

    fn origin(&self) -> ConfigOrigin {
        self.origin.clone()
    }

    fn register(&mut self, trial: TrialId, assignment: &Assignment) {
        self.suggestion = None;
        self.random.register(trial, assignment);
        if let Some(x) = self.encoding.encode(assignment) {
            self.model.add_pending(trial, x);
        }
    }

    fn warm_start(&mut self, prior: &[PriorObservation]) {
        self.settings.initial = self.settings.initial.saturating_sub(count_configurations(prior));
        prior.iter().for_each(|prior| self.observe(&prior.observation()));
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.suggestion = None;
        let Some(x) = self.encoding.encode(observation.assignment) else { return };
        let Some(t) = self.log_resource(observation.resource.amount()) else { return };
        self.observe_curve(observation, &x);
        let cost = observation.score.map(|score| self.direction.cost(score));
        self.model.observe(observation.trial, Point { x, t }, cost);
    }

    fn forget_failure(&mut self, trial: TrialId, _assignment: &Assignment, _resource: Resource) {
        self.suggestion = None;
        self.model.forget_failure(trial);
    }

    /// Compares expected improvement per remaining resource; a new trial needs all of R. If no new trial may start, the trial with the
    /// best predicted mean is promoted.
    fn advise(&mut self, new_trial: Option<&TrialRequest>, paused: &[PausedTrial]) -> Advice {
        if self.has_too_few_observations() {
            return Advice::NoOpinion;
        }
        let ranking = self.model.ranking();
        let Some((trial, paused_value)) = self.best_paused(&ranking, paused) else { return Advice::StartNew };
        let Some(new_trial) = new_trial else {
            let best = ranking.iter().map(|ranked| ranked.trial).find(|trial| !is_prior_trial(*trial));
            let is_paused = best.filter(|best| paused.iter().any(|p| p.trial == *best));
            return is_paused.map_or(Advice::StartNew, Advice::Promote);
        };
        match self.suggestion(new_trial.trial) {
            Suggestion::Configuration(_, new_value) if paused_value > new_value => Advice::Promote(trial),
            _ => Advice::StartNew,
        }
    }
}
