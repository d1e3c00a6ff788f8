//! Subcommands that read a matrix file, one file each.

pub(crate) mod check;
mod definition_notes;
pub(crate) mod doctor;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod plan;
pub(crate) mod run;
mod script_help;
pub(crate) mod slurm;
mod submission;
