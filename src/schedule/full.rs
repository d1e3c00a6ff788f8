//! Every configuration once, at full budget: what `random`, `grid`, `mapping` and the plain model kinds run on.

use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

use super::{BracketPlan, ENDLESS, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

/// One job for each trial; no resource is allotted, so jobs carry 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full {
    runs: u64,
}

impl Full {
    /// A schedule of `runs` trials; [`ENDLESS`] for as many as the sampler and the study's limits allow.
    pub const fn new(runs: u64) -> Full {
        Full { runs }
    }
}

impl Schedule for Full {
    fn plan(&self, supply: Option<u64>) -> Plan {
        let configs = self.runs.min(supply.unwrap_or(ENDLESS));
        let rungs = vec![RungPlan { configs, resource: Resource::ONE }];
        Plan { brackets: vec![BracketPlan { bracket: 0, rungs }], rounds: 1, open_ended: configs == ENDLESS }
    }

    fn scheduler(&self, _direction: Option<Direction>) -> Box<dyn Scheduler> {
        Box::new(Line { next: 0, end: self.runs })
    }

    fn full(&self) -> Option<Resource> {
        None
    }
}

/// Trials in a line: `next` is the first not started, `end` the first that never will be.
#[derive(Debug)]
struct Line {
    next: u64,
    end: u64,
}

impl Scheduler for Line {
    fn next(&mut self) -> Next {
        if self.next == self.end {
            return Next::Done;
        }
        let key = JobKey { trial: TrialId(self.next), rung: Rung(0) };
        self.next += 1;
        Next::Start(Start { key, bracket: BracketId::default(), resource: Resource::ONE, previous: None })
    }

    fn finish(&mut self, key: JobKey, _score: Option<Score>) -> Vec<Verdict> {
        vec![Verdict::Retire(key.trial)]
    }

    fn close(&mut self, _never_run: &[TrialId]) -> Vec<Verdict> {
        self.end = self.next;
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trial_starts_once_and_retires_when_it_ends() {
        let mut scheduler = Full::new(2).scheduler(None);
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
        let mut scheduler = Full::new(5).scheduler(Some(Direction::Minimize));
        scheduler.next();
        scheduler.close(&[]);
        assert_eq!(scheduler.next(), Next::Done);
    }

    #[test]
    fn plan_is_what_both_runs_and_supply_allow() {
        assert_eq!(Full::new(10).plan(Some(4)).trials(), 4);
        assert_eq!(Full::new(10).plan(None).jobs(), 10);
        assert!(!Full::new(ENDLESS).plan(Some(4)).open_ended);
    }

    #[test]
    fn endless_runs_do_not_overflow() {
        let endless = Full::new(ENDLESS);
        let plan = endless.plan(None);
        assert!(plan.open_ended);
        assert_eq!((plan.trials(), plan.jobs()), (ENDLESS, ENDLESS));
        assert!(matches!(endless.scheduler(None).next(), Next::Start(_)));
    }
}
