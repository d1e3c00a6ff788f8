//! The real driver: processes, slots, signals, collectors, launchers.

pub mod collector;
pub mod curve;
pub mod json_lines;
mod json_text;
mod ladder;
mod lines;
pub mod logs;
mod places;
mod process;
mod signals;
mod sys;
pub mod watch;
