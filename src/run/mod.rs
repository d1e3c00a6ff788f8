//! The real driver: processes, slots, signals, collectors.
//!
//! [`session::run`] is the door. A job's way: `core` (record and order) → `driver` (its thread) → `job` (one run) → `process`
//! and `output` (what it prints) → `verdict` (what it came to) → `core` again.

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
