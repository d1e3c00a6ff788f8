//! What a study came to: printed at its end, and again when the finished study is run once more.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::amount;
use super::best::BestView;
use super::failures::{FailureGroup, failures};
use super::table::two_columns;
use super::text;
use super::view::{JobStatus, JobView, StudyView};
use crate::engine::event::{FinishReason, LimitKind};
use crate::words::ids::TrialId;
use crate::words::units::Moment;

/// Jobs by how they stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct JobCounts {
    /// Planned, without retries.
    pub planned: u64,
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
        trial: Value,
        /// null.
        value: Value,
        /// null.
        metric: Value,
        /// null.
        resource: Value,
        /// null.
        params: Value,
        /// null.
        command: Value,
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
    /// Resource of all launched jobs, each counted from zero.
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
    #[serde(skip)]
    resource_name: Option<&'a str>,
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

    /// The summary as text.
    pub fn text(&self) -> String {
        let mut out = self.ending();
        match &self.best {
            BestKeys::Found(best) => out.push_str(&best_text(best, self.resource_name)),
            BestKeys::Nothing { .. } if self.jobs.succeeded > 0 => {
                out.push_str("no metric, so nothing is ranked\n");
            }
            BestKeys::Nothing { .. } => out.push_str("no job gave a value\n"),
        }
        out.push('\n');
        out.push_str(&two_columns("", &self.rows()));
        out.push_str(&failures_text(&self.failures));
        out
    }

    /// Why it ended, where that is not the end of the plan.
    fn ending(&self) -> String {
        let sentence = match self.finished {
            None | Some(FinishReason::Completed) => return String::new(),
            Some(reason) => finish_sentence(reason),
        };
        format!("{sentence}\n\n")
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("jobs", jobs_text(&self.jobs))];
        if let Some(name) = self.resource_name {
            let spent = text::amount(self.resource_spent);
            let full = text::amount(self.full_resource);
            let trials = text::counted(self.trials, "trial");
            rows.push(("resource", format!("{spent} {name} spent; {trials} in full would take {full}")));
        }
        rows.push(("time", text::span(std::time::Duration::from_secs_f64(self.duration_s.max(0.0)))));
        rows.push(("seed", self.seed.to_string()));
        rows.push(("logs", self.logs.display().to_string()));
        rows
    }
}

fn nothing(view: &StudyView) -> BestKeys<'_> {
    BestKeys::Nothing {
        trial: Value::Null,
        value: Value::Null,
        metric: Value::Null,
        resource: Value::Null,
        params: Value::Null,
        command: Value::Null,
        study: view.study.clone(),
    }
}

/// R, as the plan's totals tell it.
fn full_resource(view: &StudyView) -> f64 {
    let plan = view.header.plan;
    if plan.trials == 0 { 0.0 } else { plan.full_resource / plan.trials as f64 }
}

fn is_dropped(latest: &JobView, full: f64) -> bool {
    let below = latest.resource.amount() < full;
    latest.status == JobStatus::Succeeded && latest.score.is_some() && !latest.promoted && below
}

fn counts(view: &StudyView, dropped: u64) -> JobCounts {
    let count = |is: fn(JobStatus) -> bool| view.jobs.iter().filter(|j| is(j.status)).count() as u64;
    JobCounts {
        planned: view.header.plan.jobs,
        launched: view.jobs.len() as u64,
        running: count(|s| s == JobStatus::Running),
        succeeded: count(|s| s == JobStatus::Succeeded),
        failed: count(JobStatus::is_failure),
        stopped: count(|s| s == JobStatus::Stopped),
        dropped,
    }
}

fn jobs_text(jobs: &JobCounts) -> String {
    let parts = [
        (jobs.succeeded, "succeeded"),
        (jobs.failed, "failed"),
        (jobs.stopped, "ended early"),
        (jobs.running, "without an end"),
    ];
    let mut words: Vec<_> = parts
        .iter()
        .filter(|(n, what)| *n > 0 || ["succeeded", "failed"].contains(what))
        .map(|(n, what)| format!("{} {what}", text::count(*n)))
        .collect();
    words.extend((jobs.dropped > 0).then(|| format!("{} dropped on the way", text::counted(jobs.dropped, "trial"))));
    format!("{} of {} planned: {}", text::count(jobs.launched), text::count(jobs.planned), words.join(", "))
}

/// The best trial as text: its value, its parameters, the command that repeats it.
pub fn best_text(best: &BestView<'_>, resource: Option<&str>) -> String {
    let at = resource.map(|name| format!(" at {name}={}", best.resource)).unwrap_or_default();
    let mut out = format!("best: trial {}, {} {}{at}\n", best.trial, best.metric, best.value);
    if !best.params.is_empty() {
        out.push('\n');
        let rows: Vec<_> = best.params.iter().map(|(name, v)| (name, text::value(v))).collect();
        out.push_str(&two_columns("  ", &rows));
    }
    if !best.command.is_empty() {
        let line = text::command_line(best.command.iter().map(String::as_str));
        let _ = write!(out, "\nrun it again with\n  {line}\n");
    }
    out
}

