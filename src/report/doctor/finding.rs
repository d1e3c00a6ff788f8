//! The result of a check.

use serde::Serialize;

/// Whether a check passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    Passed,
    Failed,
    /// It could not be checked, or does not apply.
    Unknown,
}

/// The result of a check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CheckOutcome {
    pub status: CheckStatus,
    /// What was found.
    pub text: String,
    /// Output of the program that belongs to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
    /// What to do, if there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl CheckOutcome {
    pub fn passed(text: impl Into<String>) -> CheckOutcome {
        CheckOutcome { status: CheckStatus::Passed, text: text.into(), output: Vec::new(), advice: None }
    }

    pub fn failed(text: impl Into<String>, advice: impl Into<String>) -> CheckOutcome {
        CheckOutcome { status: CheckStatus::Failed, ..CheckOutcome::passed(text) }.with_advice(advice)
    }

    pub fn unknown(text: impl Into<String>) -> CheckOutcome {
        CheckOutcome { status: CheckStatus::Unknown, ..CheckOutcome::passed(text) }
    }

    pub fn with_output(self, output: Vec<String>) -> CheckOutcome {
        CheckOutcome { output, ..self }
    }

    pub fn with_advice(self, advice: impl Into<String>) -> CheckOutcome {
        CheckOutcome { advice: Some(advice.into()), ..self }
    }
}
