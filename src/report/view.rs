//! A study as its journal tells it: every job with all its attempts. Works on a finished, a running and a crashed study.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::engine::event::FinishReason;
use crate::journal::record::{EndRecord, Header, LaunchRecord, ProcessUsage, Record};
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobId, JobKey, TrialId};
use crate::types::incumbent::{Candidate, Completion};
use crate::types::objective::{Direction, Score};
use crate::types::outcome::{Failure, Outcome};
use crate::types::units::{Moment, Resource};

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Launched; no end in the journal yet, and a driver lives.
    Running,
    /// Ran to its end and gave what was wanted.
    Succeeded,
    /// Ended without a usable value.
    Failed,
    /// Ran into the job timeout.
    Timeout,
    /// Ended early by a rule or a limit.
    Stopped,
    /// The driver ended while it ran.
    Lost,
}

impl JobStatus {
    /// The word that is printed.
    pub fn word(self) -> &'static str {
        match self {
            JobStatus::Running => "running",
            JobStatus::Succeeded => "succeeded",
            JobStatus::Failed => "failed",
            JobStatus::Timeout => "timeout",
            JobStatus::Stopped => "stopped",
            JobStatus::Lost => "lost",
        }
    }

    /// Whether it ended without a usable value.
    pub fn is_failure(self) -> bool {
        matches!(self, JobStatus::Failed | JobStatus::Timeout | JobStatus::Lost)
    }

    fn of(outcome: &Outcome) -> JobStatus {
        match outcome {
            Outcome::Succeeded { .. } => JobStatus::Succeeded,
            Outcome::Stopped { .. } => JobStatus::Stopped,
            Outcome::Failed { failure: Failure::Timeout } => JobStatus::Timeout,
            Outcome::Failed { failure: Failure::Lost } => JobStatus::Lost,
            Outcome::Failed { .. } => JobStatus::Failed,
        }
    }
}

/// One launch of a trial's command at one rung.
#[derive(Clone, PartialEq, Debug)]
pub struct JobView {
    /// Trial, rung and attempt.
    pub job: JobId,
    /// Its bracket.
    pub bracket: BracketId,
    /// What it got.
    pub resource: Resource,
    /// What its trial had before.
    pub previous: Resource,
    /// How far it came; while it runs, where it started.
    pub reached: Resource,
    /// The resource it spent; while it runs, all that it may spend.
    pub spent: f64,
    /// How it stands.
    pub status: JobStatus,
    /// Why it failed or was stopped.
    pub reason: Option<String>,
    /// What it is ranked by.
    pub score: Option<Score>,
    /// Its last reading; empty where it was left out.
    pub metrics: Map<String, Value>,
    /// What it ran with.
    pub params: Arc<Assignment>,
    /// Whether its trial went on to the next rung from here.
    pub promoted: bool,
    /// Whether its trial was over after it: dropped, or through.
    pub retired: bool,
    /// When it was launched, in study time.
    pub launched: Moment,
    /// What the operating system says of it; empty while it runs.
    pub usage: Option<ProcessUsage>,
    /// The last lines of its stderr, where it failed.
    pub stderr_tail: String,
}

impl JobView {
    /// As what it competes for the best.
    pub fn candidate(&self) -> Option<Candidate> {
        let completion = match self.status {
            JobStatus::Succeeded => Completion::Full,
            JobStatus::Stopped => Completion::Partial,
            _ => return None,
        };
        Some(Candidate { job: self.job.key, completion, reached: self.reached, score: self.score? })
    }
}

/// A study, as its journal tells it.
#[derive(Clone, Debug)]
pub struct StudyView {
    /// Its folder.
    pub study: PathBuf,
    /// What it is.
    pub header: Header,
    /// Every launch, in order.
    pub jobs: Vec<JobView>,
    /// Why its last session ended; `None` while one runs and after a crash.
    pub finish: Option<FinishReason>,
    /// Drivers that took the study up.
    pub sessions: u32,
    /// Study time of the last record that has one.
    pub last: Moment,
}

impl StudyView {
    /// Which way is better; `None` in a study without a metric.
    pub fn direction(&self) -> Option<Direction> {
        self.header.metric.as_ref().map(|m| m.direction)
    }

    /// Resource that all launches spent, retries included ([`JobView::spent`]).
    pub fn resource_spent(&self) -> f64 {
        self.jobs.iter().map(|job| job.spent).sum()
    }

    /// The jobs that compete for the best, in order of their first launch: of each the last launch, if it ended with a score.
    pub fn candidates(&self) -> impl Iterator<Item = (Candidate, &JobView)> {
        let mut latest: IndexMap<JobKey, &JobView> = IndexMap::new();
        for job in &self.jobs {
            latest.insert(job.job.key, job);
        }
        latest.into_values().filter_map(|job| Some((job.candidate()?, job)))
    }

    /// The job whose reading met the condition that ended the study, if that is why it ended.
    pub fn decisive(&self) -> Option<JobKey> {
        match &self.finish {
            Some(FinishReason::MetricReached { job, .. }) => Some(job.key),
            _ => None,
        }
    }
}

