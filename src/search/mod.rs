//! Samplers: who proposes the configuration of a new trial.

pub(crate) mod anneal;
pub mod automatic;
pub mod catalogue;
pub mod choice;
mod encoding;
pub(crate) mod external;
pub mod gain;
pub mod gp;
pub(crate) mod grid;
mod guess;
pub(crate) mod listed;
mod observation;
pub mod random;
#[cfg(test)]
pub(crate) mod tests;
pub mod tpe;

use std::fmt;
use std::sync::Arc;

use crate::search::choice::{SamplerChoice, StudyFacts};
use crate::space::Space;
use crate::types::advice::{Advice, SlotChoices, TrialRequest};
use crate::types::args::ArgError;
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::units::Resource;

pub use crate::search::gain::{GainEstimate, GainRequest};
pub use crate::search::guess::GuessUse;
pub(crate) use crate::search::observation::prior_trial;
pub use crate::search::observation::{Observation, PriorObservation};

/// A searcher's answer to a [`TrialRequest`].
#[derive(Clone, PartialEq, Debug)]
pub enum Proposal {
    /// Run this configuration.
    Ready(Assignment),
    /// An external tuner proposes; its answer arrives as an event.
    External,
    /// All configurations have been proposed.
    Exhausted,
}

/// The state of a running sampler. Its proposals depend on the seed, the trial and the previous calls only.
pub trait Searcher: Send {
    /// A configuration for a new trial.
    fn propose(&mut self, request: &TrialRequest) -> Proposal;
    /// Where the last proposal came from.
    fn origin(&self) -> ConfigOrigin {
        ConfigOrigin::Random
    }
    /// The trial starts with `assignment`: this searcher's proposal, a starting point of the matrix, or a recorded
    /// configuration.
    fn register(&mut self, trial: TrialId, assignment: &Assignment);
    /// A job ended.
    fn observe(&mut self, observation: &Observation<'_>);
    /// A failed job, which was observed without a score, runs again and will be observed again.
    fn forget_failure(&mut self, trial: TrialId, assignment: &Assignment, resource: Resource) {
        let _ = (trial, assignment, resource);
    }
    /// The best use of a free slot.
    fn advise(&mut self, choices: SlotChoices<'_>) -> Advice {
        let _ = choices;
        Advice::NoOpinion
    }
    /// What further trials are expected to gain. Does not change what is proposed.
    fn expected_gain(&mut self, request: &GainRequest) -> GainEstimate {
        let _ = request;
        GainEstimate::NoModel
    }
    /// Observations of earlier studies, passed once before the first proposal. They count like observations of this study;
    /// each of their configurations replaces one initial random draw.
    fn warm_start(&mut self, prior: &[PriorObservation]) {
        prior.iter().for_each(|prior| self.observe(&prior.observation()));
    }
}

/// The part of a study that a searcher needs.
#[derive(Clone, Debug)]
pub struct SearchContext {
    /// The parameters.
    pub space: Arc<Space>,
    /// The study's seed; see `types::stream`.
    pub seed: u64,
    /// `None` in a study without a metric.
    pub direction: Option<Direction>,
    /// R, the resource of the last rung; [`Resource::ONE`] if nothing is allotted.
    pub max_resource: Resource,
}

/// A sampler with checked settings.
pub trait Sampler: fmt::Debug + Send + Sync {
    /// Its name in output.
    fn name(&self) -> &'static str;
    /// A searcher that has proposed nothing.
    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher>;
    /// Whether proposals do not depend on observations, so that a replay must repeat them exactly.
    fn ignores_observations(&self) -> bool;
    /// Version of the rules that turn a seed and results into proposals and advice. A change of the rules raises it; a study continues
    /// only with the rules it was started with.
    fn rules(&self) -> u32 {
        1
    }
    /// What it uses the guesses of parameters for.
    fn guess_use(&self) -> GuessUse {
        GuessUse::Nothing
    }
    /// Whether its searchers give advice; see [`Searcher::advise`].
    fn advises(&self) -> bool {
        false
    }
    /// Whether an external tuner proposes ([`Proposal::External`]), so that the matrix must have one.
    fn is_external(&self) -> bool {
        false
    }
    /// The number of configurations that can be proposed, if it is limited.
    fn max_trials(&self, space: &Space) -> Option<u64> {
        let _ = space;
        None
    }
    /// All configurations, if they are given by the matrix.
    fn listed(&self) -> &[Assignment] {
        &[]
    }
    /// Whether it chooses another sampler.
    fn is_automatic(&self) -> bool {
        false
    }
    /// The choice that was made, if this sampler is one that chooses another.
    fn choice(&self) -> Option<&SamplerChoice> {
        None
    }
    /// The sampler for a study with these facts, if this one chooses another.
    fn choose(&self, facts: &StudyFacts<'_>) -> Option<Arc<dyn Sampler>> {
        let _ = facts;
        None
    }
    /// The sampler with a choice that was made before, if this one chooses another.
    fn with_choice(&self, choice: &SamplerChoice) -> Option<Arc<dyn Sampler>> {
        let _ = choice;
        None
    }
    /// Parameters that the sampler does not support; each path starts with a parameter's name.
    fn check(&self, space: &Space) -> Vec<ArgError> {
        let _ = space;
        Vec::new()
    }
}
