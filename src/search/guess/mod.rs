//! Guesses of the user (`guess` of a parameter) as a prior over the location of the optimum: a configuration with all of them for the
//! first trial, draws near them for initial trials, and a factor of acquisition functions that fades.

mod belief;
mod draws;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use crate::search::guess::belief::FadedBelief;
pub use crate::search::guess::draws::GuessDraws;

/// What a sampler uses guesses for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuessUse {
    /// For nothing: it has no choice, or something else chooses.
    Nothing,
    /// For the configuration of the first trial.
    FirstTrial,
    /// For the first trial, for half of the initial draws, and then as a factor that fades.
    Prior,
}
