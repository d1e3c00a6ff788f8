//! The summary as text.

use std::fmt::Write;
use std::time::Duration;

use super::best::BestView;
use super::best::repetition::Repetition;
use super::failures::FailureGroup;
use super::plan_table::two_columns;
use super::summary::{BestKeys, JobCounts, Summary};
use super::{number, text};
use crate::engine::event::{FinishReason, LimitKind, PatienceHint};
use crate::types::ids::TrialId;
use crate::types::printable::{output_line, printable, printable_lines};

/// `summary` as text.
pub fn render(summary: &Summary<'_>) -> String {
    let mut out = ending(summary);
    match &summary.best {
        BestKeys::Found(best) => out.push_str(&best_text(best, summary.resource_name)),
        BestKeys::Nothing { .. } if summary.jobs.succeeded > 0 => {
            out.push_str("no metric, so nothing is ranked\n");
        }
        BestKeys::Nothing { .. } => out.push_str("no job gave a value\n"),
    }
    out.push('\n');
    out.push_str(&two_columns("", &rows(summary)));
    out.push_str(&failures_text(&summary.failures));
    out
}

/// Most reasons in a list of failures.
const MAX_FAILURES: usize = 12;
/// Most columns of an error in a list of failures.
const MAX_ERROR: usize = 200;

/// The reason, if the study reached its metric; other reasons go to stderr, with advice.
fn ending(summary: &Summary<'_>) -> String {
    match summary.finished {
        Some(reason @ FinishReason::MetricReached { .. }) => format!("{}\n\n", finish_sentence(reason)),
        _ => String::new(),
    }
}

fn rows(summary: &Summary<'_>) -> Vec<(&'static str, String)> {
    let mut rows = vec![("jobs", jobs_text(&summary.jobs, summary.finished))];
    if let Some(name) = summary.resource_name {
        let spent = text::amount_of(summary.resource_spent, &printable(name));
        let full = text::amount(summary.full_resource);
        let trials = text::counted(summary.trials, "trial");
        rows.push(("resource", format!("{spent} spent; {trials} in full would take {full}")));
    }
    rows.extend(summary.patience_hint.map(|hint| ("patience", patience_text(&hint, summary))));
    rows.push(("time", text::span(Duration::try_from_secs_f64(summary.duration_s.max(0.0)).unwrap_or(Duration::MAX))));
    rows.push(("seed", summary.seed.to_string()));
    rows.push(("logs", summary.logs.display().to_string()));
    rows
}

/// `--patience 0.01 would have ended the study after 43 jobs and saved 37 jobs (2,100 epochs)`.
fn patience_text(hint: &PatienceHint, summary: &Summary<'_>) -> String {
    let counted = |jobs| text::counted(jobs, "job");
    let saved = counted((summary.jobs.launched - summary.jobs.repeated).saturating_sub(hint.jobs));
    let amount = (summary.resource_spent - hint.resource).max(0.0);
    let amount = summary.resource_name.map(|name| format!(" ({})", text::amount_of(amount, &printable(name))));
    let (share, jobs) = (number::shortest(hint.patience), counted(hint.jobs));
    format!(
        "--patience {share} would have ended the study after {jobs} and saved {saved}{}",
        amount.unwrap_or_default()
    )
}

fn jobs_text(jobs: &JobCounts, finished: Option<&FinishReason>) -> String {
    let parts = [
        (jobs.succeeded, "succeeded"),
        (jobs.failed, "failed"),
        (jobs.stopped, "ended early"),
        (jobs.interrupted, "interrupted"),
        (jobs.repeated, "repeated"),
        (jobs.running, "without an end"),
    ];
    let mut words: Vec<_> = parts
        .iter()
        .filter(|(n, what)| *n > 0 || ["succeeded", "failed"].contains(what))
        .map(|(n, what)| format!("{} {what}", text::count(*n)))
        .collect();
    words.extend((jobs.dropped > 0).then(|| format!("{} dropped", text::counted(jobs.dropped, "trial"))));
    // `auto` needs fewer jobs than planned if its trials are paused less often.
    let is_complete = finished == Some(&FinishReason::Completed);
    let at_most = |n| if is_complete && jobs.launched - jobs.repeated < n { "at most " } else { "" };
    let planned = jobs.planned.map(|n| format!(", {}{} planned", at_most(n), text::count(n))).unwrap_or_default();
    format!("{} launched{planned}: {}", text::count(jobs.launched), words.join(", "))
}

/// The best trial as text: its value, its parameters, and the command that runs it again.
pub fn best_text(best: &BestView<'_>, resource: Option<&str>) -> String {
    let at = resource
        .map(|name| format!(" at {}={}", printable(name), number::shortest(best.resource.amount())))
        .unwrap_or_default();
    let mut out =
        format!("best: trial {}, {} {}{at}\n", best.trial, printable(best.metric), number::shortest(best.value));
    if !best.params.is_empty() {
        out.push('\n');
        let rows: Vec<_> = best.params.iter().map(|(name, v)| (name, text::value(v))).collect();
        out.push_str(&two_columns("  ", &rows));
    }
    let Repetition { shell, checkpoint, folder, .. } = &best.repetition;
    if !shell.is_empty() {
        let _ = write!(out, "\nrun it again with\n  {shell}\n");
    }
    let kept = match checkpoint {
        Some(checkpoint) => format!("its checkpoint is {}", checkpoint.display()),
        None => format!("its folder is {}", folder.display()),
    };
    if !folder.as_os_str().is_empty() {
        let _ = writeln!(out, "{}", printable(&kept));
    }
    out
}

