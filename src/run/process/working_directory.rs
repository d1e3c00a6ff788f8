//! The working directory of jobs.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

/// The working directory of jobs: the one in which the driver was started.
#[derive(Debug)]
pub struct WorkingDirectory(PathBuf);

impl WorkingDirectory {
    /// The current directory of the driver.
    pub fn current() -> io::Result<WorkingDirectory> {
        env::current_dir().map(WorkingDirectory)
    }

    /// Its path at the start of the session.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Checks that the directory exists. If it was removed and created again, changes to the new one.
    pub fn enter(&self) -> io::Result<()> {
        match env::current_dir() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => env::set_current_dir(&self.0),
            _ => Ok(()),
        }
    }
}
