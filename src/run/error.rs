//! Why a driver cannot go on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::checkpoints::FileError;
use super::process::termination::KILL_PATIENCE;
use crate::journal::error::JournalError;
use crate::launch::process::syscalls::Pid;
use crate::types::ids::JobId;

/// An error of the driver itself, never of a job. What is journalled stays; the same line goes on from there.
#[derive(Debug)]
pub enum RunError {
    /// The journal or the lock.
    Journal(JournalError),
    /// Another file of the study.
    File(FileError),
    /// A study that is to be overwritten could not be removed whole.
    Discard(FileError),
    /// Another process has begun a study in this folder since it was looked at.
    Begun(PathBuf),
    /// A service of the operating system.
    System {
        /// What was wanted: `catch signals`, `start the guard`…
        wanted: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// A job's process does not end after SIGKILL.
    NotKilled {
        /// Whose process.
        job: JobId,
        /// Which process.
        pid: Pid,
    },
    /// The system refused for too long what every job needs to start.
    Refused {
        /// What was to be done.
        what: String,
        /// Its answer.
        source: io::Error,
    },
    /// The system lacks something that hypertune cannot do without; the sentence says what.
    Unsupported(String),
    /// A fault of hypertune's own.
    Internal(String),
}

impl RunError {
    /// A failed operation on the file `path`.
    pub fn file(path: impl Into<PathBuf>, source: io::Error) -> RunError {
        RunError::File(FileError { path: path.into(), source })
    }
}

impl From<JournalError> for RunError {
    fn from(fault: JournalError) -> RunError {
        RunError::Journal(fault)
    }
}

impl From<FileError> for RunError {
    fn from(fault: FileError) -> RunError {
        RunError::File(fault)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Journal(fault) => fault.fmt(f),
            RunError::File(FileError { path, source }) => write!(f, "cannot write {}: {source}", path.display()),
            RunError::Discard(fault) => {
                write!(
                    f,
                    "cannot remove {fault}, which is of the earlier study; the next run in this folder tries again"
                )
            }
            RunError::Begun(folder) => {
                write!(f, "another process has just begun a study in {}", folder.display())
            }
            RunError::System { wanted, source } => write!(f, "cannot {wanted}: {source}"),
            RunError::NotKilled { job, pid } => write!(
                f,
                "cannot end {job}: its process {} still runs {} s after SIGKILL, as another user or stuck in the kernel; \
                 once it has ended, the same line goes on",
                pid.number(),
                KILL_PATIENCE.as_secs()
            ),
            RunError::Refused { what, source } => write!(f, "the system refuses to {what}: {source}"),
            RunError::Unsupported(what) => f.write_str(what),
            RunError::Internal(what) => write!(f, "a fault of hypertune itself: {what}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Journal(fault) => fault.source(),
            RunError::File(FileError { source, .. })
            | RunError::System { source, .. }
            | RunError::Refused { source, .. }
            | RunError::Discard(FileError { source, .. }) => Some(source),
            RunError::Unsupported(_) | RunError::Internal(_) | RunError::Begun(_) | RunError::NotKilled { .. } => None,
        }
    }
}
