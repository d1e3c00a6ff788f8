//! Launchers: how the command of a job is started, signalled and judged.
//!
//! `launcher` is the interface, `catalogue` the list of its implementations, which are not named outside of this folder. `process`
//! spawns and follows children, `orphans` ends processes that outlived the driver.

pub(crate) mod catalogue;
pub(crate) mod client;
pub(crate) mod devices;
pub(crate) mod error;
pub(crate) mod error_lines;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod job_exit;
mod kind;
pub(crate) mod last_error;
pub(crate) mod launcher;
mod local;
pub(crate) mod oom;
pub(crate) mod orphans;
pub(crate) mod process;
pub(crate) mod slurm;
mod ssh;
mod std_process;
mod template;
