//! Whether a job ends within the grace time after SIGTERM.

use super::finding::CheckOutcome;
use super::observed::DoctorJobs;
use crate::report::text;

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let grace = text::short(jobs.grace_s);
    match jobs.ended {
        None if !jobs.first.exited_with_0 => CheckOutcome::unknown("not tried: the first job did not run to its end"),
        None if jobs.full.as_ref().is_some_and(|job| !job.exited_with_0) => {
            CheckOutcome::unknown("the job to be ended failed before that")
        }
        None => CheckOutcome::unknown("jobs are too short to be ended while they run"),
        Some(ended) if ended.was_killed => CheckOutcome::failed(
            format!("a job ran on after SIGTERM and was killed {grace}s later (--grace)"),
            "let the script end on SIGTERM, or give it more time with --grace",
        ),
        Some(ended) => CheckOutcome::passed(format!(
            "a job ended {:.1}s after SIGTERM; it has {grace}s (--grace)",
            ended.reaction_s
        )),
    }
}
