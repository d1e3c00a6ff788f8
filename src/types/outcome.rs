//! Outcomes and readings of jobs.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::objective::Score;

/// A point of a learning curve.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The step in the reading, else the number of the reading in its job (from 1).
    pub step: f64,
    /// The value of the objective.
    pub value: f64,
}

/// The reason why a job has no usable value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub enum Failure {
    /// The command could not be started.
    Launch(String),
    /// It ended with this exit code for an unknown reason.
    Exit(i32),
    /// It ended with an error of a command that cannot run with any parameters; the detail is the error.
    BadCommand(String),
    /// It ended with an error that parameters rarely cause; the detail is the line of the error.
    ProgramError(String),
    /// It was ended by a signal that hypertune did not send.
    Signal(i32),
    /// It was killed at the job timeout.
    Timeout,
    /// The kernel, the cgroup or the program reported that memory ran out; the detail is the report.
    OutOfMemory(String),
    /// It exited with 0 and printed no reading of the metric; the detail names the keys that it printed.
    NoMetric(String),
    /// The metric's last reading was NaN or infinite.
    NotFinite(String),
    /// Somebody cancelled it in the cluster; the detail says so, and who, if that is known.
    Cancelled(String),
    /// A cluster lost the job or could not start it, for a reason that has nothing to do with its configuration; the detail is the
    /// reason.
    Infrastructure(String),
    /// The driver ended while the job was running.
    Lost,
}

impl fmt::Display for Failure {
    /// The reason. Failures with the same cause have the same text, so that they can be counted together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Launch(why) => write!(f, "could not be started: {why}"),
            Failure::Exit(code) => write!(f, "exit code {code}"),
            Failure::BadCommand(detail) | Failure::ProgramError(detail) => f.write_str(detail),
            Failure::Signal(number) => write!(f, "ended by signal {number}"),
            Failure::Timeout => f.write_str("ran into the job timeout"),
            Failure::OutOfMemory(evidence) => write!(f, "out of memory: {evidence}"),
            Failure::NoMetric(detail) | Failure::NotFinite(detail) | Failure::Cancelled(detail) => f.write_str(detail),
            Failure::Infrastructure(reason) => write!(f, "failure of the infrastructure: {reason}"),
            Failure::Lost => f.write_str("lost: hypertune itself ended while it ran"),
        }
    }
}

/// The rule that ended a running job early, with the two numbers it compared.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StopRule {
    /// `median`, `diff`, `truncation` or one of the constants of this type.
    pub rule: String,
    /// The number of the job.
    pub value: Option<f64>,
    /// The number it was compared with.
    pub threshold: Option<f64>,
}

impl StopRule {
    /// The study ended: a metric condition was reached or too many jobs failed.
    pub const STUDY_FINISHED: &str = "study_finished";
    /// The time limit was reached; the job is launched again when the study is resumed.
    pub const LIMIT: &str = "limit";
    /// hypertune received a signal; the job is launched again when the study is resumed.
    pub const INTERRUPTED: &str = "interrupted";

    /// A rule that compared `value` with `threshold`.
    pub fn new(rule: &str, value: Option<f64>, threshold: Option<f64>) -> StopRule {
        StopRule { rule: rule.to_owned(), value, threshold }
    }
}

/// How a job ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It ran to its end.
    Succeeded {
        /// The metric's last reading; `None` only in studies without a metric.
        score: Option<Score>,
    },
    /// hypertune ended it early.
    Stopped {
        /// The metric's last reading, if there was one and it is finite.
        score: Option<Score>,
        /// The rule that ended it.
        by: StopRule,
    },
    /// It has no usable value.
    Failed {
        /// The reason.
        failure: Failure,
    },
}

impl Outcome {
    /// The score for ranking.
    pub fn score(&self) -> Option<Score> {
        match self {
            Outcome::Succeeded { score } | Outcome::Stopped { score, .. } => *score,
            Outcome::Failed { .. } => None,
        }
    }

    /// Whether the command ran to its end, with or without a usable value, and so used all of its resource.
    pub fn ran_to_end(&self) -> bool {
        match self {
            Outcome::Succeeded { .. } => true,
            Outcome::Failed { failure } => matches!(failure, Failure::NoMetric(_) | Failure::NotFinite(_)),
            Outcome::Stopped { .. } => false,
        }
    }

    /// Whether the job is launched again as a new attempt, because the driver ended, a limit was reached or a signal received. Such
    /// an end has no value and is not counted.
    pub fn runs_again(&self) -> bool {
        match self {
            Outcome::Succeeded { .. } => false,
            Outcome::Stopped { by, .. } => by.rule == StopRule::LIMIT || by.rule == StopRule::INTERRUPTED,
            Outcome::Failed { failure } => *failure == Failure::Lost,
        }
    }
}

/// The metric values that a job printed at one step.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reading {
    /// The value of the resource, if it was printed.
    pub step: Option<f64>,
    /// Every number, including NaN and the infinities.
    pub numbers: Vec<(String, f64)>,
}

impl Reading {
    /// The number called `name`.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }
}

/// The readings of a job, as the journal records them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Readings {
    /// The last reading. Numbers that are not finite are the strings `NaN`, `Infinity` and `-Infinity`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metrics: Map<String, Value>,
    /// The objective's learning curve, thinned to at most 64 points, which include the first and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
    /// The number of points before thinning, if any was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinned_from: Option<u64>,
}

impl Readings {
    /// The value of `resource` in the last reading, if it is a finite number.
    pub fn step(&self, resource: Option<&str>) -> Option<f64> {
        self.metrics.get(resource?)?.as_f64().filter(|step| step.is_finite())
    }

    /// The objective's learning curve, if no point was left out.
    pub fn whole_curve(&self) -> Option<&[CurvePoint]> {
        self.thinned_from.is_none().then_some(&self.curve)
    }
}
