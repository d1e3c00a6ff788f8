//! What `doctor` observed of its jobs.

use serde::Serialize;

use crate::journal::readings::ReadingRecord;
use crate::types::assignment::Assignment;
use crate::types::outcome::CurvePoint;

/// The jobs of `doctor`, and what the study expects of them.
#[derive(Clone, Debug)]
pub struct DoctorJobs {
    /// The metric of the study.
    pub metric: Option<String>,
    /// The name of the collector.
    pub collector: &'static str,
    /// How the metric was read.
    pub reading: MetricReading,
    /// The name of the resource, if one is allotted.
    pub resource: Option<String>,
    /// Whether promoted jobs continue from their checkpoints.
    pub resumes: bool,
    /// Number of jobs at once in the study.
    pub slots: u32,
    /// Longest time from SIGTERM to SIGKILL, seconds.
    pub grace_s: f64,
    /// Longest time of a job, seconds.
    pub timeout_s: f64,
    /// Memory of the machine on which the jobs ran, bytes; `None` if they ran elsewhere.
    pub memory_bytes: Option<u64>,
    /// The smallest resource.
    pub first: ObservedJob,
    /// The next rung, by the same trial.
    pub promoted: Option<ObservedJob>,
    /// The smallest resource, with other parameters.
    pub second: Option<ObservedJob>,
    /// As the first, again.
    pub repeated: Option<ObservedJob>,
    /// The smallest resource, with each value of parameters on which others depend.
    pub branches: Vec<ObservedJob>,
    /// Values of such parameters that did not run: `model=forest`.
    pub untried_branches: Vec<String>,
    /// As one of the jobs before, with another value of one parameter each.
    pub changed: Vec<ChangedJob>,
    /// Parameters that have the same value in all jobs, or of whose change nothing can be seen.
    pub untried: Vec<UntriedParam>,
    /// The full resource; `None` if it was not run, or got SIGTERM while it ran.
    pub full: Option<ObservedJob>,
    /// A job that got SIGTERM while it ran; `None` if jobs are too short.
    pub ended: Option<EndedJob>,
    /// GPU memory of the jobs.
    pub gpu: GpuUse,
}

impl DoctorJobs {
    /// The jobs that show whether the command works: all but those that repeat the first with few changes.
    pub fn main_jobs(&self) -> impl Iterator<Item = &ObservedJob> + Clone {
        [Some(&self.first), self.promoted.as_ref(), self.second.as_ref()].into_iter().flatten().chain(&self.branches)
    }

    /// All jobs that were not ended by SIGTERM.
    pub fn all_jobs(&self) -> impl Iterator<Item = &ObservedJob> {
        let changed = self.changed.iter().map(|changed| &changed.job);
        self.main_jobs().chain(&self.repeated).chain(changed).chain(&self.full)
    }

    /// What `job` trained.
    pub fn trained(&self, job: &ObservedJob) -> f64 {
        job.resource - if self.resumes { job.previous } else { 0.0 }
    }
}

/// A job with another value of one parameter.
#[derive(Clone, Debug)]
pub struct ChangedJob {
    /// The parameter, or several that constraints tie together.
    pub names: Vec<String>,
    /// The job with which it is compared.
    pub base: ObservedJob,
    pub job: ObservedJob,
}

/// A parameter of which it is not known whether it has an effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UntriedParam {
    pub name: String,
    pub reason: UntriedReason,
}

/// Why a parameter was not tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UntriedReason {
    /// To save time.
    Time,
    /// Constraints leave no other value beside the values of the other parameters.
    Constraints,
    /// No configuration was found in which it is active.
    Inactive,
    /// The job with which to compare it failed.
    FailedBase,
}

/// A job.
#[derive(Clone, PartialEq, Debug)]
pub struct ObservedJob {
    /// Its configuration.
    pub params: Assignment,
    /// The resource allotted to its trial, this job included.
    pub resource: f64,
    /// The resource that its trial had before.
    pub previous: f64,
    /// Whether it ran to its end and exited with 0.
    pub exited_with_0: bool,
    /// Whether it ran longer than the job timeout.
    pub timed_out: bool,
    /// Whether SIGKILL ended it.
    pub was_killed: bool,
    /// Why it failed.
    pub failure: Option<String>,
    /// The last lines of its stderr, if it failed.
    pub stderr_tail: String,
    /// The last lines of its stdout, if it failed.
    pub stdout_tail: String,
    /// Its value.
    pub value: Option<f64>,
    /// Its values of the metric.
    pub curve: Vec<CurvePoint>,
    /// Its readings.
    pub readings: Vec<ReadingRecord>,
    /// Wall time, seconds.
    pub duration_s: f64,
    /// Largest resident set, bytes.
    pub max_rss_bytes: Option<u64>,
    /// Files and folders in the checkpoint folder of its trial at the end of the trial's last job.
    pub checkpoint_entries: usize,
}

impl ObservedJob {
    /// The resource in its first reading that has one.
    pub fn first_step(&self) -> Option<f64> {
        self.readings.iter().find_map(|reading| reading.step)
    }

    /// The resource in its last reading that has one.
    pub fn last_step(&self) -> Option<f64> {
        self.readings.iter().rev().find_map(|reading| reading.step)
    }

    /// The number of its readings, also of those that were not recorded.
    pub fn reading_count(&self) -> u64 {
        self.readings.last().map_or(0, |reading| reading.ordinal)
    }
}

/// How the metric was read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MetricReading {
    /// In which form and on which stream it was printed, if the collector distinguishes them.
    pub source: Option<String>,
    /// All names that had numbers.
    pub names: Vec<String>,
    /// The value that the collector `auto` reads where the study's collector reads none.
    pub by_auto: Option<f64>,
}

/// How a job reacted to SIGTERM.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EndedJob {
    /// From SIGTERM to its end, seconds.
    pub reaction_s: f64,
    /// Whether it had to be killed.
    pub was_killed: bool,
}

/// GPU memory of the jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GpuUse {
    /// `nvidia-smi` lists no GPU.
    NoGpu,
    /// `--gpus none`.
    NotAssigned,
    /// The jobs ran on another machine.
    NotOnThisMachine,
    /// `nvidia-smi` was not called while a job ran, or does not answer.
    NotObserved,
    /// No job had memory on a GPU.
    Unused,
    /// Largest GPU memory of the processes of a job.
    ByProcesses {
        /// In bytes.
        bytes: u64,
    },
    /// Growth of the used memory of all GPUs, where `nvidia-smi` does not list the processes.
    InTotal {
        /// In bytes.
        bytes: u64,
    },
}
