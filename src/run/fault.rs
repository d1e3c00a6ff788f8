//! Why a driver cannot go on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::checkpoints::FileFault;
use super::ladder::KILL_PATIENCE;
use super::sys::Pid;
use crate::journal::fault::JournalFault;
use crate::words::ids::JobId;

/// An error of the driver itself, never of a job. What is journalled stays; the same line goes on from there.
#[derive(Debug)]
pub enum RunFault {
    /// The journal or the lock.
    Journal(JournalFault),
    /// Another file of the study.
    File(FileFault),
    /// A study that is to be overwritten could not be removed whole.
    Discard(FileFault),
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

impl RunFault {
    /// A failed operation on the file `path`.
    pub fn file(path: impl Into<PathBuf>, source: io::Error) -> RunFault {
        RunFault::File(FileFault { path: path.into(), source })
    }
}

impl From<JournalFault> for RunFault {
    fn from(fault: JournalFault) -> RunFault {
        RunFault::Journal(fault)
    }
}

impl From<FileFault> for RunFault {
    fn from(fault: FileFault) -> RunFault {
        RunFault::File(fault)
    }
}

impl fmt::Display for RunFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunFault::Journal(fault) => fault.fmt(f),
            RunFault::File(FileFault { path, source }) => write!(f, "cannot write {}: {source}", path.display()),
            RunFault::Discard(fault) => {
                write!(
                    f,
                    "cannot remove {fault}, which is of the earlier study; the next run in this folder tries again"
                )
            }
            RunFault::Begun(folder) => {
                write!(f, "another process has just begun a study in {}", folder.display())
            }
            RunFault::System { wanted, source } => write!(f, "cannot {wanted}: {source}"),
            RunFault::NotKilled { job, pid } => write!(
                f,
                "cannot end {job}: its process {} still runs {} s after SIGKILL, as another user or stuck in the kernel; \
                 once it has ended, the same line goes on",
                pid.number(),
                KILL_PATIENCE.as_secs()
            ),
            RunFault::Refused { what, source } => write!(f, "the system refuses to {what}: {source}"),
            RunFault::Unsupported(what) => f.write_str(what),
            RunFault::Internal(what) => write!(f, "a fault of hypertune itself: {what}"),
        }
    }
}

impl std::error::Error for RunFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunFault::Journal(fault) => fault.source(),
            RunFault::File(FileFault { source, .. })
            | RunFault::System { source, .. }
            | RunFault::Refused { source, .. }
            | RunFault::Discard(FileFault { source, .. }) => Some(source),
            RunFault::Unsupported(_) | RunFault::Internal(_) | RunFault::Begun(_) | RunFault::NotKilled { .. } => None,
        }
    }
}
