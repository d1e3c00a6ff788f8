//! Exporters: one row per job, in several formats.

pub mod catalogue;
pub(crate) mod csv;
pub(crate) mod exporter;
pub(crate) mod jsonl;
