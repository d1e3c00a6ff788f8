//! The state of the sampler: passes observations to the model and proposes the configuration with the highest acquisition value.

mod gain;

use std::collections::BTreeMap;

use rand::RngExt;

use super::kernel::Point;
use super::model::{Model, RankedTrial};
use super::optimize::{AcquisitionFn, Effort, SearchRegion, maximize};
use super::rows::ModelRow;
use super::settings::Gp;
use super::subspace::Subspace;
use super::transfer::ensemble::Ensemble;
use crate::search::encoding::Encoding;
use crate::search::observation::count_configurations;
use crate::search::random::RandomSearcher;
use crate::search::{
    GainEstimate, GainRequest, GuessUse, Observation, PriorObservation, Proposal, Sampler, SearchContext, Searcher,
};
use crate::types::advice::{Advice, SlotChoices, TrialRequest};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::stream::{Purpose, stream};
use crate::types::units::Resource;

/// Number of trials with the best predicted mean near which candidates are drawn.
const LOCAL_CENTERS: usize = 5;
/// The effort of one suggestion.
const EFFORT: Effort = Effort { random_candidates: 200, local_candidates: 100, optimized: 5, iterations: 15 };
/// With earlier studies, one in [`CHECK_INTERVAL`] of this many first trials is drawn at random.
const CHECKED_TRIALS: u64 = 9;
/// See [`CHECKED_TRIALS`].
const CHECK_INTERVAL: u64 = 3;
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

    fn rules(&self) -> u32 {
        2
    }

    fn advises(&self) -> bool {
        true
    }

    fn guess_use(&self) -> GuessUse {
        GuessUse::Prior
    }
}

#[derive(Debug)]
pub(super) struct GpSearcher {
    settings: Gp,
    encoding: Encoding,
    random: RandomSearcher,
    pub(super) model: Model,
    /// The observations of each earlier study, until models are fitted to them.
    earlier: Vec<Vec<ModelRow>>,
    seed: u64,
    direction: Direction,
    pub(super) max_resource: Resource,
    /// The last suggestion and its trial, valid until the model changes.
    suggestion: Option<(TrialId, Suggestion)>,
    /// That of the last proposal.
    origin: ConfigOrigin,
}

/// The model's suggestion for a new trial.
#[derive(Clone, Debug)]
pub(super) enum Suggestion {
    /// Draw the configuration at random.
    Random,
    /// The configuration with the highest acquisition value.
    Configuration {
        assignment: Assignment,
        /// Its vector.
        x: Vec<f64>,
        /// Its acquisition value.
        value: f64,
        /// The value to improve on, less the margin.
        bar: f64,
    },
}

