//! Experiments, a sampler and outcomes for the tests.

use std::sync::Arc;

use rand::RngExt;
use serde_json::Value;

use crate::engine::event::Launch;
use crate::engine::experiment::{Experiment, FirstFailures, Limits, Retries, Stopping};
use crate::kinds::Method;
use crate::schedule::Schedule;
use crate::schedule::full_budget::FullBudget;
use crate::schedule::hyperband::{BracketSizes, brackets};
use crate::schedule::rung_levels::RungLevels;
use crate::schedule::sync_brackets::SyncBrackets;
use crate::search::{GainEstimate, GainRequest, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::types::advice::TrialRequest;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::{Direction, Metric, Score};
use crate::types::outcome::{Failure, Outcome};
use crate::types::stream::{Purpose, stream};
use crate::types::units::ResourceKind;

/// A sampler of one parameter `x`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TestSampler {
    /// Draws from the seed.
    Random,
    /// Draws from the seed and all observations in their order.
    Model,
    /// Draws from the seed for so many trials.
    Limited(u64),
    /// Asks the external tuner.
    External,
    /// Draws like `Random`, but has a model that expects no gain.
    Content,
}

impl Sampler for TestSampler {
    fn name(&self) -> &'static str {
        "test"
    }
    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(TestSearcher { sampler: *self, seed: context.seed, offset: 0.0 })
    }
    fn ignores_observations(&self) -> bool {
        matches!(self, TestSampler::Random | TestSampler::Limited(_) | TestSampler::Content)
    }
    fn max_trials(&self, _space: &Space) -> Option<u64> {
        if let TestSampler::Limited(count) = self { Some(*count) } else { None }
    }
}

struct TestSearcher {
    sampler: TestSampler,
    seed: u64,
    /// A hash of all observations.
    offset: f64,
}

impl Searcher for TestSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let drawn: f64 = stream(self.seed, request.trial, Purpose::Parameters).random();
        match self.sampler {
            TestSampler::Random | TestSampler::Limited(_) | TestSampler::Content => Proposal::Ready(x(drawn)),
            TestSampler::Model => Proposal::Ready(x(drawn + self.offset)),
            TestSampler::External => Proposal::External,
        }
    }
    fn expected_gain(&mut self, _request: &GainRequest) -> GainEstimate {
        match self.sampler {
            TestSampler::Content => GainEstimate::Share(0.0),
            _ => GainEstimate::NoModel,
        }
    }
    fn register(&mut self, trial: TrialId, _assignment: &Assignment) {
        self.offset = (self.offset * 31.0 + trial.0 as f64).sin();
    }
    fn observe(&mut self, observation: &Observation<'_>) {
        self.offset = (self.offset * 17.0 + observation.score.map_or(0.5, Score::value)).sin();
    }
}

/// The configuration `x = value`.
pub(in crate::engine) fn x(value: f64) -> Assignment {
    [(Arc::from("x"), Value::from(value))].into_iter().collect()
}

pub(super) fn hyperband(max: f64) -> Arc<dyn Schedule> {
    let levels = RungLevels::new(1.0, max, 3.0, ResourceKind::Int).unwrap();
    Arc::new(SyncBrackets::new(brackets(&levels, BracketSizes::Floor), 1, &levels))
}

pub(super) fn full_budget(runs: u64) -> Arc<dyn Schedule> {
    Arc::new(FullBudget::new(runs))
}

pub(super) fn experiment(schedule: Arc<dyn Schedule>, sampler: TestSampler) -> Experiment {
    Experiment {
        method: Method { kind: "test", schedule, sampler: Arc::new(sampler) },
        space: Arc::new(Space::default()),
        metric: Some(Metric { name: "loss".into(), direction: Direction::Minimize }),
        collector: None,
        counted_reading: Default::default(),
        resource: None,
        seed: 7,
        promoted: PromotedStart::FromScratch,
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: FirstFailures::KeepGoing,
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    }
}

pub(super) fn succeeded(value: f64) -> Outcome {
    Outcome::Succeeded { score: Score::new(value) }
}

pub(super) fn failed(failure: Failure) -> Outcome {
    Outcome::Failed { failure }
}

/// The outcome of a job that is not killed, as a function of its launch. Values are coarse, so that ties are frequent, and every
/// ninth job fails.
pub(super) fn natural_outcome(launch: &Launch) -> Outcome {
    let mix = launch.job.key.trial.0 * 7 + u64::from(launch.job.key.rung.0) * 5;
    if mix % 9 == 4 {
        return failed(Failure::NotFinite("loss is NaN".into()));
    }
    let x = launch.assignment.get("x").and_then(Value::as_f64).unwrap_or(0.0);
    succeeded((x.abs() * 4.0).floor() + launch.resource.amount().recip())
}
