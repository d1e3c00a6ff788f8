//! Views made from the journal alone, so that a report made a year later equals the live summary; and their exporters.

pub(crate) mod amount;
pub(crate) mod best;
pub mod export;
pub(crate) mod failures;
pub mod plan;
pub mod plan_table;
pub mod summary;
pub mod summary_text;
pub(crate) mod text;
pub mod trials;
pub mod trials_table;
pub mod view;

#[cfg(test)]
pub(crate) mod fixtures;
