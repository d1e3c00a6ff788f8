//! The checked input of a study.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::{CountedReading, MetricChoice, Wanted};
use crate::kinds::Method;
use crate::schedule::{BracketPlan, Plan, finite};
use crate::search::choice::StudyFacts;
use crate::search::{PriorObservation, SearchContext};
use crate::space::Space;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::{Direction, Metric};
use crate::types::stream::{Purpose, stream};
use crate::types::units::{Resource, ResourceSpec};

/// A metric condition that ends the whole study as a success.
#[derive(Clone, PartialEq, Debug)]
pub struct MetricCondition {
    /// The metric, not necessarily the objective.
    pub metric: String,
    /// The value to reach.
    pub value: f64,
    /// Whether the metric must be at most or at least `value`.
    pub direction: Direction,
}

/// When a policy evaluates a job, in readings of the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// The number of readings between evaluations (≥ 1).
    pub every: u64,
    /// The first reading that is evaluated.
    pub from: u64,
}

/// The comparison that a policy makes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Rule {
    /// The job's best value is worse than the median of the other jobs' running averages at the same reading.
    Median {
        /// The fewest other jobs to compare with.
        min_samples: u64,
    },
    /// The job's best value is worse than the best of all jobs by more than `percent` of the latter.
    Diff {
        /// 0…100.
        percent: f64,
    },
    /// The job is among the worst `percent` of the running jobs.
    Truncation {
        /// 0…100.
        percent: f64,
        /// Whether jobs that have succeeded are compared too.
        include_succeeded: bool,
    },
}

/// An early-stopping policy on running jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// The metric it compares.
    pub metric: String,
    /// Whether small or large values of it are better.
    pub direction: Direction,
    /// When it evaluates a job.
    pub interval: Interval,
    /// The comparison.
    pub rule: Rule,
}

/// Rules that end running jobs or the study early.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stopping {
    /// Conditions of which any one ends the study as a success.
    pub conditions: Vec<MetricCondition>,
    /// Policies that end running jobs.
    pub policies: Vec<Policy>,
    /// The share of failed among ended jobs, 0…1, that ends the study as a failure.
    pub failure_share: Option<f64>,
}

/// What happens to running jobs at the time limit. (The other limits never end running jobs.)
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AtLimit {
    /// They are killed, and launched again when the study is resumed.
    #[default]
    EndRunning,
    /// They run to their end.
    FinishRunning,
}

/// Limits of the study. Reaching one gives exit code 4; the same command line with a larger limit resumes the study.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Limits {
    /// Launched jobs. A job with several attempts counts once.
    pub jobs: Option<u64>,
    /// Resource. A job that continues a checkpoint counts with what it adds. A running job counts in full, an ended one with
    /// `Allocation::spent`. A job with several attempts counts once.
    pub resource: Option<f64>,
    /// Wall time over all sessions.
    pub time: Option<Duration>,
    /// What happens to running jobs at the time limit.
    pub at_limit: AtLimit,
    /// The share of what was gained so far, above 0 and below 1, below which the expected gain of the rest of the budget ends the study.
    pub patience: Option<f64>,
}

impl Limits {
    /// Whether `share` is a value of [`Limits::patience`].
    pub fn accepts_patience(share: f64) -> bool {
        share > 0.0 && share < 1.0
    }
}

/// How often, and after which pauses, a failed job is launched again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retries {
    /// Attempts after the first.
    pub max: u32,
    /// Pause before the first retry; doubled for each further one, at most a minute.
    pub pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Retries { max: 0, pause: Duration::from_secs(1) }
    }
}

/// What to do if the first jobs all fail for the same reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FirstFailures {
    /// End the study with that reason.
    #[default]
    Stop,
    /// Continue (`--keep-going`).
    KeepGoing,
}

