//! A schedule of one trial, which is promoted whatever its value is.

use std::sync::Arc;

use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

use super::{BracketPlan, Length, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

const TRIAL: TrialId = TrialId(0);

/// The rungs of one trial.
#[derive(Clone, Debug)]
pub struct SingleTrial {
    /// Their resources, ascending.
    pub rungs: Vec<Resource>,
    /// R of the study.
    pub max_resource: Option<Resource>,
    /// η of the study.
    pub eta: Option<f64>,
}

impl Schedule for SingleTrial {
    fn plan(&self, _max_trials: Option<u64>) -> Plan {
        let rungs = self.rungs.iter().map(|resource| RungPlan { configs: 1, resource: *resource }).collect();
        Plan { brackets: vec![BracketPlan { bracket: 0, rungs }], rounds: 1, open_ended: false }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        let needs_score = direction.is_some();
        Box::new(SingleTrialScheduler { rungs: self.rungs.clone(), next: 0, is_running: false, needs_score })
    }

    fn length(&self) -> Length {
        Length::Trials(1)
    }

    fn with_length(&self, _amount: u64) -> Arc<dyn Schedule> {
        Arc::new(self.clone())
    }

    fn max_resource(&self) -> Option<Resource> {
        self.max_resource
    }

    fn eta(&self) -> Option<f64> {
        self.eta
    }
}

#[derive(Debug)]
struct SingleTrialScheduler {
    rungs: Vec<Resource>,
    /// The rung of the next job.
    next: usize,
    is_running: bool,
    /// Whether a job without a score has failed.
    needs_score: bool,
}

impl Scheduler for SingleTrialScheduler {
    fn next(&mut self) -> Next {
        if self.is_running {
            return Next::Wait;
        }
        let Some(resource) = self.rungs.get(self.next).copied() else { return Next::Done };
        self.is_running = true;
        let previous = self.next.checked_sub(1).and_then(|before| self.rungs.get(before).copied());
        let key = JobKey { trial: TRIAL, rung: Rung(self.next as u32) };
        Next::Start(Start { key, bracket: BracketId::default(), resource, previous })
    }

    fn finish(&mut self, _key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        self.is_running = false;
        self.next += 1;
        if self.needs_score && score.is_none() {
            self.rungs.truncate(self.next);
        }
        vec![if self.next < self.rungs.len() { Verdict::Promote(TRIAL) } else { Verdict::Retire(TRIAL) }]
    }

    fn close(&mut self, _never_run: &[TrialId]) -> Vec<Verdict> {
        // The trial may still be promoted.
        if self.next == 0 && !self.is_running {
            self.rungs.clear();
        }
        Vec::new()
    }

    fn set_length(&mut self, _length: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheduler(direction: Option<Direction>) -> Box<dyn Scheduler> {
        let rungs = vec![Resource::ONE, Resource::new(3.0).unwrap()];
        SingleTrial { rungs, max_resource: Resource::new(9.0), eta: Some(3.0) }.scheduler(direction)
    }

    fn start(scheduler: &mut dyn Scheduler) -> (JobKey, f64, Option<f64>) {
        let Next::Start(start) = scheduler.next() else { panic!("a job is left") };
        assert_eq!(scheduler.next(), Next::Wait);
        (start.key, start.resource.amount(), start.previous.map(Resource::amount))
    }

    #[test]
    fn the_trial_is_promoted_once_and_retired_after_the_last_rung() {
        let mut scheduler = scheduler(Some(Direction::Minimize));
        let first = start(&mut *scheduler);
        assert_eq!((first.1, first.2), (1.0, None));
        assert_eq!(scheduler.finish(first.0, Score::new(5.0)), [Verdict::Promote(TRIAL)]);
        let second = start(&mut *scheduler);
        assert_eq!((second.1, second.2), (3.0, Some(1.0)));
        assert_eq!(scheduler.finish(second.0, None), [Verdict::Retire(TRIAL)]);
        assert_eq!(scheduler.next(), Next::Done);
    }

    #[test]
    fn a_trial_that_fails_is_not_promoted() {
        let mut scheduler = scheduler(Some(Direction::Minimize));
        let (first, ..) = start(&mut *scheduler);
        assert_eq!(scheduler.finish(first, None), [Verdict::Retire(TRIAL)]);
        assert_eq!(scheduler.next(), Next::Done);
    }
}
