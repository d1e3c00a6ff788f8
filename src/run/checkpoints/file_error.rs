//! Failed file operations.

use std::io;
use std::path::PathBuf;

use crate::run::process::machine_errors::machine_error;

/// A failed file operation, with the path of the file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    pub path: PathBuf,
    /// The error of the operating system.
    pub source: io::Error,
}

impl FileError {
    /// Whether the cause is the machine, so that the next job would most likely fail too. Errors that a single unusual file can cause do
    /// not count: a mount point, a running program, a sparse file too large to be copied, a pipe without a reader.
    pub fn is_machine_error(&self) -> bool {
        let one_file = [libc::EBUSY, libc::ETXTBSY, libc::EFBIG, libc::ENXIO];
        let code = self.source.raw_os_error();
        machine_error(&self.source).is_some() && code.is_none_or(|code| !one_file.contains(&code))
    }
}
