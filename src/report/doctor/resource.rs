//! Whether a job with more of the resource trains longer.

use super::finding::CheckOutcome;
use super::observed::{DoctorJobs, ObservedJob};
use crate::report::text;
use crate::run::output::result_checks::{JobEvidence, shows_no_effect};

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let Some(name) = &jobs.resource else {
        return CheckOutcome::unknown("no resource is allotted: each job trains to the end");
    };
    let of = |amount: f64| text::amount_of(amount, name);
    let advice = format!("check that the script trains as many {name} as its argument, or HYPERTUNE_RESOURCE, says");
    if let Some((job, step)) =
        jobs.main_jobs().find_map(|job| Some((job, job.last_step()?)).filter(|(_, step)| *step > job.resource))
    {
        let text = format!("a job that was allotted {} has a reading at {}", of(job.resource), text::amount(step));
        return CheckOutcome::failed(text, advice);
    }
    let Some(promoted) = jobs.promoted.as_ref().filter(|job| job.exited_with_0) else {
        return CheckOutcome::unknown("no job ran with more of it");
    };
    let (low, high) = (of(jobs.first.resource), of(promoted.resource));
    match (jobs.first.last_step(), promoted.last_step()) {
        (Some(before), Some(now)) if now > before => {
            let (before, now) = (text::amount(before), text::amount(now));
            return CheckOutcome::passed(format!("with {low} the last reading is at {before}, with {high} at {now}"));
        }
        (Some(before), Some(_)) => {
            let text = format!("with {low} and with {high} the last reading is at {}", text::amount(before));
            return CheckOutcome::failed(text, advice);
        }
        _ => {}
    }
    match shows_no_effect(&evidence(jobs, &jobs.first), &evidence(jobs, promoted)) {
        Some(false) => CheckOutcome::passed(format!("a job with {high} did more than one with {low}")),
        Some(true) => CheckOutcome::failed(format!("a job with {high} did the same as one with {low}"), advice),
        None => CheckOutcome::unknown(format!(
            "readings do not show it: they do not have {name}, and are as many with {low} and {high}"
        ))
        .with_advice(format!("print {name} beside the metric, as in {{\"{name}\": 1, …}}")),
    }
}

fn evidence(jobs: &DoctorJobs, job: &ObservedJob) -> JobEvidence {
    JobEvidence {
        trained: jobs.trained(job),
        seconds: job.duration_s,
        step: job.last_step(),
        readings: job.reading_count(),
        curve: job.curve.clone(),
    }
}
