//! The matrix file: YAML, its sections, diagnostics, and the catalogue of kind names.
//!
//! [`load::load`] reads a file in these steps:
//! 1. `yaml/`: bytes to nodes that keep their position
//! 2. `polyaxon/`: the operation and the component around a matrix
//! 3. `sections/`: the matrix itself
//! 4. [`command_line`]: values given on the command line, and the command to run
//!
//! Options that define parameters (`notation/`) become nodes too, so that they are read and reported like the nodes of a file.
//!
//! Every step records its findings in [`diagnostics`] and continues, so that all errors of a file are reported at once.

pub mod catalogue;
pub(crate) mod changes;
pub mod command_line;
pub mod diagnostics;
pub(crate) mod draft;
pub(crate) mod foreign;
pub(crate) mod from_help;
pub(crate) mod launcher;
pub mod load;
mod metric_checks;
pub(crate) mod notation;
pub(crate) mod polyaxon;
pub(crate) mod sections;
pub(crate) mod yaml;
