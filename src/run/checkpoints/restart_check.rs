//! Notices a training script that ignores its checkpoint, which would make every promotion train what was trained before.

use std::collections::HashMap;

use crate::engine::event::Launch;
use crate::engine::experiment::PromotedStart;
use crate::types::ids::TrialId;
use crate::types::units::Resource;

/// Jobs shorter than this spend their time on starting up, which says nothing.
const MIN_SECONDS: f64 = 5.0;
/// So many jobs must agree where only their time tells.
const MIN_JOBS: u32 = 3;

/// Watches promoted jobs until one visibly starts over; then it has said so and watches no more.
#[derive(Debug)]
pub struct RestartCheck {
    watching: bool,
    /// Seconds of the last job of trials that may be promoted, where they are telling.
    seconds: HashMap<TrialId, f64>,
    suspects: u32,
    suspected_waste: f64,
}

impl RestartCheck {
    /// Watches studies whose promoted trials should go on.
    pub fn new(promoted: PromotedStart) -> RestartCheck {
        let watching = promoted == PromotedStart::FromCheckpoint;
        RestartCheck { watching, seconds: HashMap::new(), suspects: 0, suspected_waste: 0.0 }
    }

    /// A job succeeded in `seconds`; its first reading carried `first_step`, if it carried a step. The sentence to say.
    pub fn succeeded(&mut self, launch: &Launch, first_step: Option<f64>, seconds: f64) -> Option<String> {
        if !self.watching {
            return None;
        }
        let trial = launch.job.key.trial;
        let before = self.seconds.insert(trial, seconds);
        if launch.previous == Resource::ZERO {
            return None;
        }
        let said = match first_step {
            Some(step) if step <= launch.previous.amount() => Some(format!(
                "trial {trial} was promoted after {} and its first reading is at {step}: it starts over, which wastes {} here \
                 and as much at every promotion; load what is in HYPERTUNE_CHECKPOINT_DIR, or set `resume: false`",
                launch.previous, launch.previous
            )),
            Some(_) => None,
            None => self.judge_by_time(launch, before?, seconds),
        };
        self.watching = said.is_none();
        said
    }

    /// A trial is over.
    pub fn retired(&mut self, trial: TrialId) {
        self.seconds.remove(&trial);
    }

    /// Without steps, the time: nearer to a training from zero than to one from `previous`, several times over.
    fn judge_by_time(&mut self, launch: &Launch, before: f64, seconds: f64) -> Option<String> {
        if before < MIN_SECONDS {
            return None;
        }
        let (previous, now) = (launch.previous.amount(), launch.resource.amount());
        let (goes_on, starts_over) = (before * (now - previous) / previous, before * now / previous);
        if seconds < (goes_on + 3.0 * starts_over) / 4.0 {
            self.suspects = 0;
            self.suspected_waste = 0.0;
            return None;
        }
        self.suspects += 1;
        self.suspected_waste += previous;
        (self.suspects == MIN_JOBS).then(|| {
            format!(
                "the last {MIN_JOBS} promoted jobs took as long as if they had started over, which would have wasted {}; \
                 check that the command loads what is in HYPERTUNE_CHECKPOINT_DIR, or set `resume: false`",
                self.suspected_waste
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
        }
    }

    #[test]
    fn a_first_step_that_is_not_past_the_last_resource_is_told_once() {
        let mut watch = RestartCheck::new(PromotedStart::FromCheckpoint);
        assert_eq!(watch.succeeded(&launch(0, 0.0, 3.0), Some(1.0), 0.1), None);
        assert_eq!(watch.succeeded(&launch(1, 3.0, 9.0), Some(4.0), 0.1), None);
        insta::assert_snapshot!(watch.succeeded(&launch(0, 3.0, 9.0), Some(1.0), 0.1).unwrap(), @"trial 0 was promoted after 3 and its first reading is at 1: it starts over, which wastes 3 here and as much at every promotion; load what is in HYPERTUNE_CHECKPOINT_DIR, or set `resume: false`");
        assert_eq!(watch.succeeded(&launch(2, 3.0, 9.0), Some(1.0), 0.1), None);
    }

    #[test]
    fn without_steps_the_time_of_several_jobs_tells() {
        let told = |seconds: f64| {
            let mut watch = RestartCheck::new(PromotedStart::FromCheckpoint);
            let tell = |trial| {
                watch.succeeded(&launch(trial, 0.0, 3.0), None, 10.0);
                watch.succeeded(&launch(trial, 3.0, 9.0), None, seconds)
            };
            (0..5).filter_map(tell).count()
        };
        assert_eq!((told(20.0), told(30.0)), (0, 1));
    }

    #[test]
    fn where_everybody_starts_over_nothing_is_said() {
        let mut watch = RestartCheck::new(PromotedStart::FromScratch);
        assert_eq!(watch.succeeded(&launch(0, 3.0, 9.0), Some(1.0), 0.1), None);
    }
}