/// A journal without its first line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MissingHeaderError;

/// How much of each job a view holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewDetail {
    /// All of it.
    Full,
    /// All but what it printed besides its value: half the memory, and all that a result needs.
    Values,
}

/// Builds a view, record by record.
#[derive(Debug)]
pub struct ViewBuilder {
    detail: ViewDetail,
    header: Option<Header>,
    jobs: Vec<JobView>,
    latest: HashMap<TrialId, usize>,
    params: HashMap<TrialId, Arc<Assignment>>,
    finish: Option<FinishReason>,
    sessions: u32,
    last: Moment,
}

impl ViewBuilder {
    /// One that has seen nothing.
    pub fn new(detail: ViewDetail) -> ViewBuilder {
        ViewBuilder {
            detail,
            header: None,
            jobs: Vec::new(),
            latest: HashMap::new(),
            params: HashMap::new(),
            finish: None,
            sessions: 0,
            last: Moment::default(),
        }
    }

    /// Takes in the next record of the journal.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Study(header) => self.header = Some(*header),
            Record::Session { at, .. } => self.session(at),
            Record::Launch(launch) => self.launch(*launch),
            Record::Kill { at, .. } => self.last = at,
            Record::Retired { trial } => {
                if let Some(job) = self.latest_of(trial) {
                    job.retired = true;
                }
            }
            Record::End(end) => self.end(*end),
            Record::Promoted { trial } => {
                if let Some(job) = self.latest_of(trial) {
                    job.promoted = true;
                }
            }
            Record::Finish { reason, at } => {
                self.finish = Some(reason);
                self.last = at;
            }
        }
    }

    /// The view of the study in folder `study`.
    pub fn finish(self, study: &Path) -> Result<StudyView, MissingHeaderError> {
        Ok(StudyView {
            study: study.to_owned(),
            header: self.header.ok_or(MissingHeaderError)?,
            jobs: self.jobs,
            finish: self.finish,
            sessions: self.sessions,
            last: self.last,
        })
    }

    /// What an earlier session left running is lost, whether or not this one has journalled it yet.
    fn session(&mut self, at: Moment) {
        self.sessions += 1;
        self.last = at;
        self.finish = None;
        self.mark_running_as_lost();
    }

    /// No driver lives: what has no end in the journal is lost, and will run again when the study goes on.
    pub fn mark_running_as_lost(&mut self) {
        for job in self.jobs.iter_mut().filter(|j| j.status == JobStatus::Running) {
            job.status = JobStatus::Lost;
            job.reason = Some(Failure::Lost.to_string());
        }
    }

    fn launch(&mut self, launch: LaunchRecord) {
        let trial = launch.job.key.trial;
        self.last = launch.at;
        if let Some(params) = launch.params {
            self.params.insert(trial, Arc::new(params));
        }
        self.latest.insert(trial, self.jobs.len());
        let promoted = self.header.as_ref().map(|header| header.promoted).unwrap_or_default();
        let allocation = promoted.allocation(launch.resource, Some(launch.previous));
        self.jobs.push(JobView {
            job: launch.job,
            bracket: launch.bracket,
            resource: launch.resource,
            previous: launch.previous,
            reached: allocation.from,
            spent: allocation.total(),
            status: JobStatus::Running,
            reason: None,
            score: None,
            metrics: Map::new(),
            params: self.params.get(&trial).cloned().unwrap_or_default(),
            promoted: false,
            retired: false,
            launched: launch.at,
            usage: None,
            stderr_tail: String::new(),
        });
    }

    fn end(&mut self, end: EndRecord) {
        self.last = end.at;
        let detail = self.detail;
        let step = end.readings.step(self.header.as_ref().and_then(Header::resource_name));
        let promoted = self.header.as_ref().map(|header| header.promoted).unwrap_or_default();
        let Some(job) = self.latest_of(end.job.key.trial).filter(|j| j.job == end.job) else { return };
        job.status = JobStatus::of(&end.outcome);
        job.reason = reason(&end.outcome);
        let allocation = promoted.allocation(job.resource, Some(job.previous));
        job.reached = allocation.reached(&end.outcome, step);
        job.spent = allocation.spent(&end.outcome, step);
        // what was cut off by a limit or a signal runs again and counts nowhere
        job.score = end.outcome.score().filter(|_| !end.outcome.runs_again());
        if detail == ViewDetail::Full {
            job.metrics = end.readings.metrics;
        }
        job.usage = Some(end.usage);
        job.stderr_tail = end.stderr_tail;
    }

    fn latest_of(&mut self, trial: TrialId) -> Option<&mut JobView> {
        self.latest.get(&trial).and_then(|&at| self.jobs.get_mut(at))
    }
}

/// Why a job failed or was stopped, in a few words.
fn reason(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Succeeded { .. } => None,
        Outcome::Failed { failure } => Some(failure.to_string()),
        Outcome::Stopped { by, .. } => Some(match (by.value, by.threshold) {
            (Some(value), Some(threshold)) => format!("{}: {value} against {threshold}", by.rule),
            _ => by.rule.clone(),
        }),
    }
}

#[cfg(test)]
mod tests;
