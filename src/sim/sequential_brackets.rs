//! Hyperband with sequential brackets, for comparison: a bracket starts when all jobs of the previous one have ended.

use std::sync::Arc;

use crate::schedule::{Length, Next, Plan, Schedule, Scheduler, Start, Verdict};
use crate::types::ids::{BracketId, JobKey, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

/// A schedule with a barrier between its brackets.
#[derive(Clone, Debug)]
pub struct SequentialBrackets(pub Arc<dyn Schedule>);

impl Schedule for SequentialBrackets {
    fn plan(&self, max_trials: Option<u64>) -> Plan {
        self.0.plan(max_trials)
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        let inner = self.0.scheduler(direction);
        Box::new(SequentialBracketsScheduler {
            inner,
            current: BracketId::default(),
            running: 0,
            promoted: 0,
            held: None,
        })
    }

    fn length(&self) -> Length {
        self.0.length()
    }

    fn with_length(&self, amount: u64) -> Arc<dyn Schedule> {
        Arc::new(SequentialBrackets(self.0.with_length(amount)))
    }

    fn max_resource(&self) -> Option<Resource> {
        self.0.max_resource()
    }

    fn eta(&self) -> Option<f64> {
        self.0.eta()
    }
}

struct SequentialBracketsScheduler {
    inner: Box<dyn Scheduler>,
    current: BracketId,
    running: u64,
    /// Promoted trials that wait for a slot.
    promoted: u64,
    /// The first job of the next bracket, which waits for the barrier.
    held: Option<Start>,
}

impl SequentialBracketsScheduler {
    fn start(&mut self, start: Start) -> Next {
        self.current = start.bracket;
        self.running += 1;
        if start.previous.is_some() {
            self.promoted -= 1;
        }
        Next::Start(start)
    }
}

impl Scheduler for SequentialBracketsScheduler {
    fn next(&mut self) -> Next {
        if self.promoted == 0
            && let Some(start) = self.held
        {
            if self.running > 0 {
                return Next::Wait;
            }
            self.held = None;
            return self.start(start);
        }
        match self.inner.next() {
            Next::Start(start) if start.bracket != self.current && self.running > 0 => {
                self.held = Some(start);
                Next::Wait
            }
            Next::Start(start) => self.start(start),
            other => other,
        }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        self.running -= 1;
        let verdicts = self.inner.finish(key, score);
        self.promoted += verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Promote(_))).count() as u64;
        verdicts
    }

    fn set_length(&mut self, length: u64) {
        self.inner.set_length(length);
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.running -= never_run.len() as u64;
        let held = self.held.take().map(|start| start.key.trial);
        self.inner.close(&never_run.iter().copied().chain(held).collect::<Vec<_>>())
    }
}
