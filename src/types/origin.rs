//! Where the configuration of a trial came from.

use serde::{Deserialize, Serialize};

use super::ids::TrialId;

/// Where the configuration of a trial came from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum ConfigOrigin {
    /// Drawn at random.
    Random,
    /// The next point of a grid, or of the configurations that the matrix lists.
    Listed,
    /// Proposed by a model.
    Model {
        /// The sampler.
        sampler: String,
        /// What the model maximizes: of `gp` its acquisition function, of `tpe` the logarithm of the ratio of the densities; `None`
        /// if it is not finite.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        acquisition: Option<f64>,
    },
    /// A change of another trial's configuration.
    Mutated {
        /// The other trial.
        parent: TrialId,
    },
    /// A starting point with a value for each parameter.
    StartingPoint,
    /// A starting point; parameters without a value in it were proposed.
    PartialStartingPoint,
    /// The guesses of the matrix; what has no guess was drawn.
    Guess,
    /// Drawn near the guesses of the matrix.
    NearGuess,
    /// Proposed by the external tuner.
    Tuner,
}

impl ConfigOrigin {
    /// The proposal of a model that gives it the value `acquisition`.
    pub fn model(sampler: &str, acquisition: f64) -> ConfigOrigin {
        let acquisition = Some(acquisition).filter(|value| value.is_finite());
        ConfigOrigin::Model { sampler: sampler.to_owned(), acquisition }
    }
}
