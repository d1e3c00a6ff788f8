//! The records of a journal.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::event::{FinishReason, PatienceHint};
use crate::engine::experiment::Limits;
use crate::search::PriorObservation;
use crate::search::choice::SamplerChoice;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::fingerprint::FileFingerprint;
use crate::types::ids::{BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::objective::Metric;
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{Outcome, Readings, StopRule};
use crate::types::placement::Placement;
use crate::types::units::{Moment, Resource, ResourceSpec};

/// The format of new journals. Journals of format 1, without numbers and checksums, are read and stay in it; others are refused.
pub const FORMAT: u32 = 2;

/// The first record: the study's definition.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`] when the study started.
    pub format: u32,
    /// The version of the rules of sampler and schedule when the study started; see `Method::rules`.
    pub sampling_rules: u32,
    /// The version of hypertune that started the study.
    pub version: String,
    /// The matrix file's path as given.
    pub matrix_path: String,
    /// Its text.
    pub matrix: String,
    /// The absolute path of the folder in which the study started and its commands run.
    #[serde(default)]
    pub directory: String,
    /// The study's folder as given, relative to `directory` unless it is absolute; empty in journals of format 1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub study: String,
    /// The text of the component file that the matrix file names, as it was when the study started; `None` if it names none, and in
    /// journals of versions that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The command template, element by element.
    pub command: Vec<String>,
    /// The options that change the jobs (`--metric`, `-P`, `--arg-style`, …), in a canonical form.
    pub options: Value,
    /// The seed, from the command line, from the matrix, or drawn.
    pub seed: u64,
    /// The metric that trials are ranked by.
    pub metric: Option<Metric>,
    /// How readings are collected: the collector's kind with its options. `None` in journals of versions with only one collector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<Value>,
    /// The resource that the schedule allots.
    pub resource: Option<ResourceSpec>,
    /// Whether promoted trials continue from their checkpoints, which determines the cost of each job.
    #[serde(default)]
    pub promoted: PromotedStart,
    /// The names of all parameters in file order, if some are not active in each trial; otherwise empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// The names of the parameters whose distribution is one of their logarithm; empty in journals of versions that did not record them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_params: Vec<String>,
    /// Observations of earlier studies (`--warm-start`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior: Vec<PriorObservation>,
    /// What the sampler `auto` chose; `None` with another sampler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler_choice: Option<SamplerChoice>,
    /// The plan's totals.
    pub plan: PlanTotals,
    /// When the study first started, RFC 3339.
    pub started_at: String,
}

impl Header {
    /// The name of the resource.
    pub fn resource_name(&self) -> Option<&str> {
        self.resource.as_ref().map(|spec| spec.name.as_str())
    }

    /// `params`, with null for each parameter that is not active.
    pub fn with_inactive(&self, params: &Assignment) -> Assignment {
        if self.params.is_empty() {
            return params.clone();
        }
        let value = |name: &String| params.get(name).cloned().unwrap_or_default();
        self.params.iter().map(|name| (name.as_str().into(), value(name))).collect()
    }
}

/// A change of the study's length: from now on the study is the one that this record defines. Everything else in it means what the
/// header means.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LengthRecord {
    /// The amount of the schedule's length so far.
    pub before: u64,
    /// The new one.
    pub length: u64,
    /// As in [`Header`].
    pub matrix_path: String,
    /// As in [`Header`].
    pub matrix: String,
    /// As in [`Header`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// As in [`Header`].
    pub options: Value,
    /// As in [`Header`].
    pub plan: PlanTotals,
}

impl LengthRecord {
    /// Puts the new definition into the header.
    pub fn apply(self, header: &mut Header) {
        let LengthRecord { matrix_path, matrix, component, options, plan, .. } = self;
        (header.matrix_path, header.matrix, header.component) = (matrix_path, matrix, component);
        (header.options, header.plan) = (options, plan);
    }
}

/// The plan's totals, for summaries.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PlanTotals {
    /// Configurations.
    pub trials: u64,
    /// Jobs.
    pub jobs: u64,
    /// Sum of their resources.
    pub resource: f64,
    /// Trials × R: the resource of as many trials trained in full.
    pub full_resource: f64,
}

