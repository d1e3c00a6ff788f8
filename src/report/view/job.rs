//! One launch of a trial's command, as views show it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::journal::record::ProcessUsage;
use crate::report::number;
use crate::types::allocation::Completion;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobId, Slot};
use crate::types::incumbent::Candidate;
use crate::types::objective::Score;
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{CurvePoint, Failure, Outcome, StopRule};
use crate::types::placement::Placement;
use crate::types::units::{Moment, Resource};

/// The state of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Launched; its end is not in the journal, and a driver is running.
    Running,
    /// Ran to its end, with a value if the study has a metric.
    Succeeded,
    /// Ended without a usable value.
    Failed,
    /// Ran longer than the job timeout.
    Timeout,
    /// Ended early by a rule or with the study.
    Stopped,
    /// Ended by a limit or a signal; it runs again when the study is resumed.
    Interrupted,
    /// The driver ended while it ran.
    Lost,
}

impl JobStatus {
    /// The word for it in tables and exports.
    pub fn name(self) -> &'static str {
        match self {
            JobStatus::Running => "running",
            JobStatus::Succeeded => "succeeded",
            JobStatus::Failed => "failed",
            JobStatus::Timeout => "timeout",
            JobStatus::Stopped => "stopped",
            JobStatus::Interrupted => "interrupted",
            JobStatus::Lost => "lost",
        }
    }

    /// The status of a job that ended with `outcome`.
    pub(super) fn of(outcome: &Outcome) -> JobStatus {
        match outcome {
            Outcome::Succeeded { .. } => JobStatus::Succeeded,
            Outcome::Stopped { .. } if outcome.runs_again() => JobStatus::Interrupted,
            Outcome::Stopped { .. } => JobStatus::Stopped,
            Outcome::Failed { failure: Failure::Timeout } => JobStatus::Timeout,
            Outcome::Failed { failure: Failure::Lost } => JobStatus::Lost,
            Outcome::Failed { .. } => JobStatus::Failed,
        }
    }
}

/// The start of a job by a scheduler.
#[derive(Clone, PartialEq, Debug)]
pub struct JobStart {
    /// Where it runs.
    pub placement: Placement,
    /// When it started, in study time.
    pub at: Moment,
}

/// One launch of a trial's command at one rung.
#[derive(Clone, PartialEq, Debug)]
pub struct JobView {
    /// Trial, rung and attempt.
    pub job: JobId,
    /// Its bracket.
    pub bracket: BracketId,
    /// The slot it ran in.
    pub slot: Slot,
    /// The resource allotted to its trial, this job included.
    pub resource: Resource,
    /// The resource that its trial had before.
    pub previous: Resource,
    /// The resource that its trial reached; while it runs, where it started.
    pub reached: Resource,
    /// The resource it spent (`Allocation::spent`); while it runs, the most that it may spend.
    pub spent: f64,
    /// Its state.
    pub status: JobStatus,
    /// Whether it was cut off by the end of the driver, a limit or a signal. It has no value and runs again when the study is resumed.
    pub interrupted: bool,
    /// Why it failed or was stopped.
    pub reason: Option<String>,
    /// What it is ranked by.
    pub score: Option<Score>,
    /// Its last reading; `None` while it runs, and below [`super::study::ViewDetail::Full`].
    pub metrics: Option<Box<Map<String, Value>>>,
    /// Readings of the study's metric, in order; empty below [`super::study::ViewDetail::Curves`].
    pub curve: Vec<CurvePoint>,
    /// Its configuration.
    pub params: Arc<Assignment>,
    /// Where it came from; of a trial's first launch, if it was recorded.
    pub origin: Option<Box<ConfigOrigin>>,
    /// Whether its trial was promoted after it.
    pub promoted: bool,
    /// Whether its trial was retired after it: dropped, or trained with the full resource.
    pub retired: bool,
    /// When it was launched, in study time.
    pub launched: Moment,
    /// When and where a scheduler started it; `None` while it is queued, and for jobs of launchers without a scheduler.
    pub start: Option<Box<JobStart>>,
    /// When its end was recorded, in study time; `None` while it runs and if the driver ended first.
    pub ended: Option<Moment>,
    /// Process accounting; `None` while it runs.
    pub usage: Option<ProcessUsage>,
    /// The last lines of its stderr, if it failed.
    pub stderr_tail: String,
}

impl JobView {
    /// Its entry in the comparison for the best trial, if it has a value.
    pub fn candidate(&self) -> Option<Candidate> {
        let completion = match self.status {
            JobStatus::Succeeded => Completion::Full,
            JobStatus::Stopped => Completion::new(false, self.reached, self.resource),
            _ => return None,
        };
        Some(Candidate { job: self.job.key, completion, reached: self.reached, score: self.score? })
    }

    /// When it began to run, in study time: when a scheduler started it, else when it was launched.
    pub fn began(&self) -> Moment {
        self.start.as_ref().map_or(self.launched, |start| start.at)
    }

    /// How long it waited for a scheduler, seconds; `None` if no scheduler started it.
    pub fn queued_s(&self) -> Option<f64> {
        self.start.as_ref().map(|start| start.at.since(self.launched).as_secs_f64())
    }

    /// Whether it ended without a usable value and was not interrupted.
    pub fn is_failure(&self) -> bool {
        matches!(self.status, JobStatus::Failed | JobStatus::Timeout)
    }
}

/// Why a job failed or was stopped, in a few words.
pub(super) fn reason(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Succeeded { .. } => None,
        Outcome::Failed { failure } => Some(failure.to_string()),
        Outcome::Stopped { by, .. } if by.rule == StopRule::LIMIT => Some("ended by the time limit".to_owned()),
        Outcome::Stopped { by, .. } if by.rule == StopRule::INTERRUPTED => {
            Some("ended by a signal to hypertune".to_owned())
        }
        Outcome::Stopped { by, .. } => Some(match (by.value, by.threshold) {
            (Some(value), Some(threshold)) => {
                format!("{}: {} against {}", by.rule, number::shortest(value), number::shortest(threshold))
            }
            _ => by.rule.clone(),
        }),
    }
}
