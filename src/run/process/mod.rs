//! Starting and ending the processes of jobs: slots, devices, programs, retries, termination.

pub(crate) mod default_variables;
pub(crate) mod full_disk;
pub(crate) mod gpus;
pub(crate) mod machine_errors;
pub(crate) mod machine_memory;
pub(crate) mod nvidia_smi;
pub(crate) mod ports;
pub(crate) mod programs;
pub(crate) mod slot_table;
pub(crate) mod start_retry;
pub(crate) mod termination;
pub(crate) mod wakeup;
pub(crate) mod working_directory;
