//! The directory that jobs begin in.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

/// The directory that jobs are started in: the one in which the driver was started.
#[derive(Debug)]
pub struct WorkingDirectory(PathBuf);

impl WorkingDirectory {
    /// Where the driver is now.
    pub fn current() -> io::Result<WorkingDirectory> {
        env::current_dir().map(WorkingDirectory)
    }

    /// Its path when the session began.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Succeeds if the directory is there. Where it was removed and another one has its name, that one is entered.
    pub fn enter(&self) -> io::Result<()> {
        match env::current_dir() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => env::set_current_dir(&self.0),
            _ => Ok(()),
        }
    }
}
