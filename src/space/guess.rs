//! Guesses: where a user expects the best value of a parameter.

use serde::Serialize;
use serde_json::Value;

/// How sure the user is of a guess.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Hardly.
    Low,
    /// Somewhat.
    #[default]
    Medium,
    /// Very.
    High,
}

impl Confidence {
    /// All names, with what they mean.
    pub const NAMES: [(&'static str, Confidence); 3] =
        [("low", Confidence::Low), ("medium", Confidence::Medium), ("high", Confidence::High)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// Where the best value of a parameter is expected.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Guess {
    /// A value of the parameter's domain.
    pub value: Value,
    /// How sure the user is.
    pub confidence: Confidence,
}
