//! What subcommands read of a study that may be running.

pub(crate) mod choice;
pub(crate) mod snapshot;
