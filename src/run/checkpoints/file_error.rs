//! Files that operations fail at.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::run::process::machine_errors::machine_error;

/// A file operation that failed, with the file it failed at.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The system's answer.
    pub source: io::Error,
}

impl FileError {
    /// Whether this is trouble of the machine, so that the next job would most likely meet the same. What one odd file can cause is
    /// not: a mount point, a program that runs, a sparse file too large to be copied, a pipe without a reader.
    pub fn is_machine_error(&self) -> bool {
        let one_file = [libc::EBUSY, libc::ETXTBSY, libc::EFBIG, libc::ENXIO];
        let code = self.source.raw_os_error();
        machine_error(&self.source).is_some() && code.is_none_or(|code| !one_file.contains(&code))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}
