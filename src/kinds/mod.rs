//! Matrix kinds: each file declares the fields of one kind and combines a sampler and a schedule. Field names appear here and
//! not in `search` and `schedule`.
//!
//! To add a kind, write its file and add a line to [`KINDS`].

mod advisor;
mod asha;
mod auto;
mod bayes;
mod fields;
mod grid;
mod halving;
mod hyperband;
mod hyperopt;
mod iterative;
mod kind;
mod mapping;
mod random;
mod rung_advice;
#[cfg(test)]
mod tests;

pub(crate) use crate::kinds::advisor::SearcherAdvisor;
pub use crate::kinds::kind::{Field, MatrixKind, Method, Need};

/// All matrix kinds.
pub static KINDS: [&MatrixKind; 10] = [
    &auto::KIND,
    &hyperband::KIND,
    &halving::KIND,
    &asha::KIND,
    &random::KIND,
    &grid::KIND,
    &mapping::KIND,
    &bayes::KIND,
    &hyperopt::KIND,
    &iterative::KIND,
];

/// The kind with this name, if there is one.
pub fn by_name(name: &str) -> Option<&'static MatrixKind> {
    KINDS.into_iter().find(|kind| kind.names.contains(&name))
}

/// The names of all kinds.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.into_iter().flat_map(|kind| kind.names.iter().copied())
}
