//! The real driver: runs a study with processes, slots, signals and a clock.
//!
//! `session::run` opens the study and starts the `event_loop`. The path of a job: the `coordinator` journals its launch and
//! returns it as an effect; `job` runs it in its slot's thread, with `job_start`, `process` and `output`; `outcome` interprets its
//! end; the coordinator journals the end and passes it to the engine.

pub(crate) mod change;
pub(crate) mod checkpoints;
mod clock;
pub(crate) mod coordinator;
mod discard;
pub(crate) mod error;
pub(crate) mod event_loop;
mod job;
mod job_start;
pub(crate) mod observer;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod output;
pub(crate) mod process;
pub(crate) mod resume;
pub(crate) mod session;
pub(crate) mod study;
pub(crate) mod tuner;

#[cfg(test)]
mod tests;
