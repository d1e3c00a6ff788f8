//! The real driver: processes, slots, signals, collectors.
//!
//! [`session::run`] is the door. A job's way: `core` (record and order) → `driver` (its thread) → `job` (one run) → `process`
//! and `output` (what it prints) → `verdict` (what it came to) → `core` again.

pub mod checkpoints;
mod clock;
mod core;
mod create_log;
mod discard;
mod driver;
mod error_lines;
pub mod fault;
pub mod guard;
mod job;
mod job_logs;
mod job_readings;
mod job_start;
mod ladder;
mod leftovers;
pub mod logs;
pub mod machine_trouble;
mod mark;
mod memory;
pub mod open_files;
mod opening;
pub mod options;
mod output;
mod pidfd;
mod places;
mod process;
mod process_table;
mod programs;
mod restore;
pub mod retention;
pub mod session;
mod session_files;
mod signals;
pub mod slots;
mod spawn;
mod start_retry;
mod starts_over;
pub mod study;
mod sweep;
pub(crate) mod sys;
pub mod tuner;
mod verdict;
mod wake;
pub mod watch;
mod working_directory;
