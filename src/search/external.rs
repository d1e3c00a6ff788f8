//! An external tuner proposes: the engine requests a suggestion, the driver talks to the tuner.

use super::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;

/// The sampler of every matrix with a `tuner`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct External;

impl Sampler for External {
    fn name(&self) -> &'static str {
        "tuner"
    }

    fn searcher(&self, _context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(ExternalSearcher)
    }

    fn ignores_observations(&self) -> bool {
        false
    }

    fn is_external(&self) -> bool {
        true
    }
}

/// Has no state: the driver sends the observations to the tuner.
#[derive(Debug)]
struct ExternalSearcher;

impl Searcher for ExternalSearcher {
    fn propose(&mut self, _request: &TrialRequest) -> Proposal {
        Proposal::External
    }

    fn register(&mut self, _trial: TrialId, _assignment: &Assignment) {}

    fn observe(&mut self, _observation: &Observation<'_>) {}
}
