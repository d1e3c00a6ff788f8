//! Errors that end a session.

use std::io;
use std::path::PathBuf;

use super::checkpoints::FileError;
use super::process::termination::KILL_TIMEOUT;
use crate::journal::error::JournalError;
use crate::launch::error::LaunchError;
use crate::launch::process::syscalls::Pid;
use crate::types::ids::JobId;

/// An error of the driver, never of a job. What is journalled stays, and the study can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal or its lock.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another file of the study.
    #[error("cannot write {}: {}", .0.path.display(), .0.source)]
    File(FileError),
    /// A study that `--overwrite` discards could not be removed completely.
    #[error("cannot remove {0}; it belongs to the discarded study, and the next run in this folder tries again")]
    Discard(FileError),
    /// Another process started a study in this folder after it was checked.
    #[error("another process has just started a study in {}", .0.display())]
    ConcurrentStart(PathBuf),
    /// A failed system call.
    #[error("cannot {operation}: {source}")]
    System {
        /// What was attempted: `catch signals`, `start the guard process`.
        operation: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A job's process does not exit after SIGKILL.
    #[error(
        "cannot kill {job}: its process {} still runs {} s after SIGKILL, as another user or stuck in the kernel; \
         once it has ended, run the same command line again",
        pid.number(),
        KILL_TIMEOUT.as_secs()
    )]
    NotKilled {
        /// The job.
        job: JobId,
        /// Its process.
        pid: Pid,
    },
    /// An error of the machine that lasted for the whole launch timeout.
    #[error("the system refuses to {operation}: {source}")]
    Refused {
        /// What was attempted: `start /usr/bin/python3`.
        operation: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The launcher.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A bug in hypertune.
    #[error("internal error: {0} (please report)")]
    Internal(String),
}

impl RunError {
    /// A failed operation on the file `path`.
    pub fn file(path: impl Into<PathBuf>, source: io::Error) -> RunError {
        RunError::File(FileError { path: path.into(), source })
    }
}

impl From<FileError> for RunError {
    fn from(error: FileError) -> RunError {
        RunError::File(error)
    }
}
