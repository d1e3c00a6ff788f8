//! The data of an explanation.

use std::path::Path;

use serde::Serialize;

use super::rung::{self, RungExplanation};
use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::journal::folder::log_tail;
use crate::report::number;
use crate::report::status::StatusInput;
use crate::report::view::{JobStatus, JobView};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, BracketId, Rung, TrialId};
use crate::types::objective::Metric;
use crate::types::origin::ConfigOrigin;

/// One launch of the trial's command.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LaunchedJob {
    /// Its rung.
    pub rung: Rung,
    /// Its attempt, from 1.
    pub attempt: Attempt,
    /// Its state.
    pub status: JobStatus,
    /// Why it failed or was stopped.
    pub reason: Option<String>,
    /// Wall time, seconds; null if its end was not recorded.
    pub duration_s: Option<f64>,
    /// The argument list that runs it again; empty if it cannot be rendered any more.
    pub command: Vec<String>,
}

/// What a trial cost, all its jobs together.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct TrialCost {
    /// Number of launches.
    pub jobs: u64,
    /// Wall time, seconds.
    pub duration_s: f64,
    /// User and system time, seconds; null if it is not known.
    pub cpu_s: Option<f64>,
    /// The resource that they spent.
    #[serde(serialize_with = "number::sum")]
    pub resource: f64,
    /// The largest resident set of a process, bytes; null if it is not known.
    pub max_rss_bytes: Option<u64>,
}

/// A trial and the decisions about it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrialExplanation<'a> {
    /// The study's folder.
    pub study: &'a Path,
    /// The trial.
    pub trial: TrialId,
    /// Its round and bracket.
    #[serde(flatten)]
    pub bracket: BracketId,
    /// The metric that ranks trials.
    pub metric: Option<&'a Metric>,
    /// The name of the resource.
    pub resource: Option<&'a str>,
    /// Its configuration.
    pub params: &'a Assignment,
    /// Where the configuration came from; null in journals of versions that did not record it.
    pub origin: Option<&'a ConfigOrigin>,
    /// Its rungs, in order.
    pub rungs: Vec<RungExplanation>,
    /// Its jobs, in order.
    pub jobs: Vec<LaunchedJob>,
    /// What they cost.
    pub cost: TrialCost,
    /// The last lines that its last job printed on stdout.
    pub stdout_tail: Vec<String>,
    /// The same of stderr.
    pub stderr_tail: Vec<String>,
}

impl<'a> TrialExplanation<'a> {
    /// The explanation of the trial of `jobs`, all its jobs in the study of `input`; `None` without any. `repeat` renders the argument
    /// list of a job.
    pub fn new(
        input: &StatusInput<'a>,
        jobs: &[&'a JobView],
        repeat: impl Fn(&JobView) -> Vec<String>,
    ) -> Option<TrialExplanation<'a>> {
        let (first, last) = (jobs.first()?, jobs.last()?);
        let folder = StudyFolder::new(&input.view.study);
        let tail = |stream| log_tail::last_lines(&folder.log(last.job, stream));
        Some(TrialExplanation {
            study: &input.view.study,
            trial: first.job.key.trial,
            bracket: first.bracket,
            metric: input.view.header.metric.as_ref(),
            resource: input.view.header.resource_name(),
            params: &first.params,
            origin: jobs.iter().find_map(|job| job.origin.as_deref()),
            rungs: rung::rungs(input, jobs),
            jobs: jobs.iter().map(|job| launched(job, &repeat)).collect(),
            cost: cost(jobs),
            stdout_tail: tail(LogStream::Stdout),
            stderr_tail: tail(LogStream::Stderr),
        })
    }
}

fn launched(job: &JobView, repeat: impl Fn(&JobView) -> Vec<String>) -> LaunchedJob {
    LaunchedJob {
        rung: job.job.key.rung,
        attempt: job.job.attempt,
        status: job.status,
        reason: job.reason.clone(),
        duration_s: job.usage.map(|usage| usage.duration_s),
        command: repeat(job),
    }
}

fn cost(jobs: &[&JobView]) -> TrialCost {
    let usages = || jobs.iter().filter_map(|job| job.usage);
    TrialCost {
        jobs: jobs.len() as u64,
        duration_s: usages().map(|usage| usage.duration_s).sum(),
        cpu_s: usages().filter_map(|usage| usage.cpu_s).reduce(|sum, seconds| sum + seconds),
        resource: jobs.iter().map(|job| job.spent).sum(),
        max_rss_bytes: usages().filter_map(|usage| usage.max_rss_bytes).max(),
    }
}
