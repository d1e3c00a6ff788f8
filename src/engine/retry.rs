//! Jobs that are launched once more: which failures are worth it, after which pause, in which order.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::experiment::Retries;
use super::job::ScheduledJob;
use crate::types::ids::JobKey;
use crate::types::outcome::Failure;
use crate::types::units::Moment;

/// Longest pause before a retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Retries {
    /// Whether a job that has failed `before` times may run again after another `failure`.
    pub fn allow(&self, before: u32, failure: &Failure) -> bool {
        before < self.max && worth_retrying(failure)
    }
}

/// Whether the same configuration may do better next time. A missing or non-finite metric is the configuration's or the script's
/// own doing and comes again, and so is a command that cannot run.
fn worth_retrying(failure: &Failure) -> bool {
    match failure {
        Failure::Launch(_)
        | Failure::Exit(_)
        | Failure::ProgramError(_)
        | Failure::Signal(_)
        | Failure::Timeout
        | Failure::OutOfMemory(_) => true,
        Failure::BadCommand(_) | Failure::NoMetric(_) | Failure::NotFinite(_) | Failure::Lost => false,
    }
}

/// The pause after the `failures`-th failure (≥ 1) of a job: the first pause, doubled with each further one, a minute at most.
pub(super) fn pause(retries: &Retries, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    retries.pause.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// Jobs waiting for their next attempt. They hold no slot.
#[derive(Debug, Default)]
pub(super) struct RetryQueue {
    jobs: HashMap<JobKey, (Moment, ScheduledJob)>,
    due: BTreeSet<(Moment, JobKey)>,
}

impl RetryQueue {
    /// `job` may be launched from `due` on; lost jobs are due at the study's start, which puts them before all others.
    pub fn push(&mut self, due: Moment, job: ScheduledJob) {
        self.due.insert((due, job.start.key));
        self.jobs.insert(job.start.key, (due, job));
    }

    /// The job that is due first, if it is due by `now`.
    pub fn pop(&mut self, now: Moment) -> Option<ScheduledJob> {
        let (due, key) = *self.due.first()?;
        if due <= now { self.remove(key) } else { None }
    }

    /// The job with this key, due or not.
    pub fn remove(&mut self, key: JobKey) -> Option<ScheduledJob> {
        let (due, job) = self.jobs.remove(&key)?;
        self.due.remove(&(due, key));
        Some(job)
    }

    /// When the next one is due.
    pub fn next_due(&self) -> Option<Moment> {
        self.due.first().map(|(due, _)| *due)
    }

    pub fn contains(&self, key: JobKey) -> bool {
        self.jobs.contains_key(&key)
    }

    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let retries = Retries { max: 9, pause: Duration::from_secs(10) };
        let pauses: Vec<u64> = [1, 2, 3, 4, 60].map(|n| pause(&retries, n).as_secs()).into();
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn a_missing_metric_is_not_retried_and_a_crash_is() {
        assert!(worth_retrying(&Failure::Exit(1)) && worth_retrying(&Failure::Signal(9)));
        assert!(
            !worth_retrying(&Failure::NoMetric(String::new())) && !worth_retrying(&Failure::NotFinite(String::new()))
        );
    }
}
