//! The checked input of a study: all the engine needs to know, and nothing of files or processes.

use std::sync::Arc;
use std::time::Duration;

use crate::method::Method;
use crate::space::Space;
use crate::words::assignment::Assignment;
use crate::words::objective::{Direction, Metric};
use crate::words::units::ResourceSpec;

/// What a promoted trial finds in its checkpoint directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Promoted {
    /// A fresh, empty one: it trains from scratch (`resume: false`).
    #[default]
    StartOver,
    /// The one it left (`resume: true`).
    Continue,
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

/// What happens to running jobs when a limit of the study is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AtLimit {
    /// They are ended.
    #[default]
    EndRunning,
    /// They may finish.
    FinishRunning,
}

/// Limits of the study; reaching one is exit 4, and the same line with a larger one goes on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Limits {
    /// Jobs launched.
    pub jobs: Option<u64>,
    /// Resource given out.
    pub resource: Option<f64>,
    /// Wall time over all sessions.
    pub time: Option<Duration>,
    /// Running jobs.
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
    pub promoted: Promoted,
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
}
