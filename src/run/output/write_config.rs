//! Writes the configuration file of a job, even if an earlier job of its trial has removed their folder.

use std::fs::OpenOptions;
use std::io::{self, Write};

use super::restore::{is_displaced, restore};
use crate::command::config::ConfigCopy;
use crate::engine::event::Launch;
use crate::journal::folder::files;
use crate::run::job::JobRunner;
use crate::run::process::machine_errors::machine_error;
use crate::run::process::start_retry::StartError;

impl JobRunner<'_> {
    /// Writes `copy` for the job of `launch`.
    ///
    /// # Errors
    /// [`StartError::Refused`] for errors of the machine.
    pub(in crate::run) fn write_config(&self, launch: &Launch, copy: &ConfigCopy) -> Result<(), StartError> {
        let write = || files::create(&copy.path, OpenOptions::new().write(true))?.write_all(copy.text.as_bytes());
        let written = write().or_else(|error: io::Error| match is_displaced(&error) {
            true => {
                restore(self.folder.root(), &self.folder.checkpoint(launch.job.key.trial))?;
                write()
            }
            false => Err(error),
        });
        written.map_err(|source| {
            let operation = format!("write the configuration file {}", copy.path.display());
            match machine_error(&source) {
                Some(_) => StartError::Refused { operation, source },
                None => StartError::Job(format!("cannot {operation}: {source}")),
            }
        })
    }
}
