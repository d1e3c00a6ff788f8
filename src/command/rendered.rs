//! A command as a job runs it.

use std::path::PathBuf;

use super::config::ConfigCopy;

/// The arguments and the working directory of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RenderedCommand {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The absolute path of the working directory, which may be missing; `None` for the directory in which the driver was started.
    pub directory: Option<PathBuf>,
    /// The job's configuration file, which its command expects.
    pub config: Option<ConfigCopy>,
}
