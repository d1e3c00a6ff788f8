//! The state machine: events in, commands out. Knows no processes, clocks or files.

pub mod event;
pub mod experiment;
