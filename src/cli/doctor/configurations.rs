//! The configurations that `doctor` runs.

use super::variations::{Variations, different};
use crate::engine::experiment::Experiment;
use crate::search::random::Random;
use crate::search::{Proposal, Sampler};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::units::Resource;

/// Number of configurations among which the others are chosen.
const DRAWN: u64 = 32;

/// The first configuration of a study, and others to compare it with.
#[derive(Clone, Debug)]
pub struct Configurations {
    pub first: Assignment,
    others: Vec<Assignment>,
    /// Whether only these configurations may run.
    are_listed: bool,
}

impl Configurations {
    /// Those of `experiment`; `None` if it has none.
    pub fn of(experiment: &Experiment) -> Option<Configurations> {
        let listed = experiment.method.sampler.listed();
        if let Some((first, others)) = listed.split_first() {
            return Some(Configurations { first: first.clone(), others: others.to_vec(), are_listed: true });
        }
        let sampler = &experiment.method.sampler;
        let own = sampler.ignores_observations() && !sampler.is_external();
        let proposed = if own { proposals(&**sampler, experiment, 1) } else { Vec::new() };
        let mut drawn = proposed.into_iter().chain(proposals(&Random, experiment, DRAWN));
        Some(Configurations { first: drawn.next()?, others: drawn.collect(), are_listed: false })
    }

    /// The configuration that differs from the first in most parameters; `None` if all are the same.
    pub fn second(&self) -> Option<Assignment> {
        let differences = |other: &&Assignment| different(&self.first, other).count();
        self.others.iter().max_by_key(differences).filter(|other| differences(other) > 0).cloned()
    }

    /// What to try besides the first configuration and `second`.
    pub fn variations(&self, second: Option<&Assignment>, experiment: &Experiment) -> Variations {
        let bases: Vec<Assignment> = [Some(&self.first), second].into_iter().flatten().cloned().collect();
        match self.are_listed {
            true => Variations::of_listed(bases, &self.others),
            false => Variations::of_space(bases, &self.others, &experiment.space),
        }
    }
}

fn proposals(sampler: &dyn Sampler, experiment: &Experiment, count: u64) -> Vec<Assignment> {
    let mut searcher = sampler.searcher(&experiment.search_context());
    let bracket = BracketId::default();
    let proposals = (0..count).map_while(|trial| {
        let request = TrialRequest { trial: TrialId(trial), bracket, resource: Resource::ONE };
        match searcher.propose(&request) {
            Proposal::Ready(params) => Some(params),
            Proposal::External | Proposal::Exhausted => None,
        }
    });
    proposals.collect()
}
