//! The two logs of a job. One that cannot be written ends the session only if the cause is the machine, such as a full disk.

use std::io;
use std::path::Path;

use super::log_file::{CreateFile, LogFile, LogLimit};
use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::run::error::RunError;
use crate::run::process::machine_errors::{MachineError, machine_error};
use crate::types::ids::JobId;

/// The logs of stdout and stderr.
pub struct JobLogs<'a> {
    stdout: Option<LogFile<'a>>,
    stderr: Option<LogFile<'a>>,
    on_abandoned: &'a dyn Fn(&Path, &io::Error),
}

impl<'a> JobLogs<'a> {
    /// The logs of `job` in `folder`, each up to `limit`. `on_abandoned` is called with a log that cannot be written and is abandoned.
    pub fn new(
        folder: &StudyFolder,
        job: JobId,
        limit: LogLimit,
        create: CreateFile<'a>,
        on_abandoned: &'a dyn Fn(&Path, &io::Error),
    ) -> JobLogs<'a> {
        let log = |stream| Some(LogFile::new(folder.log(job, stream), limit, create));
        JobLogs { stdout: log(LogStream::Stdout), stderr: log(LogStream::Stderr), on_abandoned }
    }

    /// Appends `bytes` to the log of `stream`.
    ///
    /// # Errors
    /// Of the machine only.
    pub fn write(&mut self, stream: LogStream, bytes: &[u8]) -> Result<(), RunError> {
        let log = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let Some(file) = log else { return Ok(()) };
        let Err(error) = file.write(bytes) else { return Ok(()) };
        let path = file.path().to_owned();
        *log = None;
        self.handle_error(&path, error)
    }

    /// Completes both logs.
    ///
    /// # Errors
    /// Of the machine only.
    pub fn finish(mut self) -> Result<(), RunError> {
        for log in [self.stdout.take(), self.stderr.take()].into_iter().flatten() {
            let path = log.path().to_owned();
            log.finish().or_else(|error| self.handle_error(&path, error))?;
        }
        Ok(())
    }

    fn handle_error(&self, path: &Path, error: io::Error) -> Result<(), RunError> {
        match machine_error(&error) {
            Some(MachineError::Shortage) => {
                Err(RunError::Refused { operation: format!("write {}", path.display()), source: error })
            }
            Some(MachineError::Storage) => Err(RunError::file(path, error)),
            None => {
                (self.on_abandoned)(path, &error);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs::OpenOptions;

    use super::*;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};

    fn write_twice(code: i32) -> (Result<(), RunError>, Vec<String>) {
        let folder = StudyFolder::new("/nowhere");
        let job = JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) };
        let create = |_: &Path, _: &OpenOptions| Err(io::Error::from_raw_os_error(code));
        let notes = RefCell::new(Vec::new());
        let on_abandoned = |path: &Path, _: &io::Error| notes.borrow_mut().push(path.display().to_string());
        let mut logs = JobLogs::new(&folder, job, LogLimit::default(), &create, &on_abandoned);
        let result = logs.write(LogStream::Stdout, b"x").and_then(|()| logs.write(LogStream::Stdout, b"y"));
        let result = result.and_then(|()| logs.finish());
        (result, notes.take())
    }

    #[test]
    fn errors_of_the_machine_are_returned_and_other_logs_are_abandoned() {
        let (result, notes) = write_twice(libc::ENOSPC);
        assert!(matches!(result, Err(RunError::File(_))) && notes.is_empty());
        let (result, notes) = write_twice(libc::EMFILE);
        assert!(matches!(result, Err(RunError::Refused { .. })) && notes.is_empty());
        for code in [libc::EACCES, libc::EISDIR, libc::ENOENT, libc::ENOTDIR] {
            let (result, notes) = write_twice(code);
            assert!(result.is_ok(), "{result:?}");
            assert_eq!(notes, ["/nowhere/trials/0/rung-0.stdout.log"]);
        }
    }
}
