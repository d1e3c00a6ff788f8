//! What a study came to: printed at its end, and again when the finished study is run once more.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::Serialize;

use super::amount;
use super::best::BestView;
use super::failures::{FailureGroup, failures};
use super::view::{JobStatus, JobView, StudyView};
use crate::engine::event::FinishReason;
use crate::schedule::finite;
use crate::types::ids::TrialId;
use crate::types::units::Moment;

/// Jobs by how they stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct JobCounts {
    /// Planned, without retries; null where only a limit of the study ends it.
    pub planned: Option<u64>,
    /// Launched, retries included.
    pub launched: u64,
    /// Still running, as far as the journal knows.
    pub running: u64,
    /// Ran to their end.
    pub succeeded: u64,
    /// Failed, timed out or lost.
    pub failed: u64,
    /// Ended early.
    pub stopped: u64,
    /// Trials with a value that did not go on to the next rung.
    pub dropped: u64,
}

/// The best trial's keys as `best --format json` prints them, each null where there is none.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum BestKeys<'a> {
    /// There is one.
    Found(BestView<'a>),
    /// No job gave a value, or there is no metric.
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
    /// Why the study ended; null while it runs and after a crash.
    pub finished: Option<&'a FinishReason>,
    /// The seed that every draw came from.
    pub seed: u64,
    /// Trials started.
    pub trials: u64,
    /// Its jobs.
    pub jobs: JobCounts,
    /// Resource that all launches spent, retries included: those that went on from a checkpoint count with what they added, those
    /// that were cut off up to their last known step.
    #[serde(serialize_with = "amount::sum")]
    pub resource_spent: f64,
    /// What as many trials at full resource would have cost.
    #[serde(serialize_with = "amount::sum")]
    pub full_resource: f64,
    /// Study time so far, seconds.
    pub duration_s: f64,
    /// Where the logs lie.
    pub logs: PathBuf,
    /// What failed, by reason.
    pub failures: Vec<FailureGroup<'a>>,
    /// The resource's name.
    #[serde(skip)]
    pub resource_name: Option<&'a str>,
}

impl<'a> Summary<'a> {
    /// The summary of `view`; `repeat` renders the argument list of the best job, `logs` is the folder that holds the logs.
    pub fn new(view: &'a StudyView, logs: PathBuf, repeat: impl FnOnce(&JobView) -> Vec<String>) -> Summary<'a> {
        let latest: HashMap<TrialId, &JobView> = view.jobs.iter().map(|j| (j.job.key.trial, j)).collect();
        let full = full_resource(view);
        Summary {
            best: BestView::of(view, repeat).map_or_else(|| nothing(view), BestKeys::Found),
            finished: view.finish.as_ref(),
            seed: view.header.seed,
            trials: latest.len() as u64,
            jobs: counts(view, latest.values().filter(|j| is_dropped(j, full)).count() as u64),
            resource_spent: view.resource_spent(),
            full_resource: latest.len() as f64 * full,
            duration_s: view.last.since(Moment(0)).as_secs_f64(),
            logs,
            failures: failures(view),
            resource_name: view.header.resource.as_ref().map(|r| r.name.as_str()),
        }
    }
}

fn nothing(view: &StudyView) -> BestKeys<'_> {
    BestKeys::Nothing {
        trial: (),
        value: (),
        metric: (),
        resource: (),
        params: (),
        command: (),
        study: view.study.clone(),
    }
}

/// R, as the plan's totals tell it.
fn full_resource(view: &StudyView) -> f64 {
    let plan = view.header.plan;
    if plan.trials == 0 { 0.0 } else { plan.full_resource / plan.trials as f64 }
}

/// Over with a value, below the full resource.
fn is_dropped(latest: &JobView, full: f64) -> bool {
    latest.retired && latest.score.is_some() && latest.resource.amount() < full
}

fn counts(view: &StudyView, dropped: u64) -> JobCounts {
    let count = |is: fn(JobStatus) -> bool| view.jobs.iter().filter(|j| is(j.status)).count() as u64;
    JobCounts {
        planned: finite(view.header.plan.jobs),
        launched: view.jobs.len() as u64,
        running: count(|s| s == JobStatus::Running),
        succeeded: count(|s| s == JobStatus::Succeeded),
        failed: count(JobStatus::is_failure),
        stopped: count(|s| s == JobStatus::Stopped),
        dropped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};

    fn summary(view: &StudyView) -> Summary<'_> {
        Summary::new(view, PathBuf::from("matrix.study/trials"), |_| vec!["python3".into(), "train.py".into()])
    }

    #[test]
    fn the_json_starts_with_the_keys_of_the_best_trial() {
        let view = halving().view();
        insta::assert_snapshot!(serde_json::to_string(&summary(&view)).expect("a summary serializes"), @r#"{"trial":2,"value":0.125,"metric":"loss","resource":3,"params":{"lr":0.2},"command":["python3","train.py"],"study":"matrix.study","finished":{"reason":"completed"},"seed":7,"trials":3,"jobs":{"planned":4,"launched":4,"running":0,"succeeded":3,"failed":1,"stopped":0,"dropped":1},"resource_spent":6,"full_resource":9,"duration_s":4.0,"logs":"matrix.study/trials","failures":[{"reason":"exit code 1","jobs":1,"trials":[1],"stderr_tail":"ValueError: lr"}]}"#);
        let view = StudyFixture::new().view();
        insta::assert_snapshot!(serde_json::to_string(&summary(&view)).expect("a summary serializes"), @r#"{"trial":null,"value":null,"metric":null,"resource":null,"params":null,"command":null,"study":"matrix.study","finished":null,"seed":7,"trials":0,"jobs":{"planned":4,"launched":0,"running":0,"succeeded":0,"failed":0,"stopped":0,"dropped":0},"resource_spent":0,"full_resource":0,"duration_s":0.0,"logs":"matrix.study/trials","failures":[]}"#);
    }
}
