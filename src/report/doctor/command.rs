//! Whether the command runs.

use super::finding::CheckOutcome;
use super::observed::{DoctorJobs, ObservedJob};
use crate::report::text;

/// Most lines of each stream that are shown.
const LINES: usize = 5;

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let count = text::counted(jobs.all_jobs().count() as u64, "job");
    let Some(job) = jobs.all_jobs().find(|job| !job.exited_with_0) else {
        let untried = match jobs.untried_branches.is_empty() {
            true => String::new(),
            false => format!("; not tried, to save time: {}", jobs.untried_branches.join(", ")),
        };
        return CheckOutcome::passed(format!("{count} ran and exited with 0{untried}"));
    };
    let failed = jobs.all_jobs().filter(|job| !job.exited_with_0).count();
    let outcome = failure(jobs, job);
    match failed {
        1 => outcome,
        _ => CheckOutcome { text: format!("{}; {failed} of {count} failed", outcome.text), ..outcome },
    }
}

fn failure(jobs: &DoctorJobs, job: &ObservedJob) -> CheckOutcome {
    let which = match &jobs.resource {
        Some(name) => format!("a job with {} ", text::amount_of(job.resource, name)),
        None => "a job ".to_owned(),
    };
    let output = output(job);
    let params = job.params.iter().map(|(name, value)| format!("{name}={}", text::short_value(value)));
    let params = params.collect::<Vec<_>>().join(" ");
    if job.timed_out {
        let text = format!("{which}did not end within {}s; its parameters: {params}", text::short(jobs.timeout_s));
        return CheckOutcome::failed(text, "let the script end by itself, or allow more time with --job-timeout")
            .with_output(output);
    }
    let reason = job.failure.as_deref().unwrap_or("no exit code");
    CheckOutcome::failed(
        format!("{which}failed: {reason}; its parameters: {params}"),
        "fix the command, then try again",
    )
    .with_output(output)
}

/// The last lines of stderr, or of stdout if there are none; of both for a job that did not end, because either may say where it hangs.
fn output(job: &ObservedJob) -> Vec<String> {
    let last = |text: &str| {
        let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        lines[lines.len().saturating_sub(LINES)..].to_vec()
    };
    let (stdout, stderr) = (last(&job.stdout_tail), last(&job.stderr_tail));
    match job.timed_out || stderr.is_empty() {
        true => [stdout, stderr].concat(),
        false => stderr,
    }
}
