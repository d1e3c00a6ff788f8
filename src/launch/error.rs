//! Errors of launching.

use std::io;
use std::path::PathBuf;

/// A launcher cannot be used, or cannot keep its own records.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// No launcher has this name.
    #[error("unknown launcher `{name}` in {variable}; known launchers: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The environment variable that holds it.
        variable: &'static str,
        /// All names, separated by commas.
        known: String,
    },
    /// The system lacks something that no launcher can do without.
    #[error("{0}")]
    Unsupported(String),
    /// The system refuses a pidfd for another reason.
    #[error("cannot open a pidfd: {0}")]
    Pidfd(#[source] io::Error),
    /// The list of the sessions whose processes may still run.
    #[error("cannot write {}: {source}", path.display())]
    SessionList {
        /// Its file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// A process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// An argument or a variable contains a NUL.
    #[error("{0}")]
    Command(#[source] io::Error),
    /// The system refuses pipes or a process.
    #[error("{0}")]
    Process(#[source] io::Error),
    /// The program cannot be run.
    #[error("{0}")]
    Program(#[source] io::Error),
}
