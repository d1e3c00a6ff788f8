//! Retries: which failures are retried, after which pause, in which order.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::experiment::Retries;
use super::job::ScheduledJob;
use crate::types::ids::JobKey;
use crate::types::outcome::Failure;
use crate::types::units::Moment;

/// Longest pause before a retry.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// Most further attempts of a job after failures of the cluster, which do not count as [`Retries::max`]. With the pauses, a job is
/// tried for more than five minutes.
const INFRASTRUCTURE_RETRIES: u32 = 10;
/// Pause after the first of them.
const INFRASTRUCTURE_PAUSE: Duration = Duration::from_secs(1);

/// The pause before the next attempt of a job whose attempts have failed `before` times because of the cluster; `None` if it is given
/// up.
pub(super) fn infrastructure_pause(before: u32) -> Option<Duration> {
    let retries = Retries { max: INFRASTRUCTURE_RETRIES, pause: INFRASTRUCTURE_PAUSE };
    (before < INFRASTRUCTURE_RETRIES).then(|| pause(&retries, before + 1))
}

impl Retries {
    /// Whether a job that has failed `before` times is launched again after `failure`.
    pub fn allow(&self, before: u32, failure: &Failure) -> bool {
        before < self.max && is_retryable(failure)
    }
}

/// Whether the next attempt may succeed. A missing or non-finite metric and a command that cannot run are not transient.
fn is_retryable(failure: &Failure) -> bool {
    match failure {
        Failure::Launch(_)
        | Failure::Exit(_)
        | Failure::ProgramError(_)
        | Failure::Signal(_)
        | Failure::Cancelled(_)
        | Failure::Timeout
        | Failure::OutOfMemory(_) => true,
        Failure::BadCommand(_)
        | Failure::NoMetric(_)
        | Failure::NotFinite(_)
        | Failure::Infrastructure(_)
        | Failure::Lost => false,
    }
}

/// The pause after the `failures`-th failure (≥ 1) of a job: [`Retries::pause`], doubled for each further failure, at most a minute.
pub(super) fn pause(retries: &Retries, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    retries.pause.saturating_mul(1 << doublings).min(MAX_PAUSE)
}

/// Jobs that wait for their next attempt. They hold no slot.
#[derive(Debug, Default)]
pub(super) struct RetryQueue {
    jobs: HashMap<JobKey, (Moment, ScheduledJob)>,
    due: BTreeSet<(Moment, JobKey)>,
}

impl RetryQueue {
    /// Adds a job that may be launched from `due` on.
    pub fn push(&mut self, due: Moment, job: ScheduledJob) {
        self.due.insert((due, job.start.key));
        self.jobs.insert(job.start.key, (due, job));
    }

    /// Removes the job that is due first, if it is due at `now`.
    pub fn pop(&mut self, now: Moment) -> Option<ScheduledJob> {
        let (due, key) = *self.due.first()?;
        if due <= now { self.remove(key) } else { None }
    }

    /// Removes the job with this key, due or not.
    pub fn remove(&mut self, key: JobKey) -> Option<ScheduledJob> {
        let (due, job) = self.jobs.remove(&key)?;
        self.due.remove(&(due, key));
        Some(job)
    }

    /// When the next job is due.
    pub fn next_due(&self) -> Option<Moment> {
        self.due.first().map(|(due, _)| *due)
    }

    pub fn contains(&self, key: JobKey) -> bool {
        self.jobs.contains_key(&key)
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
        assert!(is_retryable(&Failure::Exit(1)) && is_retryable(&Failure::Signal(9)));
        assert!(!is_retryable(&Failure::NoMetric(String::new())) && !is_retryable(&Failure::NotFinite(String::new())));
    }
}
