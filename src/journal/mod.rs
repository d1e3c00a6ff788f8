//! The append-only record of a study: one JSON object per line of `journal.jsonl` in the study's folder.

pub mod earlier_study;
pub mod error;
mod flat_records;
pub mod folder;
pub(crate) mod inspection;
pub mod line;
pub mod reader;
pub(crate) mod readings;
pub mod record;
pub mod replay;
pub(crate) mod sync;
pub mod writer;
