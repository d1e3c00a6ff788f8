//! What a journal holds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::event::FinishReason;
use crate::engine::experiment::PromotedStart;
use crate::search::PriorObservation;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobId, Slot, TrialId};
use crate::types::objective::Metric;
use crate::types::outcome::{Outcome, Readings, StopRule};
use crate::types::units::{Moment, Resource, ResourceSpec};

/// The format of new journals. Format 1, without numbers and checksums, is read and appended to as it is; others are refused.
pub const FORMAT: u32 = 2;

/// Version of the rules that turn a seed into draws and promotions. Raised with every change of them.
pub const SAMPLING_RULES: u32 = 1;

/// The first line: what the study is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`] when the study was begun.
    pub format: u32,
    /// [`SAMPLING_RULES`].
    pub sampling_rules: u32,
    /// hypertune's version.
    pub version: String,
    /// The matrix file's path as given.
    pub matrix_path: String,
    /// Its text.
    pub matrix: String,
    /// The folder in which the study was begun and its commands run, absolute.
    #[serde(default)]
    pub directory: String,
    /// The study's folder as it was typed, relative to `directory` unless it is absolute; empty in journals of format 1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub study: String,
    /// The text of the component file that the matrix file names, when the study was begun; `None` where it names none, and in
    /// journals of versions that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The command template, element by element.
    pub command: Vec<String>,
    /// The options that change what runs (`--metric`, `-P`, `--arg-style`, …), in a canonical form.
    pub options: Value,
    /// The seed that counts: from the line, the matrix, or drawn.
    pub seed: u64,
    /// What is ranked by.
    pub metric: Option<Metric>,
    /// What the schedule allots.
    pub resource: Option<ResourceSpec>,
    /// Whether promoted trials go on from their checkpoints; tells what each job costs.
    #[serde(default)]
    pub promoted: PromotedStart,
    /// What it learnt from earlier studies (`--warm-start`) when it was begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior: Vec<PriorObservation>,
    /// Planned jobs, resource, and the cost of as many trials at full resource.
    pub plan: PlanTotals,
    /// When the study first started, RFC 3339.
    pub started_at: String,
}

impl Header {
    /// The name of what the schedule allots.
    pub fn resource_name(&self) -> Option<&str> {
        self.resource.as_ref().map(|spec| spec.name.as_str())
    }
}

/// The plan's totals, for summaries.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PlanTotals {
    /// New configurations.
    pub trials: u64,
    /// Jobs.
    pub jobs: u64,
    /// Sum of their resources.
    pub resource: f64,
    /// Trials × R.
    pub full_resource: f64,
}

/// A launch, written before the process is spawned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LaunchRecord {
    /// Trial, rung, attempt.
    #[serde(flatten)]
    pub job: JobId,
    /// Its bracket.
    #[serde(flatten)]
    pub bracket: BracketId,
    /// What it gets.
    pub resource: Resource,
    /// What the trial had before.
    pub previous: Resource,
    /// Where it runs.
    pub slot: Slot,
    /// The configuration; only in the trial's first launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Assignment>,
    /// Study time.
    pub at: Moment,
}

/// The end of a job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EndRecord {
    /// Trial, rung, attempt.
    #[serde(flatten)]
    pub job: JobId,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What it printed.
    #[serde(flatten)]
    pub readings: Readings,
    /// What the operating system says of it.
    #[serde(flatten)]
    pub usage: ProcessUsage,
    /// The last lines of its stderr, where it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr_tail: String,
    /// Study time.
    pub at: Moment,
}

/// Process accounting of one job.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProcessUsage {
    /// Wall time from spawn to reaping.
    pub duration_s: f64,
    /// Exit code, if it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Signal, if one ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Largest resident set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rss_bytes: Option<u64>,
    /// User and system time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_s: Option<f64>,
}

/// One line of the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// The first line.
    Study(Box<Header>),
    /// A driver took the study up.
    Session {
        /// Its process id.
        pid: u32,
        /// The value of `HYPERTUNE_SESSION` in its jobs' environment, by which they are found after a crash; empty in journals
        /// of versions that did not record it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        mark: String,
        /// Jobs at once.
        concurrency: u32,
        /// The name of the launcher of its jobs; empty in journals of versions that had only `local`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        launcher: String,
        /// Further attempts of a job that fails.
        retries: u32,
        /// RFC 3339.
        started_at: String,
        /// Study time.
        at: Moment,
    },
    /// A job is about to be spawned.
    Launch(Box<LaunchRecord>),
    /// A rule wants a running job ended.
    Kill {
        /// Which.
        #[serde(flatten)]
        job: JobId,
        /// Why.
        why: StopRule,
        /// Study time.
        at: Moment,
    },
    /// A job ended.
    End(Box<EndRecord>),
    /// A trial goes on.
    Promoted {
        /// Which.
        trial: TrialId,
    },
    /// A trial is over.
    Retired {
        /// Which.
        trial: TrialId,
    },
    /// The session ended in order.
    Finish {
        /// Why.
        #[serde(flatten)]
        reason: FinishReason,
        /// Study time.
        at: Moment,
    },
}
