//! The programs of jobs, each located once, and the meaning of their spawn errors.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::start_retry::StartError;
use crate::command::program::{LocateError, locate};

/// Attempts to start an unchanged program that never ran before its job fails. A program that is missing for a moment may be back when
/// it is checked.
const MAX_ATTEMPTS: u32 = 3;

/// Located programs by the name in the command.
#[derive(Debug, Default)]
pub struct Programs {
    /// Name of a program that existed at the start of the session.
    known: Option<String>,
    found: Mutex<HashMap<String, Arc<JobProgram>>>,
}

/// A program that existed when it was located.
#[derive(Debug)]
pub struct JobProgram {
    path: PathBuf,
    has_started: AtomicBool,
}

impl Programs {
    /// `known` names a program that existed at the start of the session; its absence is an error of the machine.
    pub fn new(known: Option<String>) -> Programs {
        Programs { known, found: Mutex::default() }
    }

    /// Locates `name` on the first call. Spawning by bare name would search PATH each time and fork, which is slower.
    pub fn find(&self, name: &str) -> Result<Arc<JobProgram>, StartError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = found.get(name) {
            return Ok(program.clone());
        }
        let path = locate(name).map_err(|error| self.missing(name, &error))?;
        let program = Arc::new(JobProgram { path, has_started: AtomicBool::new(false) });
        found.insert(name.to_owned(), program.clone());
        Ok(program)
    }

    fn missing(&self, name: &str, error: &LocateError) -> StartError {
        match error {
            LocateError::Unknown { path, code } => StartError::Refused {
                operation: format!("look up {}", path.display()),
                source: io::Error::from_raw_os_error(*code),
            },
            _ if self.known.as_deref() == Some(name) => StartError::Refused {
                operation: format!("start {name}"),
                source: io::Error::from_raw_os_error(libc::ENOENT),
            },
            error => StartError::Job(error.to_string()),
        }
    }
}

impl JobProgram {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records that the program has run once; a later spawn error is then an error of the machine.
    pub fn set_started(&self) {
        self.has_started.store(true, Ordering::Relaxed);
    }

    /// Classifies the spawn error `error` of attempt number `attempts`, counted from 1.
    pub fn spawn_error(&self, error: io::Error, attempts: u32) -> StartError {
        let is_job_error = match error.raw_os_error() {
            // Argument list too long, or with a NUL byte, which is found before the system call.
            Some(libc::E2BIG) | None => true,
            Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EACCES | libc::EPERM) => self.is_unusable(attempts),
            // Unknown executable format.
            Some(libc::ENOEXEC | libc::EINVAL | libc::ELIBBAD | libc::EISDIR) => self.is_unusable(attempts),
            Some(_) => false,
        };
        if is_job_error {
            StartError::Job(format!("{}: {error}", self.path.display()))
        } else {
            StartError::Refused { operation: format!("start {}", self.path.display()), source: error }
        }
    }

    /// Whether the program never ran and is still where it was located, so that retrying is useless.
    fn is_unusable(&self, attempts: u32) -> bool {
        !self.has_started.load(Ordering::Relaxed)
            && attempts >= MAX_ATTEMPTS
            && locate(&self.path.to_string_lossy()).is_ok_and(|found| found == self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn error(code: i32) -> io::Error {
        io::Error::from_raw_os_error(code)
    }

    fn is_refusal(error: &StartError) -> bool {
        matches!(error, StartError::Refused { .. })
    }

    #[test]
    fn spawn_errors_of_jobs_and_of_the_machine_are_distinguished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let programs = Programs::new(None);
        let program = programs.find(path.to_str().unwrap()).unwrap();
        for code in [libc::EMFILE, libc::ENFILE, libc::EAGAIN, libc::ENOMEM, libc::ETXTBSY, libc::EIO, libc::ESTALE] {
            assert!(is_refusal(&program.spawn_error(error(code), 100)), "{code}");
        }
        for code in [libc::ENOENT, libc::EACCES, libc::ENOEXEC] {
            assert!(is_refusal(&program.spawn_error(error(code), 1)), "{code}: it may be back");
            assert!(!is_refusal(&program.spawn_error(error(code), MAX_ATTEMPTS)), "{code}: it is unchanged");
        }
        assert!(!is_refusal(&program.spawn_error(error(libc::E2BIG), 1)));
        assert!(!is_refusal(&program.spawn_error(io::ErrorKind::InvalidInput.into(), 1)));
        fs::remove_file(&path).unwrap();
        assert!(is_refusal(&program.spawn_error(error(libc::ENOENT), 100)), "it existed when it was located");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        program.set_started();
        for code in [libc::ENOENT, libc::EACCES, libc::ENOEXEC] {
            assert!(is_refusal(&program.spawn_error(error(code), 100)), "{code}: it ran before");
        }
    }

    #[test]
    fn a_missing_program_that_existed_at_the_start_is_an_error_of_the_machine() {
        let programs = Programs::new(Some("/nowhere/known".into()));
        assert!(is_refusal(&programs.find("/nowhere/known").unwrap_err()));
        let StartError::Job(why) = programs.find("/nowhere/other").unwrap_err() else { panic!("it never existed") };
        assert_eq!(why, "the command `/nowhere/other` does not exist");
    }
}
