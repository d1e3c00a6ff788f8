//! Why a parameter on the command line is invalid.

use crate::matrix::yaml::node::Span;

/// Why a parameter on the command line is invalid.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct NotationError {
    /// A lowercase fragment.
    pub message: String,
    /// Where, in bytes of the argument.
    pub span: Span,
    /// What to write instead.
    pub hint: Option<String>,
}

impl NotationError {
    /// An error at `span`.
    pub fn new(span: Span, message: impl Into<String>, hint: Option<&str>) -> NotationError {
        NotationError { message: message.into(), span, hint: hint.map(str::to_owned) }
    }
}
