//! What a study may still gain: a question to a searcher, for the limit `--patience`.

use crate::types::ids::TrialId;

/// How much further trials are expected to improve the best result.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GainRequest {
    /// The next new trial.
    pub trial: TrialId,
    /// The trials that are left, in full trainings, > 0.
    pub trials: f64,
    /// A share below which more effort is worthwhile to find a better candidate.
    pub enough: f64,
}

/// The answer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum GainEstimate {
    /// The searcher has no model of the results.
    NoModel,
    /// The model knows too little.
    Unknown,
    /// The expected improvement as a share of the improvement since the first trials, ≥ 0.
    Share(f64),
}