/// Failed jobs by reason, with the last lines of stderr; empty if there are none.
pub fn failures_text(groups: &[FailureGroup<'_>]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let listed = groups.iter().take(MAX_FAILURES).fold("\nfailures\n".to_owned(), |mut out, group| {
        let ids: Vec<_> = group.trials.iter().map(TrialId::to_string).collect();
        let more = if group.jobs > ids.len() as u64 { ", …" } else { "" };
        let noun = if ids.len() == 1 { "trial" } else { "trials" };
        let error = group
            .error
            .as_deref()
            .map(|error| format!(": {}", printable(text::cut(error, MAX_ERROR))))
            .unwrap_or_default();
        let _ =
            writeln!(out, "  {} × {}{error} ({noun} {}{more})", group.jobs, printable(group.reason), ids.join(", "));
        for line in group.stderr_tail.lines() {
            let _ = writeln!(out, "      {}", output_line(line));
        }
        out
    });
    match groups.len().saturating_sub(MAX_FAILURES) {
        0 => listed,
        more => format!("{listed}  and {more} more reasons\n"),
    }
}

/// Why a study ended, as a sentence.
pub fn finish_sentence(reason: &FinishReason) -> String {
    match reason {
        FinishReason::Completed => "the plan is complete".to_owned(),
        FinishReason::MetricReached { job, metric, value, threshold } => {
            let (metric, value, threshold) =
                (printable(metric), number::shortest(*value), number::shortest(*threshold));
            format!("ended early: trial {} reached {metric} {value} (threshold {threshold})", job.key.trial)
        }
        FinishReason::FailureShare { failed, ended } => {
            format!("ended by failure early stopping: {failed} of {ended} jobs failed")
        }
        FinishReason::FirstFailures { failure } => {
            format!("the first jobs all failed: {}", printable(&failure.to_string()))
        }
        FinishReason::Tuner { error } => format!("the tuner failed: {}", printable_lines(error)),
        FinishReason::Limit { limit } => format!("stopped by {} before the plan ended", limit_flag(*limit)),
        FinishReason::Interrupted { signal } => format!("interrupted by {}", signal_name(*signal)),
    }
}

fn signal_name(signal: i32) -> String {
    match signal {
        1 => "SIGHUP".to_owned(),
        2 => "SIGINT".to_owned(),
        15 => "SIGTERM".to_owned(),
        other => format!("signal {other}"),
    }
}

/// The limit with which a study continues that `limit` ended.
pub fn next_limit(limit: LimitKind) -> &'static str {
    match limit {
        LimitKind::Patience => "a smaller --patience",
        LimitKind::Jobs | LimitKind::Resource | LimitKind::Time => "a larger limit",
    }
}

fn limit_flag(limit: LimitKind) -> &'static str {
    match limit {
        LimitKind::Jobs => "--max-jobs",
        LimitKind::Resource => "--max-resource",
        LimitKind::Time => "--time-limit",
        LimitKind::Patience => "--patience",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::report::fixtures::{StudyFixture, halving, repetition};
    use crate::report::view::StudyView;
    use crate::types::outcome::{Failure, Outcome};

    fn summary(view: &StudyView) -> Summary<'_> {
        Summary::new(view, PathBuf::from("matrix.study/trials"), |_| repetition("python3 train.py --lr=0.2 --epochs=3"))
    }

    #[test]
    fn a_finished_study() {
        insta::assert_snapshot!(render(&summary(&halving().view())), @r"
        best: trial 2, loss 0.125 at epochs=3

          lr  0.2

        run it again with
          python3 train.py --lr=0.2 --epochs=3
        its folder is matrix.study/trials/2

        jobs      4 launched, 4 planned: 3 succeeded, 1 failed, 1 trial dropped
        resource  6 epochs spent; 3 trials in full would take 9
        time      4.0s
        seed      7
        logs      matrix.study/trials

        failures
          1 × exit code 1: ValueError: lr (trial 1)
              ValueError: lr
        ");
    }

    #[test]
    fn a_study_without_a_metric() {
        let mut sample = StudyFixture::with_metric(None);
        sample.launch(0, 0, 1, 1.0).end(0, 0, 1, Outcome::Succeeded { score: None }, "");
        insta::assert_snapshot!(render(&summary(&sample.view())), @r"
        no metric, so nothing is ranked

        jobs      1 launched, 4 planned: 1 succeeded, 0 failed
        resource  1 epoch spent; 1 trial in full would take 3
        time      1.0s
        seed      7
        logs      matrix.study/trials
        ");
    }

    #[test]
    fn a_reached_metric_comes_first() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(2), "").launch(1, 0, 1, 1.0).succeed(1, 0, 0.01);
        let job = sample.view().jobs[1].job;
        let metric = "loss".to_owned();
        sample.finish(FinishReason::MetricReached { job, metric, value: 0.01, threshold: 0.05 });
        insta::assert_snapshot!(render(&summary(&sample.view())), @r"
        ended early: trial 1 reached loss 0.01 (threshold 0.05)

        best: trial 1, loss 0.01 at epochs=1

          lr  0.1

        run it again with
          python3 train.py --lr=0.2 --epochs=3
        its folder is matrix.study/trials/2

        jobs      2 launched, 4 planned: 1 succeeded, 1 failed
        resource  2 epochs spent; 2 trials in full would take 6
        time      2.0s
        seed      7
        logs      matrix.study/trials

        failures
          1 × exit code 2 (trial 0)
        ");
    }
}
