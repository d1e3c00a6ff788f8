//! Guesses: where a user expects the best value of a parameter.

use serde::Serialize;
use serde_json::Value;

/// How sure the user is of a guess.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GuessConfidence {
    /// Hardly.
    Low,
    /// Somewhat.
    #[default]
    Medium,
    /// Very.
    High,
}

impl GuessConfidence {
    /// All names, with what they mean.
    pub const NAMES: [(&'static str, GuessConfidence); 3] =
        [("low", GuessConfidence::Low), ("medium", GuessConfidence::Medium), ("high", GuessConfidence::High)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            GuessConfidence::Low => "low",
            GuessConfidence::Medium => "medium",
            GuessConfidence::High => "high",
        }
    }
}

/// Where the best value of a parameter is expected.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Guess {
    /// A value of the parameter's domain.
    pub value: Value,
    /// How sure the user is.
    pub confidence: GuessConfidence,
}
