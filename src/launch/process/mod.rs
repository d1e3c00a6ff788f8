//! Spawns, follows and signals local child processes, with the system calls for it.

pub(crate) mod bounded;
pub(crate) mod child;
mod clone_child;
pub(crate) mod open_files;
pub(crate) mod pidfd;
pub(crate) mod signals;
pub(crate) mod spawn;
pub(crate) mod spawning_child;
pub(crate) mod standard_streams;
pub(crate) mod syscalls;
