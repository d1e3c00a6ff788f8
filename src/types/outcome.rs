//! How a job ended, and what was read from it while it ran.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::objective::Score;

/// One metric reading: a point of a learning curve.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Resource at the reading: the step it carried, else its ordinal (from 1) among the job's readings.
    pub step: f64,
    /// The objective's value there.
    pub value: f64,
}

/// Why a job has no usable value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub enum Failure {
    /// The command could not be started.
    Launch(String),
    /// It ended with this exit code, and nothing is known of the reason.
    Exit(i32),
    /// It ended with an error that says that the command cannot run, whatever the parameters' values; the detail says which.
    BadCommand(String),
    /// It ended with an error of the program that values of parameters rarely cause; the detail is its line.
    ProgramError(String),
    /// A signal ended it that hypertune did not send.
    Signal(i32),
    /// It was ended because it ran longer than the job timeout.
    Timeout,
    /// The kernel, the cgroup or the program itself said that memory ran out.
    OutOfMemory(String),
    /// It exited with 0 and the metric was never seen; the detail names the keys that were.
    NoMetric(String),
    /// The metric's last reading was NaN or infinite.
    NotFinite(String),
    /// The driver died while it ran.
    Lost,
}

impl fmt::Display for Failure {
    /// The reason in a few words; failures of one cause read the same, so that they can be counted together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Launch(why) => write!(f, "could not be started: {why}"),
            Failure::Exit(code) => write!(f, "exit code {code}"),
            Failure::BadCommand(detail) | Failure::ProgramError(detail) => f.write_str(detail),
            Failure::Signal(number) => write!(f, "ended by signal {number}"),
            Failure::Timeout => f.write_str("ran into the job timeout"),
            Failure::OutOfMemory(evidence) => write!(f, "out of memory: {evidence}"),
            Failure::NoMetric(detail) | Failure::NotFinite(detail) => f.write_str(detail),
            Failure::Lost => f.write_str("lost: hypertune itself ended while it ran"),
        }
    }
}

/// Which rule ended a running job early, with the two numbers it compared.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StopRule {
    /// `median`, `diff`, `truncation` or one of the constants of this type.
    pub rule: String,
    /// The job's own number.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
}

impl StopRule {
    /// The whole study ended: a metric condition was reached or too much failed.
    pub const STUDY_FINISHED: &str = "study_finished";
    /// A limit of the study came; the job runs again when the study goes on.
    pub const LIMIT: &str = "limit";
    /// A signal to hypertune; the job runs again when the study goes on.
    pub const INTERRUPTED: &str = "interrupted";

    /// A rule that compared `value` with `threshold`.
    pub fn new(rule: &str, value: Option<f64>, threshold: Option<f64>) -> StopRule {
        StopRule { rule: rule.to_owned(), value, threshold }
    }
}

/// How a job ended, for the engine and the schedule.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It ran to its end. `score` is empty only in studies without a metric.
    Succeeded {
        /// The metric's last reading.
        score: Option<Score>,
    },
    /// hypertune ended it early; it counts with its last reading.
    Stopped {
        /// The metric's last reading, if there was a finite one.
        score: Option<Score>,
        /// What ended it.
        by: StopRule,
    },
    /// No usable value.
    Failed {
        /// Why.
        failure: Failure,
    },
}

impl Outcome {
    /// The score it is ranked by, if any.
    pub fn score(&self) -> Option<Score> {
        match self {
            Outcome::Succeeded { score } | Outcome::Stopped { score, .. } => *score,
            Outcome::Failed { .. } => None,
        }
    }

    /// Whether the command ran to its end, with or without a usable value, so that it trained all it was given.
    pub fn ran_to_end(&self) -> bool {
        match self {
            Outcome::Succeeded { .. } => true,
            Outcome::Failed { failure } => matches!(failure, Failure::NoMetric(_) | Failure::NotFinite(_)),
            Outcome::Stopped { .. } => false,
        }
    }

    /// Whether this end says nothing about the configuration, so that the job runs again as a new attempt: the driver died, a
    /// limit came or a signal did. Such a job has no value and counts nowhere.
    pub fn runs_again(&self) -> bool {
        match self {
            Outcome::Succeeded { .. } => false,
            Outcome::Stopped { by, .. } => by.rule == StopRule::LIMIT || by.rule == StopRule::INTERRUPTED,
            Outcome::Failed { failure } => *failure == Failure::Lost,
        }
    }
}

/// One JSON object a job printed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reading {
    /// The resource's own value in the object, if it was there.
    pub step: Option<f64>,
    /// Every numeric entry, NaN and the infinities included.
    pub numbers: Vec<(String, f64)>,
}

impl Reading {
    /// The number under `name`.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }
}

/// What a job's stdout came to, for the journal.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Readings {
    /// The last reading as it stood (non-finite numbers as the strings `NaN`, `Infinity`, `-Infinity`).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metrics: Map<String, Value>,
    /// The objective's curve, thinned to at most 64 points that keep the first and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
    /// How many points there were before thinning, if it left any out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinned_from: Option<u64>,
}

impl Readings {
    /// The resource that the last reading named, where it named it as a finite number.
    pub fn step(&self, resource: Option<&str>) -> Option<f64> {
        self.metrics.get(resource?)?.as_f64().filter(|step| step.is_finite())
    }

    /// Every point of the objective's curve, if none was left out.
    pub fn whole_curve(&self) -> Option<&[CurvePoint]> {
        self.thinned_from.is_none().then_some(&self.curve)
    }
}
