//! What running jobs occupy and how they are started and ended: slots, devices, programs, termination.

pub(crate) mod gpus;
pub(crate) mod machine_errors;
pub(crate) mod programs;
pub(crate) mod slot_table;
pub(crate) mod start_retry;
pub(crate) mod termination;
pub(crate) mod wakeup;
pub(crate) mod working_directory;
