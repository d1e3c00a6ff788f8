//! Errors of launchers.

use std::io;
use std::path::PathBuf;

/// A launcher cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// No launcher has this name.
    #[error("unknown launcher `{name}` in {origin}; known launchers: {known}")]
    Unknown {
        /// The requested name.
        name: String,
        /// The option, variable or field that names it.
        origin: &'static str,
        /// All names, separated by commas.
        known: String,
    },
    /// The system lacks a feature that all launchers need.
    #[error("{0}")]
    Unsupported(String),
    /// The options of a launcher are invalid.
    #[error("invalid options of the launcher `{name}`: {message}")]
    Options {
        /// The launcher's name.
        name: &'static str,
        /// What is wrong, as a lowercase fragment.
        message: String,
    },
    /// The launcher cannot run any job.
    #[error("the launcher `{name}` cannot run jobs: {message}")]
    Unusable {
        /// The launcher's name.
        name: &'static str,
        /// Why not, as a lowercase fragment.
        message: String,
    },
    /// A pidfd cannot be opened for another reason.
    #[error("cannot open a pidfd: {0}")]
    Pidfd(#[source] io::Error),
    /// The list of unfinished sessions cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    SessionList { path: PathBuf, source: io::Error },
}

/// The hard limit of open files is too low for one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the limit of open files is {hard}, and one job needs {required}; raise it with ulimit -n")]
pub struct OpenFilesError {
    /// The hard limit.
    pub hard: u64,
    /// Descriptors that a session with one job needs.
    pub required: u64,
}

/// A process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// An argument or a variable contains a NUL.
    #[error("{0}")]
    Command(#[source] io::Error),
    /// Pipes or a process cannot be created.
    #[error("{0}")]
    Process(#[source] io::Error),
    /// The working directory cannot be entered.
    #[error("{0}")]
    Directory(#[source] io::Error),
    /// The program cannot be executed.
    #[error("{0}")]
    Program(#[source] io::Error),
    /// There is no place for the job now, for this reason, a sentence without a full stop; it is started again.
    #[error("{0}")]
    NotReady(String),
    /// The job waits in the queue of a cluster, for this reason, a sentence without a full stop; it is started again.
    #[error("{0}")]
    Queued(String),
    /// No job can be started, for this reason.
    #[error("{0}")]
    Unusable(String),
}
