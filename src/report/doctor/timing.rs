//! How long jobs take to start and to train.

use super::finding::CheckOutcome;
use super::observed::DoctorJobs;
use crate::report::study_progress::forecast::DurationFit;
use crate::report::text;

/// The line through the durations of jobs over what they trained.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct JobTiming {
    /// Seconds besides training.
    pub startup_s: f64,
    /// Seconds per unit of the resource; per job where nothing is allotted.
    pub seconds_per_unit: f64,
    /// Whether jobs trained different amounts; if not, all of their time counts as training.
    pub is_separate: bool,
}

impl JobTiming {
    /// `None` if no job ran to its end.
    pub fn of(jobs: &DoctorJobs) -> Option<JobTiming> {
        let mut fit = DurationFit::default();
        let mut amounts: Vec<f64> = Vec::new();
        for job in jobs.all_jobs().filter(|job| job.exited_with_0) {
            fit.add(jobs.trained(job), job.duration_s);
            amounts.push(jobs.trained(job));
        }
        let (startup_s, seconds_per_unit) = fit.line()?;
        let is_separate = amounts.iter().any(|amount| *amount != amounts[0]);
        Some(JobTiming { startup_s, seconds_per_unit, is_separate })
    }
}

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let Some(timing) = JobTiming::of(jobs) else { return CheckOutcome::unknown("no job ran to its end") };
    let seconds = |seconds: f64| text::short((seconds * 1000.0).round() / 1000.0);
    let each = seconds(timing.seconds_per_unit);
    match (&jobs.resource, timing.is_separate) {
        (None, _) => CheckOutcome::passed(format!("a job takes {each}s")),
        (Some(name), true) => CheckOutcome::passed(format!(
            "a job takes {}s to start and {each}s per {}",
            seconds(timing.startup_s),
            text::amount_of(1.0, name).trim_start_matches("1 ")
        )),
        (Some(name), false) => CheckOutcome::passed(format!(
            "a job takes {each}s per {}, its start included: no two jobs trained different amounts",
            text::amount_of(1.0, name).trim_start_matches("1 ")
        )),
    }
}
