//! Errors of templates.

/// An error in one element of a command.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Index of the element, from 0.
    pub element: usize,
    /// The unknown name, if that is the error.
    pub name: Option<String>,
    /// A lowercase fragment.
    pub message: String,
    /// What to do, if it is not one of the candidates.
    pub hint: Option<String>,
    /// The names that are known in place of [`TemplateError::name`].
    pub candidates: Vec<String>,
}

impl TemplateError {
    /// An error that does not concern a name.
    pub(super) fn of(element: usize, message: String) -> TemplateError {
        TemplateError { element, name: None, message, hint: None, candidates: Vec::new() }
    }
}
