//! Whether a command can be found, asked before anything is sampled.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Most bytes of a script's first line that the kernel looks at (`BINPRM_BUF_SIZE`, include/uapi/linux/binfmts.h).
const FIRST_LINE: u64 = 256;

/// Why a program cannot be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LocateError {
    /// No folder of PATH holds it, or there is no such file.
    NotFound,
    /// It is there and may not be executed.
    NotExecutable(PathBuf),
    /// It is a script, and the interpreter that its first line names is not there.
    Interpreter {
        /// The script.
        script: PathBuf,
        /// What is missing.
        interpreter: PathBuf,
    },
    /// The system cannot say whether it is there: the error's number.
    Unknown {
        /// What was looked at.
        path: PathBuf,
        /// Number of the operating system's error.
        code: i32,
    },
}

/// Where `program` would be found: as a path if it holds a slash, else in the folders of `PATH`.
pub fn locate(program: &str) -> Result<PathBuf, LocateError> {
    locate_in(program, env::var_os("PATH").as_deref())
}

/// [`locate`] with `path` for `PATH`.
pub fn locate_in(program: &str, path: Option<&OsStr>) -> Result<PathBuf, LocateError> {
    if program.contains('/') {
        return examine(Path::new(program));
    }
    let mut closest = LocateError::NotFound;
    for folder in path.into_iter().flat_map(env::split_paths) {
        match examine(&folder.join(program)) {
            Ok(found) => return Ok(found),
            Err(LocateError::NotFound) => {}
            Err(found) => closest = found,
        }
    }
    Err(closest)
}

/// A sentence for `program` that is `missing`.
pub fn explain(program: &str, missing: &LocateError) -> String {
    match missing {
        LocateError::NotFound if program.contains('/') => format!("the command `{program}` does not exist"),
        LocateError::NotFound => format!("the command `{program}` is not in any folder of PATH"),
        LocateError::NotExecutable(path) => {
            format!("the command `{}` is not executable: chmod +x it, or name its interpreter first", path.display())
        }
        LocateError::Interpreter { script, interpreter } => {
            let (script, interpreter) = (script.display(), interpreter.display());
            format!("the interpreter `{interpreter}` of the command `{script}` does not exist: change its first line")
        }
        LocateError::Unknown { path, code } => {
            format!("cannot look up the command `{}`: {}", path.display(), io::Error::from_raw_os_error(*code))
        }
    }
}

fn examine(path: &Path) -> Result<PathBuf, LocateError> {
    let found = fs::metadata(path).map_err(|error| unknown(path, &error).unwrap_or(LocateError::NotFound))?;
    if !found.is_file() {
        return Err(LocateError::NotFound);
    }
    if !is_executable(&found) {
        return Err(LocateError::NotExecutable(path.to_owned()));
    }
    let Some(interpreter) = interpreter(path) else { return Ok(path.to_owned()) };
    match fs::metadata(&interpreter) {
        Ok(_) => Ok(path.to_owned()),
        Err(error) => Err(unknown(&interpreter, &error)
            .unwrap_or_else(|| LocateError::Interpreter { script: path.to_owned(), interpreter })),
    }
}

/// `None` where `error` says for sure that nothing can be run at `path`.
fn unknown(path: &Path, error: &io::Error) -> Option<LocateError> {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    let code = error.raw_os_error()?;
    let is_sure = [NotFound, NotADirectory, PermissionDenied, InvalidFilename, InvalidInput].contains(&error.kind());
    (!is_sure && code != libc::ELOOP).then(|| LocateError::Unknown { path: path.to_owned(), code })
}

/// What the first line of a script names after `#!`. `None` for what is no script, or cannot be read (it may still be run).
fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut first = Vec::new();
    File::open(path).ok()?.take(FIRST_LINE).read_to_end(&mut first).ok()?;
    let line = first.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    // A carriage return belongs to the name, as for the kernel.
    let name = line.split(|byte| [b' ', b'\t'].contains(byte)).find(|name| !name.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(name)))
}

#[cfg(unix)]
fn is_executable(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_exec_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("tool");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        let path = env::join_paths(["/nonexistent".as_ref(), folder.path()]).unwrap();
        assert_eq!(locate_in("tool", Some(&path)), Err(LocateError::NotExecutable(script.clone())));
        assert_eq!(locate_in("other", Some(&path)), Err(LocateError::NotFound));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            assert_eq!(locate_in("tool", Some(&path)), Ok(script.clone()));
        }
        let mut text = fs::read(&script).unwrap();
        text.splice(2..2, *b" /nonexistent");
        fs::write(&script, text).unwrap();
        let interpreter = "/nonexistent/bin/sh".into();
        assert_eq!(
            locate_in("tool", Some(&path)),
            Err(LocateError::Interpreter { script: script.clone(), interpreter })
        );
        fs::write(&script, "#! /usr/bin/env  sh\n").unwrap();
        assert_eq!(locate_in("tool", Some(&path)), Ok(script.clone()));
        assert_eq!(locate_in(&folder.path().display().to_string(), None), Err(LocateError::NotFound));
    }
}
