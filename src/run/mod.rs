//! The real driver: processes, slots, signals, collectors, launchers.

pub mod checkpoints;
pub mod collector;
pub mod curve;
pub mod guard;
pub mod json_lines;
mod json_text;
mod ladder;
mod lines;
pub mod logs;
mod memory;
mod places;
mod process;
pub mod retention;
mod signals;
mod sweep;
mod sys;
mod verdict;
pub mod watch;
