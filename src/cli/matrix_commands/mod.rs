//! Subcommands that read a matrix file, one file each.

pub(crate) mod check;
pub(crate) mod import;
pub(crate) mod plan;
pub(crate) mod run;