fn failures_text(groups: &[FailureGroup<'_>]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    groups.iter().fold("\nfailures\n".to_owned(), |mut out, group| {
        let ids: Vec<_> = group.trials.iter().map(TrialId::to_string).collect();
        let more = if group.jobs > ids.len() as u64 { ", …" } else { "" };
        let noun = if ids.len() == 1 { "trial" } else { "trials" };
        let _ = writeln!(out, "  {} × {} ({noun} {}{more})", group.jobs, group.reason, ids.join(", "));
        for line in group.stderr_tail.lines() {
            let _ = writeln!(out, "      {line}");
        }
        out
    })
}

/// Why a study ended, as a sentence.
pub fn finish_sentence(reason: &FinishReason) -> String {
    match reason {
        FinishReason::Completed => "the plan is done".to_owned(),
        FinishReason::MetricReached { job, metric, value, threshold } => {
            format!("ended early: trial {} reached {metric} {value} (asked for {threshold})", job.key.trial)
        }
        FinishReason::FailureShare { failed, ended } => {
            format!("ended by failure early stopping: {failed} of {ended} jobs failed")
        }
        FinishReason::FirstFailures { failure } => format!("the first jobs all failed: {failure}"),
        FinishReason::Tuner { fault } => format!("the tuner failed: {fault}"),
        FinishReason::Limit { limit } => format!("stopped by {} before the plan ended", limit_flag(*limit)),
        FinishReason::Interrupted { signal } => format!("interrupted by signal {signal}"),
    }
}

fn limit_flag(limit: LimitKind) -> &'static str {
    match limit {
        LimitKind::Jobs => "--max-jobs",
        LimitKind::Resource => "--max-resource",
        LimitKind::Time => "--time-limit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{Sample, halving};
    use crate::words::outcome::{Failure, Outcome};

    fn summary(view: &StudyView) -> Summary<'_> {
        Summary::new(view, PathBuf::from("matrix.study/trials"), |_| {
            ["python3", "train.py", "--lr=0.2", "--epochs=3"].map(str::to_owned).to_vec()
        })
    }

    #[test]
    fn a_finished_study() {
        insta::assert_snapshot!(summary(&halving().view()).text(), @r"
        best: trial 2, loss 0.125 at epochs=3

          lr  0.2

        run it again with
          python3 train.py --lr=0.2 --epochs=3

        jobs      4 of 4 planned: 3 succeeded, 1 failed, 1 trial dropped on the way
        resource  6 epochs spent; 3 trials in full would take 9
        time      4.0s
        seed      7
        logs      matrix.study/trials

        failures
          1 × exit code 1 (trial 1)
              ValueError: lr
        ");
    }

    #[test]
    fn a_study_without_a_metric() {
        let mut sample = Sample::with_metric(None);
        sample.launch(0, 0, 1, 1.0).end(0, 0, 1, Outcome::Succeeded { score: None }, "");
        insta::assert_snapshot!(summary(&sample.view()).text(), @r"
        no metric, so nothing is ranked

        jobs      1 of 4 planned: 1 succeeded, 0 failed
        resource  1 epochs spent; 1 trial in full would take 3
        time      1.0s
        seed      7
        logs      matrix.study/trials
        ");
    }

    #[test]
    fn a_limit_is_named_first() {
        let mut sample = Sample::new();
        sample.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(2), "");
        sample.finish(FinishReason::Limit { limit: LimitKind::Jobs });
        insta::assert_snapshot!(summary(&sample.view()).text(), @r"
        stopped by --max-jobs before the plan ended

        no job gave a value

        jobs      1 of 4 planned: 0 succeeded, 1 failed
        resource  1 epochs spent; 1 trial in full would take 3
        time      1.0s
        seed      7
        logs      matrix.study/trials

        failures
          1 × exit code 2 (trial 0)
        ");
    }

    #[test]
    fn the_json_starts_with_the_keys_of_the_best_trial() {
        let view = halving().view();
        insta::assert_snapshot!(serde_json::to_string(&summary(&view)).expect("a summary serializes"), @r#"{"trial":2,"value":0.125,"metric":"loss","resource":3,"params":{"lr":0.2},"command":["python3","train.py","--lr=0.2","--epochs=3"],"study":"matrix.study","finished":{"reason":"completed"},"seed":7,"trials":3,"jobs":{"planned":4,"launched":4,"running":0,"succeeded":3,"failed":1,"stopped":0,"dropped":1},"resource_spent":6,"full_resource":9,"duration_s":4.0,"logs":"matrix.study/trials","failures":[{"reason":"exit code 1","jobs":1,"trials":[1],"stderr_tail":"ValueError: lr"}]}"#);
        let view = Sample::new().view();
        insta::assert_snapshot!(serde_json::to_string(&summary(&view)).expect("a summary serializes"), @r#"{"trial":null,"value":null,"metric":null,"resource":null,"params":null,"command":null,"study":"matrix.study","finished":null,"seed":7,"trials":0,"jobs":{"planned":4,"launched":0,"running":0,"succeeded":0,"failed":0,"stopped":0,"dropped":0},"resource_spent":0,"full_resource":0,"duration_s":0.0,"logs":"matrix.study/trials","failures":[]}"#);
    }
}
