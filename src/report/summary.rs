//! The summary of a study: printed at its end, and again when the finished study is run again.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Serialize;

use super::best::BestView;
use super::best::repetition::Repetition;
use super::failures::{FailureGroup, failures};
use super::number;
use super::view::{JobStatus, JobView, StudyView};
use crate::engine::event::{FinishReason, PatienceHint};
use crate::schedule::finite;
use crate::types::ids::TrialId;
use crate::types::units::Moment;

/// Numbers of jobs. `launched` is the sum of running, succeeded, failed, stopped, interrupted and repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct JobCounts {
    /// Planned, without retries; null if only a limit ends the study.
    pub planned: Option<u64>,
    /// Launched, retries included.
    pub launched: u64,
    /// Running, according to the journal.
    pub running: u64,
    /// Ran to their end.
    pub succeeded: u64,
    /// Failed or timed out in their last attempt.
    pub failed: u64,
    /// Ended early by a rule or with the study.
    pub stopped: u64,
    /// Trials with a value that were not promoted to the next rung.
    pub dropped: u64,
    /// Cut off by the end of the driver, a limit or a signal; such jobs run again when the study is resumed.
    pub interrupted: u64,
    /// Attempts that were followed by another attempt of their job.
    pub repeated: u64,
}

/// The best trial's keys as `best --format json` prints them, each null if there is none.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum BestKeys<'a> {
    /// There is a best trial.
    Found(Box<BestView<'a>>),
    /// No job has a value, or there is no metric.
    Nothing {
        /// null.
        trial: (),
        /// null.
        value: (),
        /// null.
        metric: (),
        /// null.
        resource: (),
        /// null.
        params: (),
        /// null.
        command: (),
        /// null.
        directory: (),
        /// null.
        env: (),
        /// null.
        unset: (),
        /// null.
        checkpoint: (),
        /// null.
        folder: (),
        /// null.
        shell: (),
        /// The study's folder.
        study: PathBuf,
    },
}

/// A study's summary.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Summary<'a> {
    /// The best trial.
    #[serde(flatten)]
    pub best: BestKeys<'a>,
    /// Whether the study has ended; false while it runs, after a crash, and where a limit, a signal or its tuner ended the last session.
    pub ended: bool,
    /// Why the last session ended; null while one runs and after a crash.
    pub finished: Option<&'a FinishReason>,
    /// The seed of all random draws.
    pub seed: u64,
    /// Trials started.
    pub trials: u64,
    /// Numbers of jobs.
    pub jobs: JobCounts,
    /// The resource that all launches spent, retries included: jobs that continue a checkpoint count with what they added, jobs that
    /// were cut off up to their last known step.
    #[serde(serialize_with = "number::sum")]
    pub resource_spent: f64,
    /// The resource of as many trials trained in full.
    #[serde(serialize_with = "number::sum")]
    pub full_resource: f64,
    /// Study time so far, seconds.
    pub duration_s: f64,
    /// The folder of the logs.
    pub logs: PathBuf,
    /// Failed jobs by reason.
    pub failures: Vec<FailureGroup<'a>>,
    /// When `--patience` would have ended the study, and saved jobs; absent if it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience_hint: Option<PatienceHint>,
    /// The resource's name.
    #[serde(skip)]
    pub resource_name: Option<&'a str>,
}

impl<'a> Summary<'a> {
    /// The summary of `view`; `repeat` says how the best job is repeated, `logs` is the folder of the logs.
    pub fn new(view: &'a StudyView, logs: PathBuf, repeat: impl FnOnce(&JobView) -> Repetition) -> Summary<'a> {
        let latest: HashMap<TrialId, &JobView> = view.jobs.iter().map(|j| (j.job.key.trial, j)).collect();
        let full = full_resource(view);
        Summary {
            best: BestView::new(view, repeat).map_or_else(|| no_best(view), |best| BestKeys::Found(Box::new(best))),
            ended: view.has_ended(),
            finished: view.finish.as_ref(),
            seed: view.header.seed,
            trials: latest.len() as u64,
            jobs: job_counts(view),
            resource_spent: view.resource_spent(),
            full_resource: latest.len() as f64 * full,
            duration_s: view.last.since(Moment(0)).as_secs_f64(),
            logs,
            failures: failures(view),
            patience_hint: patience_hint(view),
            resource_name: view.header.resource_name(),
        }
    }
}

fn no_best(view: &StudyView) -> BestKeys<'_> {
    BestKeys::Nothing {
        trial: (),
        value: (),
        metric: (),
        resource: (),
        params: (),
        command: (),
        directory: (),
        env: (),
        unset: (),
        checkpoint: (),
        folder: (),
        shell: (),
        study: view.study.clone(),
    }
}

/// That of a complete study, if it would have saved 5 % of the jobs.
fn patience_hint(view: &StudyView) -> Option<PatienceHint> {
    let jobs = view.last_attempts().count() as u64;
    view.patience_hint.filter(|hint| view.finish == Some(FinishReason::Completed) && hint.jobs * 20 <= jobs * 19)
}