/// The checked input of a study.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Schedule and sampler.
    pub method: Method,
    /// The search space.
    pub space: Arc<Space>,
    /// The objective. `None`: jobs run and are recorded, but not ranked.
    pub metric: Option<Metric>,
    /// How the readings of jobs are collected; `None` for the default of the study's version.
    pub collector: Option<ConfiguredCollector>,
    /// Which reading of the objective a job counts with.
    pub counted_reading: CountedReading,
    /// The resource, if the schedule allots one.
    pub resource: Option<ResourceSpec>,
    /// The seed of all random streams.
    pub seed: u64,
    /// How jobs of promoted trials start.
    pub promoted: PromotedStart,
    /// Early stopping.
    pub stopping: Stopping,
    /// Limits of the study.
    pub limits: Limits,
    /// Retries of failed jobs.
    pub retries: Retries,
    /// What to do if the first jobs all fail for the same reason.
    pub first_failures: FirstFailures,
    /// The longest run time of one job.
    pub job_timeout: Option<Duration>,
    /// Starting points of the first trials, in order. The sampler draws the parameters that a starting point leaves out.
    pub initial: Vec<Assignment>,
    /// Jobs of earlier studies, which the sampler observes before it proposes.
    pub prior: Arc<[PriorObservation]>,
}

/// Sums over a plan in which no job fails.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Totals {
    /// Trials.
    pub trials: u64,
    /// Jobs.
    pub jobs: u64,
    /// The resource of all jobs. A job that continues a checkpoint counts with what it adds.
    pub resource: f64,
    /// The resource of the same number of trials if each ran once with the maximum resource.
    pub full_resource: f64,
}

impl Experiment {
    /// How the readings of jobs are collected.
    pub fn collector(&self) -> ConfiguredCollector {
        self.collector.clone().unwrap_or_default()
    }

    /// What the collector of a job looks for: the objective, the resource as the step, and the metrics of early-stopping rules.
    pub fn wanted(&self) -> Wanted {
        let choice = match (self.counted_reading, &self.metric) {
            (CountedReading::Best, Some(metric)) => MetricChoice::Best(metric.direction),
            _ => MetricChoice::Last,
        };
        let metric = self.metric.as_ref().map(|metric| metric.name.clone());
        let conditions = self.stopping.conditions.iter().map(|condition| &condition.metric);
        let rules = conditions.chain(self.stopping.policies.iter().map(|policy| &policy.metric));
        let mut others: Vec<String> = rules.filter(|name| Some(*name) != metric.as_ref()).cloned().collect();
        others.sort();
        others.dedup();
        Wanted { metric, step: self.resource.as_ref().map(|resource| resource.name.clone()), others, choice }
    }

    /// The plan of the schedule, given the number of configurations that the sampler can propose.
    pub fn plan(&self) -> Plan {
        self.method.schedule.plan(self.method.sampler.max_trials(&self.space))
    }

    /// Replaces a sampler that chooses another one by the one that it chooses for this experiment; `slots` is the number of jobs at once,
    /// if it is known.
    pub fn choose_sampler(&mut self, slots: Option<u32>) {
        let plan = self.method.schedule.plan(None);
        let facts = StudyFacts {
            space: &self.space,
            trials: finite(plan.trials()),
            jobs: finite(plan.jobs()),
            slots,
            is_ranked: self.metric.is_some(),
            has_early_results: self.method.schedule.max_resource().is_some() || !self.prior.is_empty(),
        };
        if let Some(sampler) = self.method.sampler.choose(&facts) {
            self.method.sampler = sampler;
        }
    }

    /// The sums of `plan`.
    pub fn totals(&self, plan: &Plan) -> Totals {
        let cost = |bracket: &BracketPlan| {
            let previous = iter::once(None).chain(bracket.rungs.iter().map(|rung| Some(rung.resource)));
            let jobs = bracket.rungs.iter().zip(previous);
            jobs.map(|(rung, before)| rung.configs as f64 * self.promoted.cost(rung.resource, before)).sum::<f64>()
        };
        let trials = plan.trials();
        Totals {
            trials,
            jobs: plan.jobs(),
            resource: plan.brackets.iter().map(cost).sum::<f64>() * f64::from(plan.rounds),
            full_resource: trials as f64 * self.max_resource().amount(),
        }
    }

    /// R, or 1 if the schedule has no resource.
    pub fn max_resource(&self) -> Resource {
        self.method.schedule.max_resource().unwrap_or(Resource::ONE)
    }

    /// The input of the sampler.
    pub fn search_context(&self) -> SearchContext {
        SearchContext {
            space: self.space.clone(),
            seed: self.seed,
            direction: self.metric.as_ref().map(|m| m.direction),
            max_resource: self.max_resource(),
        }
    }

    /// The seed for every job of `trial` (`HYPERTUNE_SEED`): 32 bits, the most that numpy accepts.
    pub fn trial_seed(&self, trial: TrialId) -> u32 {
        stream(self.seed, trial, Purpose::TrialSeed).next_u32()
    }
}
