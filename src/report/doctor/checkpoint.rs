//! Whether a checkpoint is written, found again and continued.

use super::finding::CheckOutcome;
use super::observed::{DoctorJobs, ObservedJob};
use crate::report::text;

/// Where the promoted job started.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Continuation {
    /// After what the first job trained.
    Continued,
    /// From scratch.
    StartedOver,
}

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let is_written = jobs.main_jobs().any(|job| job.checkpoint_entries > 0);
    if !jobs.resumes {
        return match is_written && jobs.promoted.is_some() {
            true => CheckOutcome::unknown("one is written, but promoted jobs train from scratch (`resume: false`)")
                .with_advice("if the script loads it, set `resume: true`, which saves the training that was done"),
            false => CheckOutcome::unknown("none is needed: promoted jobs train from scratch (`resume: false`)"),
        };
    }
    let Some(promoted) = jobs.promoted.as_ref().filter(|job| job.exited_with_0) else {
        return CheckOutcome::unknown("no job was promoted to its end");
    };
    if !is_written {
        return CheckOutcome::failed(
            "nothing is written to HYPERTUNE_CHECKPOINT_DIR, so that promoted jobs cannot continue",
            "save the state of the training there, or set `resume: false`",
        );
    }
    let previous = text::amount(promoted.previous);
    match continuation(&jobs.first, promoted) {
        Some(Continuation::Continued) => {
            let from = promoted.first_step().map(|step| format!(", its first reading is at {}", text::amount(step)));
            CheckOutcome::passed(format!(
                "it is written, and the promoted job continues after {previous}{}",
                from.unwrap_or_default()
            ))
        }
        Some(Continuation::StartedOver) => CheckOutcome::failed(
            format!("it is written, but the promoted job trains from scratch: {}", sign(promoted)),
            "load what is in HYPERTUNE_CHECKPOINT_DIR before training, or set `resume: false`",
        ),
        None => CheckOutcome::unknown("it is written; readings do not show whether the promoted job continues it")
            .with_advice(format!("print {} beside the metric", jobs.resource.as_deref().unwrap_or("the resource"))),
    }
}

fn sign(promoted: &ObservedJob) -> String {
    match promoted.first_step() {
        Some(step) => format!("its first reading is at {}", text::amount(step)),
        None => format!("it has {}", text::counted(promoted.reading_count(), "reading")),
    }
}

/// By the resource in readings, else by their number; `None` if neither shows it. A script may count from 0, and may print a reading
/// before it trains, so the first job's readings say what a start from scratch looks like.
fn continuation(first: &ObservedJob, promoted: &ObservedJob) -> Option<Continuation> {
    if let (Some(from_scratch), Some(step)) = (first.first_step(), promoted.first_step()) {
        let is_over = step <= from_scratch;
        return Some(if is_over { Continuation::StartedOver } else { Continuation::Continued });
    }
    let per_unit = first.reading_count() as f64 / first.resource;
    let expected = |trained: f64| (per_unit * trained).round() as u64;
    let (continued, started_over) = (expected(promoted.resource - promoted.previous), expected(promoted.resource));
    match promoted.reading_count() {
        0 => None,
        // A script that prints one reading at its end prints one in either case.
        1 if first.reading_count() == 1 => None,
        count if count == started_over => Some(Continuation::StartedOver),
        count if count == continued => Some(Continuation::Continued),
        _ => None,
    }
}
