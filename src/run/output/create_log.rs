//! Creates the logs of a job, even if the job has removed its folder.

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
    /// Creates the file `path` for a log of `launch`. Recreates its folder if that is missing; retries while file descriptors are
    /// exhausted, up to the launch timeout.
    ///
    /// # Errors
    /// Of creating the file, or that the job is being ended.
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
        match self.start_retry.run_within_timeout(launch.slot, self.observer, create) {
            Ok(created) => created,
            Err(StartError::Refused { source, .. }) => Err(source),
            Err(_) => Err(io::Error::other("the job is being ended, and file descriptors are exhausted")),
        }
    }

    /// Notes the first log that is not written any further.
    pub(in crate::run) fn report_abandoned_log(&self, path: &Path, error: &io::Error) {
        if !self.is_abandoned_log_reported.swap(true, Ordering::Relaxed) {
            let path = path.display();
            self.observer
                .note(&format!("cannot write {path}: {error}; jobs whose logs cannot be written run without them"));
        }
    }
}
