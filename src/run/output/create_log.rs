//! Where a job's logs are made, whatever the job did to its folder.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::restore::{is_displaced, restore};
use crate::engine::event::Launch;
use crate::journal::folder::files;
use crate::run::job::JobRunner;
use crate::run::process::machine_errors::{MachineError, machine_error};
use crate::run::process::start_retry::StartError;

impl JobRunner<'_> {
    /// Makes the file `path` for a log of `launch`: in its folder, which is made again where it is missing, and again and again while
    /// descriptors are short.
    pub(in crate::run) fn create_log(&self, launch: &Launch, path: &Path, options: &OpenOptions) -> io::Result<File> {
        let error = match files::create(path, options) {
            Err(error) => error,
            created => return created,
        };
        if is_displaced(&error) {
            restore(self.folder.root(), &self.folder.checkpoint(launch.job.key.trial))?;
        }
        let create = || match files::create(path, options) {
            Err(source) if machine_error(&source) == Some(MachineError::Shortage) => {
                Err(StartError::Refused { operation: format!("write {}", path.display()), source })
            }
            other => Ok(other),
        };
        match self.start_retry.run_within_timeout(launch.slot, self.watcher, create) {
            Ok(created) => created,
            Err(StartError::Refused { source, .. }) => Err(source),
            Err(_) => Err(io::Error::other("the job was being ended, and no file could be opened")),
        }
    }

    /// Says which log is not written any further; only of the first one.
    pub(in crate::run) fn log_given_up(&self, path: &Path, error: &io::Error) {
        if !self.has_given_up_a_log.swap(true, Ordering::Relaxed) {
            let path = path.display();
            self.watcher
                .note(&format!("cannot write {path}: {error}; jobs whose logs cannot be written run without them"));
        }
    }
}
