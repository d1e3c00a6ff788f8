//! What subcommands read of a study that may be running.

pub(crate) mod choice;
pub(crate) mod journal_check;
pub(crate) mod report;
pub(crate) mod slurm;
pub(crate) mod snapshot;