/// The start of a session.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The driver's process id.
    pub pid: u32,
    /// The value of `HYPERTUNE_SESSION` in its jobs' environment, which identifies them after a crash; empty in journals of
    /// versions that did not record it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// Number of slots.
    pub concurrency: u32,
    /// The name of the launcher of its jobs; empty in journals of versions that had only `local`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub launcher: String,
    /// Its options; empty for a launcher without any.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub launcher_options: Map<String, Value>,
    /// The id of the Slurm job whose batch script runs its driver and queues itself again until the study is finished; `None` without
    /// such a script, and in journals of versions that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_job: Option<String>,
    /// Most further attempts of a failed job.
    pub retries: u32,
    /// The devices of each slot, as in `CUDA_VISIBLE_DEVICES`; empty if none are assigned, and in journals of versions that did not
    /// record them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// The limits at which it ends; none in journals of versions that did not record them.
    #[serde(default, skip_serializing_if = "SessionLimits::is_none")]
    pub limits: SessionLimits,
    /// The scripts of its jobs; empty in journals of versions that did not record them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileFingerprint>,
    /// RFC 3339.
    pub started_at: String,
    /// Study time.
    pub at: Moment,
}

/// The limits of a session (`--max-jobs`, `--max-resource`, `--time-limit`, `--patience`), for the estimate of the remaining time.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SessionLimits {
    /// Launched jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u64>,
    /// Resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<f64>,
    /// Study time, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_s: Option<f64>,
    /// The share of the limit `--patience`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<f64>,
}

impl SessionLimits {
    /// The recorded part of `limits`.
    pub fn of(limits: &Limits) -> SessionLimits {
        SessionLimits {
            jobs: limits.jobs,
            resource: limits.resource,
            time_s: limits.time.map(|time| time.as_secs_f64()),
            patience: limits.patience,
        }
    }

    /// Limits for an estimate, without `patience`, whose effect is not known.
    pub fn limits(&self) -> Limits {
        let time = self.time_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Limits { jobs: self.jobs, resource: self.resource, time, ..Limits::default() }
    }

    fn is_none(&self) -> bool {
        *self == SessionLimits::default()
    }
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
    /// The resource allotted to its trial, this job included.
    pub resource: Resource,
    /// The resource that its trial had before.
    pub previous: Resource,
    /// Its slot.
    pub slot: Slot,
    /// The configuration, in the trial's first launch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Assignment>,
    /// Where it came from; `None` in journals of versions that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<ConfigOrigin>,
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
    /// Its last reading and its learning curve.
    #[serde(flatten)]
    pub readings: Readings,
    /// Process accounting.
    #[serde(flatten)]
    pub usage: ProcessUsage,
    /// The last lines of its stderr, if it failed. Before them, if it did not print its metric, what it printed on stdout.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr_tail: String,
    /// Study time.
    pub at: Moment,
}

/// Process accounting of one job.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProcessUsage {
    /// Wall time from spawn to reaping, seconds.
    pub duration_s: f64,
    /// Exit code, if it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Signal, if one killed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Largest resident set, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rss_bytes: Option<u64>,
    /// User and system time, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_s: Option<f64>,
}

/// One line of the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// The first line.
    Study(Box<Header>),
    /// A session started.
    Session(Box<SessionRecord>),
    /// The length of the study was changed.
    Length(Box<LengthRecord>),
    /// Failed jobs will be launched again (`--rerun failed`).
    RunAgain {
        /// The jobs.
        jobs: Vec<JobKey>,
    },
    /// A job is about to be spawned.
    Launch(Box<LaunchRecord>),
    /// A scheduler has started a launched job.
    Started {
        /// The job.
        #[serde(flatten)]
        job: JobId,
        /// Where it runs.
        #[serde(flatten)]
        placement: Placement,
        /// Study time.
        at: Moment,
    },
    /// A rule ends a running job.
    Kill {
        /// The job.
        #[serde(flatten)]
        job: JobId,
        /// The rule.
        why: StopRule,
        /// Study time.
        at: Moment,
    },
    /// A job ended.
    End(Box<EndRecord>),
    /// A trial is promoted.
    Promoted {
        /// The trial.
        trial: TrialId,
        /// Its next rung, if that is not the one after its last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rung: Option<Rung>,
    },
    /// A trial is retired: no more jobs of it are launched.
    Retired {
        /// The trial.
        trial: TrialId,
    },
    /// The session ended.
    Finish {
        /// The reason.
        #[serde(flatten)]
        reason: FinishReason,
        /// Study time.
        at: Moment,
        /// When `--patience` would have ended the study, if it ran without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        patience_hint: Option<PatienceHint>,
    },
}
