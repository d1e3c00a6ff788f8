//! The data of a status.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::input::StatusInput;
use super::rungs::{self, BracketStatus};
use super::running::{self, JobInProgress};
use super::slurm::BatchJobStatus;
use super::state::StudyState;
use crate::engine::event::FinishReason;
use crate::report::best::best_job;
use crate::report::failures::{FailureGroup, failures};
use crate::report::number;
use crate::report::summary::{JobCounts, job_counts};
use crate::report::view::incumbent_history::{IncumbentChange, incumbent_history, scored_ends};
use crate::report::view::{JobView, StudyView};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Metric;
use crate::types::units::{Moment, Resource};

/// The incumbent.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct IncumbentStatus<'a> {
    /// Its id.
    pub trial: TrialId,
    /// Its value at `resource`.
    pub value: f64,
    /// The resource it reached.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// Its configuration.
    pub params: &'a Assignment,
}

/// Speed of the last session.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct SessionRate {
    /// Ended jobs per minute.
    pub jobs_per_minute: f64,
    /// Resource spent by ended jobs per minute.
    pub resource_per_minute: f64,
}

/// The state of a study.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StudyStatus<'a> {
    /// The study's folder.
    pub study: &'a Path,
    /// `running`, `finished`, `interrupted`, `crashed` or `copied`.
    pub state: StudyState,
    /// The process of the driver, if it runs.
    pub pid: Option<u32>,
    /// The Slurm job of `hypertune slurm` that runs the driver and queues itself again; null without one.
    pub batch_job: Option<&'a BatchJobStatus>,
    /// Why the last session ended; null while one runs and after a crash.
    pub finished: Option<&'a FinishReason>,
    /// The matrix kind; null if this version cannot read the matrix.
    pub kind: Option<&'static str>,
    /// The metric that ranks trials.
    pub metric: Option<&'a Metric>,
    /// The name of the resource.
    pub resource: Option<&'a str>,
    /// Jobs that ended and are not retried.
    pub done: u64,
    /// Jobs expected at the end, or at the limit that is reached first; null if neither is known.
    pub expected: Option<u64>,
    /// Whether `expected` and the planned trials of rungs are estimates, because the schedule decides after each end.
    pub estimated: bool,
    /// Numbers of launches.
    pub jobs: JobCounts,
    /// Number of times that the plan repeats its brackets.
    pub rounds: u32,
    /// The brackets that have started, and those of the same rounds that will.
    pub brackets: Vec<BracketStatus>,
    /// The running jobs, in order of launch.
    pub running: Vec<JobInProgress<'a>>,
    /// The incumbent.
    pub best: Option<IncumbentStatus<'a>>,
    /// Each incumbent so far, in order, at whichever resource.
    pub incumbents: Vec<IncumbentChange>,
    /// Study time: the sum of all sessions, seconds.
    pub elapsed_s: f64,
    /// Speed of the last session; null before a job has ended in it.
    pub rate: Option<SessionRate>,
    /// Estimate of the remaining time, seconds; null if the study does not run, and before the first job has ended.
    pub time_left_s: Option<f64>,
    /// Failed jobs by reason.
    pub failures: Vec<FailureGroup<'a>>,
}

impl<'a> StudyStatus<'a> {
    /// The status of `input`.
    pub fn new(input: &StatusInput<'a>) -> StudyStatus<'a> {
        let StatusInput { view, progress, plan, kind, driver, now, .. } = *input;
        let state = StudyState::of(view, driver);
        StudyStatus {
            study: &view.study,
            state,
            pid: state.pid(driver),
            batch_job: input.slurm.batch_job.as_ref(),
            finished: view.finish.as_ref().filter(|_| state != StudyState::Running),
            kind,
            metric: view.header.metric.as_ref(),
            resource: view.header.resource_name(),
            done: progress.done,
            expected: progress.expected.jobs,
            estimated: progress.open_ended,
            jobs: job_counts(view),
            rounds: progress.rounds,
            brackets: rungs::brackets(view, progress, plan),
            running: running::jobs(input),
            best: best_job(view).map(|(candidate, job): (_, &JobView)| IncumbentStatus {
                trial: candidate.job.trial,
                value: candidate.score.value(),
                resource: candidate.reached,
                params: &job.params,
            }),
            incumbents: incumbent_history(view, &scored_ends(view)),
            elapsed_s: now.since(Moment(0)).as_secs_f64(),
            rate: rate(view, now),
            time_left_s: progress.time_left(now).filter(|_| state == StudyState::Running),
            failures: failures(view),
        }
    }

    /// Study time.
    pub fn elapsed(&self) -> Duration {
        Duration::try_from_secs_f64(self.elapsed_s).unwrap_or(Duration::MAX)
    }
}

fn rate(view: &StudyView, now: Moment) -> Option<SessionRate> {
    let since = view.last_session.as_ref()?.at;
    let minutes = now.since(since).as_secs_f64() / 60.0;
    let ended = view.jobs.iter().filter(|job| job.ended.is_some_and(|at| at > since) && !job.interrupted);
    let (jobs, spent) = ended.fold((0u64, 0.0), |(jobs, spent), job| (jobs + 1, spent + job.spent));
    let rate = SessionRate { jobs_per_minute: jobs as f64 / minutes, resource_per_minute: spent / minutes };
    (jobs > 0 && minutes > 0.0).then_some(rate)
}
