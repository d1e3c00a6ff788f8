//! How much memory a job uses.

use super::finding::CheckOutcome;
use super::observed::DoctorJobs;
use crate::report::text;

/// The largest resident set of a job, bytes; `None` if it was not measured.
pub fn largest(jobs: &DoctorJobs) -> Option<u64> {
    jobs.all_jobs().filter_map(|job| job.max_rss_bytes).max()
}

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let Some(bytes) = largest(jobs) else { return CheckOutcome::unknown("not measured") };
    let each = format!("a job uses up to {}", text::bytes(bytes));
    let (Some(all), 2..) = (jobs.memory_bytes, jobs.slots) else { return CheckOutcome::passed(each) };
    let together = bytes.saturating_mul(u64::from(jobs.slots));
    let text = format!("{each}; {} at once use {} of {}", jobs.slots, text::bytes(together), text::bytes(all));
    if together > all {
        let fits = (all / bytes.max(1)).max(1);
        return CheckOutcome::failed(text, format!("run fewer jobs at once with -j {fits}"));
    }
    CheckOutcome::passed(text)
}
