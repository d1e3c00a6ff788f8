//! A study by hand: a searcher is asked, a function answers.

use std::sync::Arc;

use crate::search::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

/// A searcher with the number of the next trial.
pub(super) struct Study {
    pub searcher: Box<dyn Searcher>,
    next: u64,
}

/// A trial that runs.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Running {
    pub trial: TrialId,
    pub assignment: Assignment,
}

impl Study {
    pub fn new(sampler: &dyn Sampler, space: Arc<Space>, seed: u64) -> Study {
        let full = Resource::new(27.0).expect("a positive number");
        let context = SearchContext { space, seed, direction: Some(Direction::Minimize), full };
        Study { searcher: sampler.searcher(&context), next: 0 }
    }

    /// What would be proposed for the next trial.
    pub fn proposal(&mut self) -> Assignment {
        let full = Resource::new(27.0).expect("a positive number");
        let ask = Ask { trial: TrialId(self.next), bracket: BracketId::default(), resource: full };
        let Proposal::Ready(assignment) = self.searcher.propose(&ask) else { panic!("models propose without end") };
        assignment
    }

    /// Starts the next trial with what is proposed.
    pub fn start(&mut self) -> Running {
        let assignment = self.proposal();
        self.adopt(assignment)
    }

    /// Starts the next trial with `assignment`.
    pub fn adopt(&mut self, assignment: Assignment) -> Running {
        let trial = TrialId(self.next);
        self.next += 1;
        self.searcher.adopt(trial, &assignment);
        Running { trial, assignment }
    }

    /// The trial ends at full resource with `value`; NaN and the infinities are failures.
    pub fn end(&mut self, running: &Running, value: f64) {
        self.end_at(running, 27.0, value);
    }

    /// The trial's job at `resource` ends with `value`.
    pub fn end_at(&mut self, running: &Running, resource: f64, value: f64) {
        self.searcher.observe(&Observation {
            trial: running.trial,
            assignment: &running.assignment,
            resource: Resource::new(resource).expect("a positive number"),
            score: Score::new(value),
            curve: &[],
        });
    }

    /// One trial after the other, `count` in all, with the values of `function`.
    pub fn run(&mut self, count: usize, mut function: impl FnMut(&Assignment) -> f64) -> Vec<Assignment> {
        let one = |_| {
            let running = self.start();
            self.end(&running, function(&running.assignment));
            running.assignment
        };
        (0..count).map(one).collect()
    }
}

/// The number under `name`.
pub(super) fn number(assignment: &Assignment, name: &str) -> f64 {
    assignment.get(name).and_then(serde_json::Value::as_f64).expect("a number of this name")
}
