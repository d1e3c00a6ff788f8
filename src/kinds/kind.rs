//! What a matrix kind is: its fields, and the schedule and sampler it combines.

use std::sync::Arc;

use crate::schedule::Schedule;
use crate::search::Sampler;
use crate::types::args::{ArgError, Args};

/// A schedule and a sampler, the result of a checked matrix.
#[derive(Clone, Debug)]
pub struct Method {
    /// The kind's name.
    pub kind: &'static str,
    /// Allots resources.
    pub schedule: Arc<dyn Schedule>,
    /// Proposes configurations.
    pub sampler: Arc<dyn Sampler>,
}

impl Method {
    /// Version of the rules that turn a seed and results into configurations and promotions: the later one of sampler and schedule.
    pub fn rules(&self) -> u32 {
        self.sampler.rules().max(self.schedule.rules())
    }
}

/// Whether a matrix of a kind has a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The field is required.
    Required,
    /// The field is optional.
    Optional,
    /// The kind does not have the field.
    Forbidden,
}

/// A field that belongs to a kind.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in camelCase.
    pub name: &'static str,
    /// Whether it is required.
    pub need: Need,
    /// The fields of its value if that is a mapping, otherwise empty.
    pub within: &'static [Field],
}

impl Field {
    /// A required field.
    pub const fn required(name: &'static str) -> Field {
        Field { name, need: Need::Required, within: &[] }
    }

    /// An optional field.
    pub const fn optional(name: &'static str) -> Field {
        Field { name, need: Need::Optional, within: &[] }
    }

    /// An optional field whose value is a mapping with the fields `within`.
    pub const fn mapping(name: &'static str, within: &'static [Field]) -> Field {
        Field { name, need: Need::Optional, within }
    }
}

/// A matrix kind: an entry of [`crate::kinds::KINDS`].
#[derive(Debug)]
pub struct MatrixKind {
    /// The values of the field `kind`; the first one is used in output.
    pub names: &'static [&'static str],
    /// The kind's own fields, without those that all kinds share.
    pub fields: &'static [Field],
    /// For a kind without `numRuns`: what its number of trials follows from, and how to change it, after "its number of trials is".
    pub trials: Option<&'static str>,
    /// Whether there are `params`.
    pub params: Need,
    /// Whether there is a `metric`.
    pub metric: Need,
    /// Whether there is a `resource`.
    pub resource: Need,
    /// Builds the method from the kind's own fields. If there is a `resource`, its type (`int` or `float`) is the argument
    /// `resourceType`; with `resume: true`, `promotedStart` is `checkpoint`.
    pub build: fn(&Args) -> Result<Method, Vec<ArgError>>,
    /// Warnings about valid fields, each with its position.
    pub advice: fn(&Args) -> Vec<ArgError>,
}

/// For kinds without warnings.
pub(super) fn no_advice(_args: &Args) -> Vec<ArgError> {
    Vec::new()
}
