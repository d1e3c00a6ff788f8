//! Listed configurations, run in their order.

use std::sync::Arc;

use super::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::origin::ConfigOrigin;

/// Trial k runs the k-th configuration.
#[derive(Clone, Debug)]
pub struct Listed {
    configurations: Arc<[Assignment]>,
}

impl Listed {
    /// A sampler of these configurations.
    pub fn new(configurations: Vec<Assignment>) -> Listed {
        Listed { configurations: configurations.into() }
    }
}

impl Sampler for Listed {
    fn name(&self) -> &'static str {
        "mapping"
    }

    fn searcher(&self, _context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(ListedSearcher { configurations: self.configurations.clone() })
    }

    fn ignores_observations(&self) -> bool {
        true
    }

    fn max_trials(&self, _space: &Space) -> Option<u64> {
        Some(self.configurations.len() as u64)
    }

    fn listed(&self) -> &[Assignment] {
        &self.configurations
    }
}

#[derive(Debug)]
struct ListedSearcher {
    configurations: Arc<[Assignment]>,
}

impl Searcher for ListedSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let configuration = usize::try_from(request.trial.0).ok().and_then(|index| self.configurations.get(index));
        configuration.cloned().map_or(Proposal::Exhausted, Proposal::Ready)
    }

    fn origin(&self) -> ConfigOrigin {
        ConfigOrigin::Listed
    }

    fn register(&mut self, _trial: TrialId, _assignment: &Assignment) {}

    fn observe(&mut self, _observation: &Observation<'_>) {}
}
