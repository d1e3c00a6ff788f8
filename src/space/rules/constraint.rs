//! Constraints: expressions that must be true for every configuration.

use std::fmt;
use std::sync::Arc;

use crate::types::assignment::Assignment;

/// An expression over the values of a configuration. What it means is defined above this layer.
pub trait Predicate: fmt::Debug + Send + Sync {
    /// The names of the parameters that it uses.
    fn params(&self) -> &[Arc<str>];
    /// Whether it is true for `values`, which have all parameters that it uses.
    ///
    /// # Errors
    /// It has no value, or one that is neither true nor false.
    fn evaluate(&self, values: &Assignment) -> Result<bool, EvaluationError>;
}

/// A predicate has no value for a configuration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// The reason, a lowercase fragment.
    pub message: String,
}

/// A constraint of the matrix.
#[derive(Debug)]
pub struct Constraint {
    /// Its text.
    pub text: String,
    /// Its line in the matrix, from 1.
    pub line: usize,
    /// Its meaning.
    pub predicate: Box<dyn Predicate>,
}

impl Constraint {
    /// Whether it applies: all parameters that it uses are active.
    pub fn applies_to(&self, values: &Assignment) -> bool {
        self.predicate.params().iter().all(|name| values.get(name).is_some())
    }

    /// Whether `values` fulfil it. One that does not apply is fulfilled.
    ///
    /// # Errors
    /// As [`Predicate::evaluate`].
    pub fn is_fulfilled(&self, values: &Assignment) -> Result<bool, EvaluationError> {
        if self.applies_to(values) { self.predicate.evaluate(values) } else { Ok(true) }
    }
}
