//! Runs a searcher against an objective function, with control over the order of starts and ends.

use std::sync::Arc;

use crate::search::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

/// A searcher and the number of the next trial.
pub(super) struct SearchRun {
    pub searcher: Box<dyn Searcher>,
    next: u64,
}

/// A running trial.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct StartedTrial {
    pub trial: TrialId,
    pub assignment: Assignment,
}

impl SearchRun {
    pub fn new(sampler: &dyn Sampler, space: Arc<Space>, seed: u64) -> SearchRun {
        let max_resource = Resource::new(27.0).expect("a positive number");
        let context = SearchContext { space, seed, direction: Some(Direction::Minimize), max_resource };
        SearchRun { searcher: sampler.searcher(&context), next: 0 }
    }

    /// The proposal for the next trial.
    pub fn proposal(&mut self) -> Assignment {
        let resource = Resource::new(27.0).expect("a positive number");
        let request = TrialRequest { trial: TrialId(self.next), bracket: BracketId::default(), resource };
        let Proposal::Ready(assignment) = self.searcher.propose(&request) else { panic!("expected a configuration") };
        assignment
    }

    /// Starts the next trial with the proposal.
    pub fn start(&mut self) -> StartedTrial {
        let assignment = self.proposal();
        self.start_with(assignment)
    }

    /// Starts the next trial with `assignment`.
    pub fn start_with(&mut self, assignment: Assignment) -> StartedTrial {
        let trial = TrialId(self.next);
        self.next += 1;
        self.searcher.register(trial, &assignment);
        StartedTrial { trial, assignment }
    }

    /// The trial ends at the full resource with `value`; a value that is not finite is a failure.
    pub fn end(&mut self, running: &StartedTrial, value: f64) {
        self.end_at(running, 27.0, value);
    }

    /// The trial's job at `resource` ends with `value`.
    pub fn end_at(&mut self, running: &StartedTrial, resource: f64, value: f64) {
        self.searcher.observe(&Observation {
            trial: running.trial,
            assignment: &running.assignment,
            resource: Resource::new(resource).expect("a positive number"),
            score: Score::new(value),
            curve: &[],
        });
    }

    /// Runs `count` trials one after the other with the values of `function`.
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