/// R, from the plan's totals.
fn full_resource(view: &StudyView) -> f64 {
    let plan = view.header.plan;
    if plan.trials == 0 { 0.0 } else { plan.full_resource / plan.trials as f64 }
}

/// Retired with a value below the full resource.
fn is_dropped(latest: &JobView, full: f64) -> bool {
    latest.retired && latest.score.is_some() && latest.resource.amount() < full
}

/// The numbers of jobs of `view`.
pub(super) fn job_counts(view: &StudyView) -> JobCounts {
    let latest: HashMap<TrialId, &JobView> = view.jobs.iter().map(|j| (j.job.key.trial, j)).collect();
    let full = full_resource(view);
    let dropped = latest.values().filter(|job| is_dropped(job, full)).count() as u64;
    let last: Vec<&JobView> = view.last_attempts().collect();
    let count = |matches: fn(&JobView) -> bool| last.iter().filter(|job| matches(job)).count() as u64;
    JobCounts {
        planned: finite(view.header.plan.jobs),
        launched: view.jobs.len() as u64,
        running: count(|job| job.status == JobStatus::Running),
        succeeded: count(|job| job.status == JobStatus::Succeeded),
        failed: count(JobView::is_failure),
        stopped: count(|job| job.status == JobStatus::Stopped),
        dropped,
        interrupted: count(|job| job.interrupted),
        repeated: (view.jobs.len() - last.len()) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving, repetition};
    use crate::types::objective::Score;
    use crate::types::outcome::{Failure, Outcome, StopRule};

    fn summary(view: &StudyView) -> Summary<'_> {
        Summary::new(view, PathBuf::from("matrix.study/trials"), |_| repetition("python3 train.py"))
    }

    #[test]
    fn the_json_starts_with_the_keys_of_the_best_trial() {
        let view = halving().view();
        insta::assert_snapshot!(serde_json::to_string(&summary(&view)).expect("a summary serializes"), @r#"{"trial":2,"value":0.125,"metric":"loss","resource":3,"params":{"lr":0.2},"command":["python3","train.py"],"directory":"/project","env":{"HYPERTUNE_SEED":"7"},"unset":[],"checkpoint":null,"folder":"matrix.study/trials/2","shell":"python3 train.py","study":"matrix.study","ended":true,"finished":{"reason":"completed"},"seed":7,"trials":3,"jobs":{"planned":4,"launched":4,"running":0,"succeeded":3,"failed":1,"stopped":0,"dropped":1,"interrupted":0,"repeated":0},"resource_spent":6,"full_resource":9,"duration_s":4.0,"logs":"matrix.study/trials","failures":[{"reason":"exit code 1","jobs":1,"trials":[1],"error":"ValueError: lr","stderr_tail":"ValueError: lr"}]}"#);
        let view = StudyFixture::new().view();
        insta::assert_snapshot!(serde_json::to_string(&summary(&view)).expect("a summary serializes"), @r#"{"trial":null,"value":null,"metric":null,"resource":null,"params":null,"command":null,"directory":null,"env":null,"unset":null,"checkpoint":null,"folder":null,"shell":null,"study":"matrix.study","ended":false,"finished":null,"seed":7,"trials":0,"jobs":{"planned":4,"launched":0,"running":0,"succeeded":0,"failed":0,"stopped":0,"dropped":0,"interrupted":0,"repeated":0},"resource_spent":0,"full_resource":0,"duration_s":0.0,"logs":"matrix.study/trials","failures":[]}"#);
    }

    #[test]
    fn of_a_job_with_several_attempts_the_last_one_counts() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "").launch(0, 0, 2, 1.0);
        sample.end(0, 0, 2, Outcome::Succeeded { score: Score::new(0.5) }, "");
        let view = sample.view();
        let summary = summary(&view);
        let JobCounts { launched, succeeded, failed, repeated, .. } = summary.jobs;
        assert_eq!((launched, succeeded, failed, repeated, summary.failures.len()), (2, 1, 0, 1, 0));
        assert_eq!(summary.resource_spent, 2.0);
    }

    #[test]
    fn interrupted_jobs_are_counted_apart_from_failed_ones() {
        let stopped = |rule| Outcome::Stopped { score: Score::new(0.5), by: StopRule::new(rule, None, None) };
        let mut sample = StudyFixture::new();
        for trial in 0..6 {
            sample.launch(trial, 0, 1, 1.0);
        }
        sample.fail(0, 0, Failure::Exit(1), "").fail(1, 0, Failure::Timeout, "").fail(2, 0, Failure::Lost, "");
        sample.end(3, 0, 1, stopped(StopRule::INTERRUPTED), "").end(4, 0, 1, stopped("median"), "");
        let jobs = summary(&sample.view()).jobs;
        assert_eq!((jobs.failed, jobs.interrupted, jobs.stopped, jobs.running), (2, 2, 1, 1));
    }
}