impl GpSearcher {
    fn new(settings: Gp, context: &SearchContext) -> GpSearcher {
        let encoding = Encoding::new(context.space.clone());
        GpSearcher {
            model: Model::new(settings.model.clone(), &encoding.dimensions(), context.seed),
            earlier: Vec::new(),
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
    pub(super) fn suggestion(&mut self, trial: TrialId) -> Suggestion {
        if let Some((_, suggestion)) = self.suggestion.as_ref().filter(|(of, _)| *of == trial) {
            return suggestion.clone();
        }
        let suggestion = self.suggest(trial).unwrap_or(Suggestion::Random);
        self.suggestion = Some((trial, suggestion.clone()));
        suggestion
    }

    fn suggest(&mut self, trial: TrialId) -> Option<Suggestion> {
        let mut stream = stream(self.seed, trial, Purpose::Model);
        self.fit_earlier_studies();
        if let Some((assignment, x)) = self.next_of_portfolio() {
            let bar = self.portfolio_mean()?;
            return Some(Suggestion::Configuration { assignment, x, value: f64::INFINITY, bar });
        }
        let is_initial =
            trial.0 < self.settings.initial || self.has_too_few_observations() || self.checks_earlier_studies(trial);
        if is_initial || stream.random::<f64>() < self.settings.random_fraction {
            return None;
        }
        let mut ranking = self.model.ranking();
        let subspace = Subspace::draw(&self.encoding, &ranking, &mut stream);
        ranking.retain(|ranked| subspace.contains(&ranked.x));
        let incumbent = self.incumbent_mean(&ranking).or_else(|| self.portfolio_mean())?;
        // running trials are expected to improve on the incumbent, so that no two start for the same improvement
        let best = self.model.pending_means(|x| subspace.contains(x)).into_iter().fold(incumbent, f64::min);
        let margin = self.margin();
        let mut known: Vec<Vec<f64>> = ranking.into_iter().take(LOCAL_CENTERS).map(|ranked| ranked.x).collect();
        known.extend(self.portfolio().iter().filter(|x| subspace.contains(x)).cloned());
        let belief = self.random.belief();
        let moved = belief.and_then(|belief| Some(belief.move_to_guesses(known.first()?, &self.encoding)));
        known.extend(moved);
        let acquisition = self.settings.criterion.acquisition(margin);
        let acquisition_fn = AcquisitionFn { posterior: self.model.posterior()?, acquisition, best, belief };
        let region = SearchRegion { known: &known, subspace: &subspace };
        let ranked = maximize(acquisition_fn, &self.encoding, region, EFFORT, &mut stream);
        let is_new = |x: &[f64]| !self.model.vectors().any(|other| other == x);
        let new = ranked.into_iter().filter(|(_, x)| is_new(x));
        // a belief decides where a new trial starts, not whether one is worth more than continuing another
        let own = |value: f64, x: &[f64]| belief.map_or(value, |belief| value - belief.value(x));
        let mut decoded = new.map(|(value, x)| (self.encoding.decode(&x), own(value, &x), x));
        let (assignment, value, x) = decoded.find(|(assignment, ..)| self.random.is_new(assignment))?;
        Some(Suggestion::Configuration { assignment, value, x, bar: best - margin })
    }

    /// Whether nothing is known: earlier studies that rank what was observed well make up for observations of this one.
    fn has_too_few_observations(&mut self) -> bool {
        self.model.observations() < self.settings.min_observations && !self.model.has_weighted_studies()
    }

    /// Fits models to the observations of earlier studies at the first suggestion, so that a replay does not need them.
    fn fit_earlier_studies(&mut self) {
        if !self.earlier.is_empty() {
            let studies = std::mem::take(&mut self.earlier);
            let dimensions = self.encoding.dimensions();
            let ensemble = Ensemble::new(&self.settings.model, &dimensions, &self.encoding, &studies, self.seed);
            self.model.set_ensemble(ensemble);
        }
    }

    /// Whether `trial` is drawn at random so that earlier studies are compared outside of what they find good: if they mislead, only
    /// that shows it.
    fn checks_earlier_studies(&self, trial: TrialId) -> bool {
        self.model.ensemble().is_some() && trial.0 < CHECKED_TRIALS && trial.0 % CHECK_INTERVAL == CHECK_INTERVAL - 1
    }

    /// The next configuration of the earlier studies' portfolio that no trial has.
    fn next_of_portfolio(&self) -> Option<(Assignment, Vec<f64>)> {
        let decoded = self.portfolio().iter().map(|x| self.encoding.decode(x));
        let mut encoded = decoded.filter_map(|next| self.encoding.encode(&next).map(|x| (next, x)));
        encoded.find(|(next, x)| !self.model.vectors().any(|other| other == x) && self.random.is_new(next))
    }

    /// The configurations of the earlier studies' portfolio; none without such studies.
    fn portfolio(&self) -> &[Vec<f64>] {
        self.model.ensemble().map(Ensemble::portfolio).unwrap_or_default()
    }

    /// The value to improve on before there are observations: the lowest predicted mean of the portfolio.
    fn portfolio_mean(&mut self) -> Option<f64> {
        let portfolio = self.portfolio().to_vec();
        self.model.posterior()?.predict_means(&portfolio).into_iter().reduce(f64::min)
    }

    /// The least improvement that counts in the next decision, in units of the transformed values.
    pub(super) fn margin(&self) -> f64 {
        self.settings.criterion.margin(&mut stream(self.seed, TrialId(self.model.decision()), Purpose::Margin))
    }

    /// The value to improve on: the lowest predicted mean in `ranking` among trials that reached the full resource (among all if there
    /// are none).
    pub(super) fn incumbent_mean(&self, ranking: &[RankedTrial]) -> Option<f64> {
        let finished = ranking.iter().find(|ranked| ranked.max_t >= 0.0);
        finished.or(ranking.first()).map(|ranked| ranked.mean)
    }

    /// ln(resource / R), at most 0; `None` if it is not finite.
    pub(super) fn log_resource(&self, resource: f64) -> Option<f64> {
        let t = libm::log(resource / self.max_resource.amount());
        t.is_finite().then_some(t.min(0.0))
    }

    /// The result of a job and, before it, intermediate readings of its curve; the latter if the last step of the curve is the job's
    /// resource, so that steps are in its unit.
    fn rows(&self, observation: &Observation<'_>) -> Vec<ModelRow> {
        let Some(x) = self.encoding.encode(observation.assignment) else { return Vec::new() };
        let Some(t) = self.log_resource(observation.resource.amount()) else { return Vec::new() };
        let row =
            |t: f64, cost: Option<f64>| ModelRow { trial: observation.trial, point: Point { x: x.clone(), t }, cost };
        let mut rows = Vec::new();
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
            rows.push(row(t, Some(cost)));
        }
        rows.push(row(t, observation.score.map(|score| self.direction.cost(score))));
        rows
    }
}

impl Searcher for GpSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let (assignment, origin) = match self.random.guess() {
            Some(guess) => guess,
            None => match self.suggestion(request.trial) {
                Suggestion::Configuration { assignment, value, .. } => {
                    (assignment, ConfigOrigin::model(self.settings.name(), value))
                }
                Suggestion::Random => self.random.draw_for_model(request.trial),
            },
        };
        self.origin = origin;
        Proposal::Ready(assignment)
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
        if prior.iter().any(|prior| prior.study.is_none()) {
            self.settings.initial = self.settings.initial.saturating_sub(count_configurations(prior));
            prior.iter().for_each(|prior| self.observe(&prior.observation()));
            return;
        }
        let mut studies: BTreeMap<Option<u32>, Vec<ModelRow>> = BTreeMap::new();
        for prior in prior {
            studies.entry(prior.study).or_default().extend(self.rows(&prior.observation()));
        }
        let has_value = |rows: &Vec<ModelRow>| rows.iter().any(|row| row.cost.is_some());
        self.earlier = studies.into_values().filter(has_value).collect();
        if !self.earlier.is_empty() {
            self.settings.initial = 0;
        }
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.suggestion = None;
        for ModelRow { trial, point, cost } in self.rows(observation) {
            self.model.observe(trial, point, cost);
        }
    }

    fn forget_failure(&mut self, trial: TrialId, _assignment: &Assignment, _resource: Resource) {
        self.suggestion = None;
        self.model.forget_failure(trial);
    }

    fn expected_gain(&mut self, request: &GainRequest) -> GainEstimate {
        self.gain(request)
    }

    fn advise(&mut self, choices: SlotChoices<'_>) -> Advice {
        self.fit_earlier_studies();
        if self.has_too_few_observations() { Advice::NoOpinion } else { self.advise_slot(choices) }
    }
}
