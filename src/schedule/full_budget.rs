//! One job per trial, with the full budget: the schedule of kinds without rungs.

use std::sync::Arc;

use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

use super::{BracketPlan, Length, Next, Plan, RungPlan, Schedule, Scheduler, Start, UNLIMITED, Verdict};

/// One job per trial. No resource is allotted, so each job gets [`Resource::ONE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FullBudget {
    max_trials: u64,
}

impl FullBudget {
    /// A schedule of `max_trials` trials ([`UNLIMITED`]: as many as the sampler and the limits of the study allow).
    pub const fn new(max_trials: u64) -> FullBudget {
        FullBudget { max_trials }
    }
}

impl Schedule for FullBudget {
    fn plan(&self, max_trials: Option<u64>) -> Plan {
        let configs = self.max_trials.min(max_trials.unwrap_or(UNLIMITED));
        let rungs = vec![RungPlan { configs, resource: Resource::ONE }];
        Plan { brackets: vec![BracketPlan { bracket: 0, rungs }], rounds: 1, open_ended: configs == UNLIMITED }
    }

    fn scheduler(&self, _direction: Option<Direction>) -> Box<dyn Scheduler> {
        Box::new(FullBudgetScheduler { next_trial: 0, max_trials: self.max_trials })
    }

    fn length(&self) -> Length {
        Length::Trials(self.max_trials)
    }

    fn with_length(&self, amount: u64) -> Arc<dyn Schedule> {
        Arc::new(FullBudget { max_trials: amount })
    }

    fn max_resource(&self) -> Option<Resource> {
        None
    }
}

#[derive(Debug)]
struct FullBudgetScheduler {
    next_trial: u64,
    max_trials: u64,
}

impl Scheduler for FullBudgetScheduler {
    fn next(&mut self) -> Next {
        if self.next_trial >= self.max_trials {
            return Next::Done;
        }
        let key = JobKey { trial: TrialId(self.next_trial), rung: Rung(0) };
        self.next_trial += 1;
        Next::Start(Start { key, bracket: BracketId::default(), resource: Resource::ONE, previous: None })
    }

    fn finish(&mut self, key: JobKey, _score: Option<Score>) -> Vec<Verdict> {
        vec![Verdict::Retire(key.trial)]
    }

    fn close(&mut self, _never_run: &[TrialId]) -> Vec<Verdict> {
        self.max_trials = self.next_trial;
        Vec::new()
    }

    fn set_length(&mut self, length: u64) {
        self.max_trials = length;
    }

    fn reopen(&mut self, _start: &Start) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trial_starts_once_and_retires_when_it_ends() {
        let mut scheduler = FullBudget::new(2).scheduler(None);
        for trial in 0..2 {
            let Next::Start(start) = scheduler.next() else { panic!("a trial is left") };
            assert_eq!(start.key, JobKey { trial: TrialId(trial), rung: Rung(0) });
            assert_eq!((start.resource.amount(), start.previous), (1.0, None));
            assert_eq!(scheduler.finish(start.key, None), [Verdict::Retire(TrialId(trial))]);
        }
        assert_eq!(scheduler.next(), Next::Done);
    }

    #[test]
    fn nothing_starts_after_close() {
        let mut scheduler = FullBudget::new(5).scheduler(Some(Direction::Minimize));
        scheduler.next();
        scheduler.close(&[]);
        assert_eq!(scheduler.next(), Next::Done);
    }

    #[test]
    fn the_plan_has_the_smaller_of_both_numbers_of_trials() {
        assert_eq!(FullBudget::new(10).plan(Some(4)).trials(), 4);
        assert_eq!(FullBudget::new(10).plan(None).jobs(), 10);
        assert!(!FullBudget::new(UNLIMITED).plan(Some(4)).open_ended);
    }

    #[test]
    fn an_unlimited_plan_does_not_overflow() {
        let unlimited = FullBudget::new(UNLIMITED);
        let plan = unlimited.plan(None);
        assert!(plan.open_ended);
        assert_eq!((plan.trials(), plan.jobs()), (UNLIMITED, UNLIMITED));
        assert!(matches!(unlimited.scheduler(None).next(), Next::Start(_)));
    }
}
