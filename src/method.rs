//! A matrix kind: which schedule with which sampler, and the fields it is read from.

use std::sync::Arc;

use crate::schedule::Schedule;
use crate::search::Sampler;
use crate::words::args::{Args, Fault};

/// A checked `kind:` of a matrix.
#[derive(Clone, Debug)]
pub struct Method {
    /// The kind's name.
    pub kind: &'static str,
    /// How much resource a configuration gets.
    pub schedule: Arc<dyn Schedule>,
    /// Who proposes.
    pub sampler: Arc<dyn Sampler>,
}

/// What a kind asks of the fields every matrix has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It must be there.
    Required,
    /// It may be there.
    Optional,
    /// It makes no sense here.
    Forbidden,
}

/// One field of a matrix kind besides those every matrix has.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// camelCase name.
    pub name: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// The fields of the mapping it holds; none where it holds no mapping.
    pub within: &'static [Field],
}

impl Field {
    /// One that must be there.
    pub const fn required(name: &'static str) -> Field {
        Field { name, need: Need::Required, within: &[] }
    }

    /// One that may be there.
    pub const fn optional(name: &'static str) -> Field {
        Field { name, need: Need::Optional, within: &[] }
    }

    /// One that may be there and holds a mapping with the fields `within`.
    pub const fn mapping(name: &'static str, within: &'static [Field]) -> Field {
        Field { name, need: Need::Optional, within }
    }
}

/// One entry of the matrix catalogue of kinds.
#[derive(Debug)]
pub struct MethodKind {
    /// The names after `kind:`; the first is the one printed.
    pub names: &'static [&'static str],
    /// Its own fields (those every matrix has are not among them).
    pub fields: &'static [Field],
    /// `params`.
    pub params: Need,
    /// `metric`.
    pub metric: Need,
    /// `resource`.
    pub resource: Need,
    /// Builds it from its own fields; `resourceType` (`int` or `float`) is among the arguments where `resource` is given.
    pub build: fn(&Args) -> Result<Method, Vec<Fault>>,
    /// What is worth knowing of fields that are legal, each with its place.
    pub advice: fn(&Args) -> Vec<Fault>,
}

/// One entry of the catalogue of samplers that a matrix may name with `sampler:`.
#[derive(Debug)]
pub struct SamplerKind {
    /// The name after `sampler:`.
    pub name: &'static str,
    /// The sampler with its defaults.
    pub build: fn() -> Arc<dyn Sampler>,
}
