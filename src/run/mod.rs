//! The real driver: processes, slots, signals, collectors, launchers.

pub mod watch;
