//! Whether the command runs.

use super::finding::CheckOutcome;
use super::observed::{DoctorJobs, ObservedJob};
use crate::report::text;

/// Most lines of stderr that are shown.
const LINES: usize = 5;

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    match jobs.main_jobs().find(|job| !job.exited_with_0) {
        None => CheckOutcome::passed(format!(
            "{} ran and exited with 0",
            text::counted(jobs.all_jobs().count() as u64, "job")
        )),
        Some(job) => failed(jobs, job),
    }
}

fn failed(jobs: &DoctorJobs, job: &ObservedJob) -> CheckOutcome {
    let which = match &jobs.resource {
        Some(name) => format!("a job with {} ", text::amount_of(job.resource, name)),
        None => "a job ".to_owned(),
    };
    let lines: Vec<String> =
        job.stderr_tail.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    let output = lines[lines.len().saturating_sub(LINES)..].to_vec();
    if job.timed_out {
        let text = format!("{which}did not end within {}", text::short(jobs.timeout_s) + "s");
        return CheckOutcome::failed(text, "let the script end by itself, or allow more time with --job-timeout")
            .with_output(output);
    }
    let reason = job.failure.as_deref().unwrap_or("no exit code");
    let params = job.params.iter().map(|(name, value)| format!("{name}={}", text::short_value(value)));
    let params = params.collect::<Vec<_>>().join(" ");
    CheckOutcome::failed(
        format!("{which}failed: {reason}; its parameters: {params}"),
        "fix the command, then try again",
    )
    .with_output(output)
}
