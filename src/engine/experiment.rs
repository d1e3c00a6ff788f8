//! The checked input of a study: all the engine needs to know, and nothing of files or processes.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use rand::Rng;

use crate::kinds::Method;
use crate::schedule::{BracketPlan, Plan};
use crate::search::{PriorObservation, SearchContext};
use crate::space::Space;
use crate::types::allocation::Allocation;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::{Direction, Metric};
use crate::types::stream::{Purpose, stream};
use crate::types::units::{Resource, ResourceSpec};

/// What a promoted trial finds in its checkpoint directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum PromotedStart {
    /// An empty directory: it trains from scratch (`resume: false`).
    #[default]
    #[serde(rename = "start_over")]
    FromScratch,
    /// The checkpoint of its previous job (`resume: true`).
    #[serde(rename = "continue")]
    FromCheckpoint,
}

impl PromotedStart {
    /// The span that a job trains which gets `resource` where its trial had `previous` before.
    pub fn allocation(self, resource: Resource, previous: Option<Resource>) -> Allocation {
        let from = match self {
            PromotedStart::FromScratch => Resource::ZERO,
            PromotedStart::FromCheckpoint => previous.unwrap_or(Resource::ZERO),
        };
        Allocation { from, to: resource }
    }

    /// What a job costs that gets `resource` where its trial had `previous` before, if it runs to its end.
    pub fn cost(self, resource: Resource, previous: Option<Resource>) -> f64 {
        self.allocation(resource, previous).total()
    }
}

/// A metric condition that ends the whole study as a success.
#[derive(Clone, PartialEq, Debug)]
pub struct MetricCondition {
    /// The metric, not necessarily the objective.
    pub metric: String,
    /// The value to reach.
    pub value: f64,
    /// From which side.
    pub direction: Direction,
}

/// When running jobs are looked at, in readings of the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// Every how many readings (≥ 1).
    pub every: u64,
    /// Not before this many.
    pub from: u64,
}

/// What a policy compares a running job with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Rule {
    /// Best so far worse than the median of the other jobs' running averages at the same reading, if there are `min_samples`.
    Median {
        /// Fewest other jobs to compare with.
        min_samples: u64,
    },
    /// Worse than the best by more than `percent` of it.
    Diff {
        /// 0…100.
        percent: f64,
    },
    /// Among the worst `percent` of the running jobs.
    Truncation {
        /// 0…100.
        percent: f64,
        /// Whether ended jobs count among the compared.
        include_succeeded: bool,
    },
}

/// An early-stopping policy on running jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// The metric it reads.
    pub metric: String,
    /// Which way is better.
    pub direction: Direction,
    /// When it looks.
    pub interval: Interval,
    /// What it compares.
    pub rule: Rule,
}

/// Rules that end jobs or the study early.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stopping {
    /// Any one reached ends the study as a success.
    pub conditions: Vec<MetricCondition>,
    /// On running jobs.
    pub policies: Vec<Policy>,
    /// Share of failed among ended jobs, 0…1, that ends the study as failed.
    pub failure_share: Option<f64>,
}

/// What happens to running jobs when the study's time is over. (Jobs that were launched within the other limits always finish.)
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AtLimit {
    /// They are ended, and run again when the study goes on.
    #[default]
    EndRunning,
    /// They may finish.
    FinishRunning,
}

/// Limits of the study; reaching one is exit 4, and the same line with a larger one goes on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Limits {
    /// Jobs launched; further attempts of one job are not counted.
    pub jobs: Option<u64>,
    /// Resource spent; of a job that continues its trial's checkpoint only what it adds. A running job counts in full, one that was
    /// cut off counts as [`Allocation::spent`] says. Further attempts of one job are not counted.
    pub resource: Option<f64>,
    /// Wall time over all sessions.
    pub time: Option<Duration>,
    /// What happens to running jobs when the time is over.
    pub at_limit: AtLimit,
}

/// How often and after which pauses a job is launched again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retries {
    /// Further attempts after the first.
    pub max: u32,
    /// Pause before the first retry; doubles with each further one, up to a minute.
    pub pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Retries { max: 0, pause: Duration::from_secs(1) }
    }
}

/// What to do when the first jobs all fail for one reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FirstFailures {
    /// End the study with that reason.
    #[default]
    Stop,
    /// Carry on (`--keep-going`).
    KeepGoing,
}

/// The checked input.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Which schedule, which sampler.
    pub method: Method,
    /// What may vary.
    pub space: Arc<Space>,
    /// What is ranked by; `None`: everything runs and is recorded, nothing is ranked.
    pub metric: Option<Metric>,
    /// What a schedule allots, if it allots anything.
    pub resource: Option<ResourceSpec>,
    /// Every draw comes from it.
    pub seed: u64,
    /// What promoted trials find.
    pub promoted: PromotedStart,
    /// Early ends.
    pub stopping: Stopping,
    /// Study limits.
    pub limits: Limits,
    /// Retries.
    pub retries: Retries,
    /// First failures.
    pub first_failures: FirstFailures,
    /// Longest run of one job.
    pub job_timeout: Option<Duration>,
    /// Starting points, complete or partial: the first trials take them in order, the sampler fills in the rest.
    pub initial: Vec<Assignment>,
    /// Jobs of earlier studies; the sampler learns from them before it proposes.
    pub prior: Arc<[PriorObservation]>,
}

/// What a study comes to if nothing fails.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Totals {
    /// New configurations.
    pub trials: u64,
    /// Jobs.
    pub jobs: u64,
    /// Their resource; jobs that continue a checkpoint count with what they add.
    pub resource: f64,
    /// What as many trials at full resource would cost.
    pub full_resource: f64,
}

impl Experiment {
    /// What the schedule will do with what the sampler has to give.
    pub fn plan(&self) -> Plan {
        self.method.schedule.plan(self.method.sampler.max_trials(&self.space))
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

    /// What the searcher is made from.
    pub fn search_context(&self) -> SearchContext {
        SearchContext {
            space: self.space.clone(),
            seed: self.seed,
            direction: self.metric.as_ref().map(|m| m.direction),
            max_resource: self.max_resource(),
        }
    }

    /// The seed handed to every job of `trial` (`HYPERTUNE_SEED`): 32 bits, the most that numpy takes.
    pub fn trial_seed(&self, trial: TrialId) -> u32 {
        stream(self.seed, trial, Purpose::TrialSeed).next_u32()
    }
}
