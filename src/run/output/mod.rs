//! The output of jobs: logs, readings and the end of stderr.

pub(crate) mod client_output;
mod create_log;
pub(crate) mod job_logs;
pub(crate) mod job_output;
pub(crate) mod log_file;
pub(crate) mod metric_files;
pub(crate) mod metric_input;
pub(crate) mod metric_notes;
pub(crate) mod readings_file;
pub(crate) mod restore;
pub(crate) mod result_checks;
pub(crate) mod session_files;
mod traceback;
mod write_config;
