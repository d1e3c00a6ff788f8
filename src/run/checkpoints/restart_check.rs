//! Detects training scripts that ignore their checkpoint, so that every promoted job trains from scratch.

use std::collections::HashMap;

use crate::engine::event::Launch;
use crate::types::allocation::PromotedStart;
use crate::types::ids::TrialId;
use crate::types::units::Resource;

/// Shorter jobs are not compared: they may spend most of their time on starting up.
const MIN_SECONDS: f64 = 5.0;
/// Number of jobs in a row that must be too slow, if readings have no steps.
const MIN_JOBS: u32 = 3;

/// Checks promoted jobs until the first warning.
#[derive(Debug)]
pub struct RestartCheck {
    enabled: bool,
    /// Duration in seconds of the latest job of each unfinished trial.
    seconds: HashMap<TrialId, f64>,
    /// Promoted jobs in a row that took as long as a training from scratch.
    slow_jobs: u32,
    /// Resource that they would have wasted.
    wasted: f64,
}

impl RestartCheck {
    /// Checks only studies whose promoted jobs start from a checkpoint.
    pub fn new(promoted: PromotedStart) -> RestartCheck {
        let enabled = promoted == PromotedStart::FromCheckpoint;
        RestartCheck { enabled, seconds: HashMap::new(), slow_jobs: 0, wasted: 0.0 }
    }

    /// A job succeeded after `seconds`; `first_step` is the step of its first reading. Returns a warning for the user.
    pub fn succeeded(&mut self, launch: &Launch, first_step: Option<f64>, seconds: f64) -> Option<String> {
        if !self.enabled {
            return None;
        }
        let trial = launch.job.key.trial;
        let before = self.seconds.insert(trial, seconds);
        if launch.previous == Resource::ZERO {
            return None;
        }
        let warning = match first_step {
            Some(step) if step <= launch.previous.amount() => Some(format!(
                "trial {trial} was promoted after {} and its first reading is at {step}: it trains from scratch, which wastes {} \
                 in this job and as much at every promotion; load what is in HYPERTUNE_CHECKPOINT_DIR, or set `resume: false`",
                launch.previous, launch.previous
            )),
            Some(_) => None,
            None => self.judge_by_time(launch, before?, seconds),
        };
        self.enabled = warning.is_none();
        warning
    }

    /// A trial is over.
    pub fn retired(&mut self, trial: TrialId) {
        self.seconds.remove(&trial);
    }

    /// Compares the duration with the expected ones of training from `previous` and from scratch, in proportion to the previous job.
    fn judge_by_time(&mut self, launch: &Launch, before: f64, seconds: f64) -> Option<String> {
        if before < MIN_SECONDS {
            return None;
        }
        let (previous, now) = (launch.previous.amount(), launch.resource.amount());
        let (continued, from_scratch) = (before * (now - previous) / previous, before * now / previous);
        if seconds < (continued + 3.0 * from_scratch) / 4.0 {
            self.slow_jobs = 0;
            self.wasted = 0.0;
            return None;
        }
        self.slow_jobs += 1;
        self.wasted += previous;
        (self.slow_jobs == MIN_JOBS).then(|| {
            format!(
                "the last {MIN_JOBS} promoted jobs took as long as training from scratch, which would waste {} in total; \
                 check that the command loads what is in HYPERTUNE_CHECKPOINT_DIR, or set `resume: false`",
                self.wasted
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::assignment::Assignment;
    use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot};

    fn launch(trial: u64, previous: f64, resource: f64) -> Launch {
        Launch {
            job: JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) },
            bracket: BracketId::default(),
            resource: Resource::new(resource).unwrap(),
            previous: Resource::new(previous).unwrap(),
            slot: Slot(0),
            assignment: Arc::new(Assignment::default()),
            origin: None,
        }
    }

    #[test]
    fn a_first_step_within_the_previous_resource_is_reported_once() {
        let mut check = RestartCheck::new(PromotedStart::FromCheckpoint);
        assert_eq!(check.succeeded(&launch(0, 0.0, 3.0), Some(1.0), 0.1), None);
        assert_eq!(check.succeeded(&launch(1, 3.0, 9.0), Some(4.0), 0.1), None);
        insta::assert_snapshot!(check.succeeded(&launch(0, 3.0, 9.0), Some(1.0), 0.1).unwrap(), @"trial 0 was promoted after 3 and its first reading is at 1: it trains from scratch, which wastes 3 in this job and as much at every promotion; load what is in HYPERTUNE_CHECKPOINT_DIR, or set `resume: false`");
        assert_eq!(check.succeeded(&launch(2, 3.0, 9.0), Some(1.0), 0.1), None);
    }

    #[test]
    fn without_steps_several_slow_jobs_are_reported() {
        let warnings = |seconds: f64| {
            let mut check = RestartCheck::new(PromotedStart::FromCheckpoint);
            let run = |trial| {
                check.succeeded(&launch(trial, 0.0, 3.0), None, 10.0);
                check.succeeded(&launch(trial, 3.0, 9.0), None, seconds)
            };
            (0..5).filter_map(run).count()
        };
        assert_eq!((warnings(20.0), warnings(30.0)), (0, 1));
    }

    #[test]
    fn studies_without_resume_are_not_checked() {
        let mut check = RestartCheck::new(PromotedStart::FromScratch);
        assert_eq!(check.succeeded(&launch(0, 3.0, 9.0), Some(1.0), 0.1), None);
    }
}
