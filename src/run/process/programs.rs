//! The programs of jobs, looked up once each, and what a refused start of one means.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::start_retry::StartError;
use crate::command::program::{LocateError, explain, locate};

/// How often a program that looks as if it could be run, and never was, may be refused before its job has failed: what was away for a
/// moment may be back when it is looked at.
const REFUSALS: u32 = 3;

/// Programs by the name they are called by.
#[derive(Debug, Default)]
pub struct Programs {
    /// Was there when the session began.
    known: Option<String>,
    found: Mutex<HashMap<String, Arc<JobProgram>>>,
}

/// A program that was there when it was looked up.
#[derive(Debug)]
pub struct JobProgram {
    path: PathBuf,
    has_started: AtomicBool,
}

impl Programs {
    /// None is looked up yet; `known` was there when the session began.
    pub fn new(known: Option<String>) -> Programs {
        Programs { known, found: Mutex::default() }
    }

    /// Where `name` is, looked up once: a bare name would be looked up by every spawn, the slow way.
    pub fn find(&self, name: &str) -> Result<Arc<JobProgram>, StartError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = found.get(name) {
            return Ok(program.clone());
        }
        let path = locate(name).map_err(|missing| self.absent(name, &missing))?;
        let program = Arc::new(JobProgram { path, has_started: AtomicBool::new(false) });
        found.insert(name.to_owned(), program.clone());
        Ok(program)
    }

    fn absent(&self, name: &str, missing: &LocateError) -> StartError {
        match missing {
            LocateError::Unknown { path, code } => StartError::Refused {
                what: format!("look up {}", path.display()),
                source: io::Error::from_raw_os_error(*code),
            },
            _ if self.known.as_deref() == Some(name) => StartError::Refused {
                what: format!("start {name}"),
                source: io::Error::from_raw_os_error(libc::ENOENT),
            },
            missing => StartError::Job(explain(name, missing)),
        }
    }
}

impl JobProgram {
    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It runs, so that a later refusal is not its own fault.
    pub fn started(&self) {
        self.has_started.store(true, Ordering::Relaxed);
    }

    /// Whose fault it is that the system refused to start it with `error`, for the `tries`th time in a row.
    pub fn refusal(&self, error: io::Error, tries: u32) -> StartError {
        let is_own = match error.raw_os_error() {
            // Too long an argument list; a NUL in it never reaches the system.
            Some(libc::E2BIG) | None => true,
            Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EACCES | libc::EPERM) => self.is_as_found(tries),
            // No format that the kernel knows.
            Some(libc::ENOEXEC | libc::EINVAL | libc::ELIBBAD | libc::EISDIR) => self.is_as_found(tries),
            Some(_) => false,
        };
        if is_own {
            StartError::Job(format!("{}: {error}", self.path.display()))
        } else {
            StartError::Refused { what: format!("start {}", self.path.display()), source: error }
        }
    }

    /// Whether it never started, and still looks as it did when it was found: then it cannot be run at all.
    fn is_as_found(&self, tries: u32) -> bool {
        !self.has_started.load(Ordering::Relaxed)
            && tries >= REFUSALS
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
    fn whose_fault_a_refused_start_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let programs = Programs::new(None);
        let program = programs.find(path.to_str().unwrap()).unwrap();
        for code in [libc::EMFILE, libc::ENFILE, libc::EAGAIN, libc::ENOMEM, libc::ETXTBSY, libc::EIO, libc::ESTALE] {
            assert!(is_refusal(&program.refusal(error(code), 100)), "{code}");
        }
        for code in [libc::ENOENT, libc::EACCES, libc::ENOEXEC] {
            assert!(is_refusal(&program.refusal(error(code), 1)), "{code}: it may be back already");
            assert!(!is_refusal(&program.refusal(error(code), REFUSALS)), "{code}: it looks as before");
        }
        assert!(!is_refusal(&program.refusal(error(libc::E2BIG), 1)));
        assert!(!is_refusal(&program.refusal(io::ErrorKind::InvalidInput.into(), 1)));
        fs::remove_file(&path).unwrap();
        assert!(is_refusal(&program.refusal(error(libc::ENOENT), 100)), "it was there when it was found");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        program.started();
        for code in [libc::ENOENT, libc::EACCES, libc::ENOEXEC] {
            assert!(is_refusal(&program.refusal(error(code), 100)), "{code}: it ran before");
        }
    }

    #[test]
    fn a_program_that_was_there_at_the_start_is_not_the_job_s_fault_when_it_is_missing() {
        let programs = Programs::new(Some("/nowhere/known".into()));
        assert!(is_refusal(&programs.find("/nowhere/known").unwrap_err()));
        let StartError::Job(why) = programs.find("/nowhere/other").unwrap_err() else { panic!("it never was there") };
        assert_eq!(why, "the command `/nowhere/other` does not exist");
    }
}
