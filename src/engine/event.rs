//! The events and commands of the engine: its whole interface to a driver.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobId, Rung, Slot, TrialId};
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{CurvePoint, Outcome, Reading, StopRule};
use crate::types::units::{Moment, Resource};

/// An input of the engine.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The study starts or resumes: slots may be filled.
    Start,
    /// A job printed a reading. Sent only if [`crate::engine::Engine::wants_readings`]; the first reading of each job also if
    /// [`crate::engine::Engine::wants_first_readings`].
    Reading {
        /// The job.
        job: JobId,
        /// The reading.
        reading: Reading,
    },
    /// A job ended and the journal records it.
    Ended {
        /// The job.
        job: JobId,
        /// Its outcome.
        outcome: Outcome,
        /// The objective's learning curve.
        curve: Vec<CurvePoint>,
        /// The resource in its last reading, if the reading has one.
        step: Option<f64>,
    },
    /// The external tuner suggested configurations.
    Suggested {
        /// Pending trials with their configurations.
        suggestions: Vec<(TrialId, Assignment)>,
    },
    /// The external tuner has no more suggestions.
    TunerFinished {
        /// The error that ended it. The study then ends with [`FinishReason::Tuner`].
        error: Option<String>,
    },
    /// The moment of a [`Command::WakeAt`] is reached.
    Tick,
    /// A signal to hypertune.
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

/// An output of the engine, which the driver carries out.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Record the launch in the journal, then spawn the job.
    Launch(Launch),
    /// End the job. [`Event::Ended`] follows.
    Kill {
        /// The job.
        job: JobId,
        /// The rule that ends it.
        why: StopRule,
    },
    /// Record that the trial is promoted.
    Promoted {
        /// The trial.
        trial: TrialId,
        /// Its next rung, if that is not the one after its last.
        skips_to: Option<Rung>,
    },
    /// Record that the trial gets no more jobs. Its checkpoints may be removed.
    Retired(TrialId),
    /// Send [`Event::Tick`] at this moment. Of several, the earliest is enough.
    WakeAt(Moment),
    /// Ask the external tuner for suggestions.
    Suggest {
        /// Trials without a configuration; the resource is that of their first job.
        trials: Vec<(TrialId, BracketId, Resource)>,
    },
    /// No job is running and none will: record the end and stop.
    Finish(FinishReason),
}

/// The launch of a job.
#[derive(Clone, PartialEq, Debug)]
pub struct Launch {
    /// Trial, rung and attempt.
    pub job: JobId,
    /// Its bracket.
    pub bracket: BracketId,
    /// Its resource.
    pub resource: Resource,
    /// The resource of the trial's previous job; zero for the first.
    pub previous: Resource,
    /// Its slot.
    pub slot: Slot,
    /// Its configuration.
    pub assignment: Arc<Assignment>,
    /// Where the configuration came from, in the trial's first launch.
    pub origin: Option<ConfigOrigin>,
}

/// A limit of the study.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// `--max-jobs`.
    Jobs,
    /// `--max-resource`.
    Resource,
    /// `--time-limit`.
    Time,
    /// `--patience`.
    Patience,
}

/// When `--patience` would have ended a study that ran without it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct PatienceHint {
    /// The value of the option.
    pub patience: f64,
    /// The number of launched jobs at that point.
    pub jobs: u64,
    /// The resource that they had or were allotted.
    pub resource: f64,
}

/// Why a study ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum FinishReason {
    /// The schedule has no more jobs.
    Completed,
    /// A metric condition was reached.
    MetricReached {
        /// The job whose reading met it.
        job: JobId,
        /// The metric.
        metric: String,
        /// The metric's value.
        value: f64,
        /// The condition's value.
        threshold: f64,
    },
    /// The share of failed jobs reached its limit.
    FailureShare {
        /// Failed jobs.
        failed: u64,
        /// Ended jobs.
        ended: u64,
    },
    /// The first jobs all failed for the same reason.
    FirstFailures {
        /// The reason.
        failure: String,
    },
    /// The external tuner failed; the study can be resumed.
    Tuner {
        /// The error.
        #[serde(rename = "fault")]
        error: String,
    },
    /// A limit was reached; the study can be resumed.
    Limit {
        /// The limit.
        limit: LimitKind,
    },
    /// A signal interrupted it; the study can be resumed.
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

impl FinishReason {
    /// Whether the same command line resumes the study instead of printing its result.
    pub fn is_resumable(&self) -> bool {
        matches!(self, FinishReason::Limit { .. } | FinishReason::Interrupted { .. } | FinishReason::Tuner { .. })
    }
}
