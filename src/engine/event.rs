//! What the engine is told and what it asks for: the whole interface between decisions and the world.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobId, Slot, TrialId};
use crate::types::outcome::{CurvePoint, Outcome, Reading, StopRule};
use crate::types::units::Resource;

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The study starts or goes on: slots may be filled.
    Begin,
    /// A job printed a reading. Sent only while [`crate::engine::Engine::wants_readings`] says so; the first of each job also while
    /// [`crate::engine::Engine::wants_first_readings`] does.
    Reading {
        /// Which job.
        job: JobId,
        /// What it printed.
        reading: Reading,
    },
    /// A job ended; the record of it is in the journal.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        outcome: Outcome,
        /// The objective on the way.
        curve: Vec<CurvePoint>,
        /// The resource that its last reading named, if it named it.
        step: Option<f64>,
    },
    /// An outside tuner answered with configurations for waiting trials.
    Suggested {
        /// One for each.
        suggestions: Vec<(TrialId, Assignment)>,
    },
    /// An outside tuner has no more, or died; the study ends with this sentence if it is set.
    TunerFinished {
        /// What went wrong, if anything did.
        error: Option<String>,
    },
    /// A moment asked for with [`Command::WakeAt`] has come.
    Tick,
    /// The user or the system wants an end.
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Journal it, then spawn it.
    Launch(Launch),
    /// End the job; its end comes back as an event.
    Kill {
        /// Which.
        job: JobId,
        /// Why.
        why: StopRule,
    },
    /// Journal that the trial goes on to the next rung.
    Promoted(TrialId),
    /// Journal that the trial is over; its checkpoints may go.
    Retired(TrialId),
    /// Send [`Event::Tick`] at that moment of study time (the earliest asked for counts).
    WakeAt(crate::types::units::Moment),
    /// Ask the outside tuner.
    Suggest {
        /// Trials that wait for a configuration.
        trials: Vec<(TrialId, BracketId, Resource)>,
    },
    /// No job runs and none will: journal the end and stop.
    Finish(FinishReason),
}

/// One launch.
#[derive(Clone, PartialEq, Debug)]
pub struct Launch {
    /// Trial, rung and attempt.
    pub job: JobId,
    /// Its bracket.
    pub bracket: BracketId,
    /// What it gets.
    pub resource: Resource,
    /// What the trial had before; zero at first.
    pub previous: Resource,
    /// Where it runs.
    pub slot: Slot,
    /// What it runs with.
    pub assignment: Arc<Assignment>,
}

/// Which limit ended the study.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// `--max-jobs`.
    Jobs,
    /// `--max-resource`.
    Resource,
    /// `--time-limit`.
    Time,
}

/// Why a study ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum FinishReason {
    /// The plan is done.
    Completed,
    /// A metric condition was reached.
    MetricReached {
        /// The job whose reading it was.
        job: JobId,
        /// The metric.
        metric: String,
        /// The reading.
        value: f64,
        /// The condition's value.
        threshold: f64,
    },
    /// Too large a share of the ended jobs failed.
    FailureShare {
        /// Failed jobs.
        failed: u64,
        /// Ended jobs.
        ended: u64,
    },
    /// The first jobs all failed for one reason.
    FirstFailures {
        /// That reason.
        failure: String,
    },
    /// The outside tuner failed.
    Tuner {
        /// What went wrong.
        #[serde(rename = "fault")]
        error: String,
    },
    /// A limit; the study can go on.
    Limit {
        /// Which.
        limit: LimitKind,
    },
    /// A signal; the study can go on.
    Interrupted {
        /// Its number.
        signal: i32,
    },
}

impl FinishReason {
    /// Whether the same line run again goes on instead of printing the result again.
    pub fn is_resumable(&self) -> bool {
        matches!(self, FinishReason::Limit { .. } | FinishReason::Interrupted { .. } | FinishReason::Tuner { .. })
    }
}
