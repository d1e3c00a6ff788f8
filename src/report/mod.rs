//! Views made from the journal alone, so that a report made a year later equals the live summary; and their exporters.

pub mod amount;
pub mod best;
pub mod export;
pub mod exporters;
pub mod failures;
pub mod plan;
pub mod summary;
pub mod summary_text;
pub mod table;
pub mod text;
pub mod trials;
pub mod trials_table;
pub mod view;

mod csv;
mod jsonl;
#[cfg(test)]
pub(crate) mod samples;
