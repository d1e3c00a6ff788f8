//! Looks up the program of a command as `exec` does.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Bytes of a script's first line that the kernel reads (`BINPRM_BUF_SIZE`, include/uapi/linux/binfmts.h).
const FIRST_LINE_BYTES: u64 = 256;

/// Why a program cannot be started.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LocateError {
    #[error("the command `{}` does not exist", .0.display())]
    NoSuchFile(PathBuf),
    #[error("the command `{}` is a folder", .0.display())]
    Directory(PathBuf),
    #[error("the command `{0}` is not in any folder of PATH")]
    NotInPath(String),
    #[error(
        "the command `{0}` cannot be looked up because PATH is not set: set PATH, or write the path of the program"
    )]
    NoPath(String),
    #[error("the command `{}` is not executable: make it executable (chmod +x), or name its interpreter first", .0.display())]
    NotExecutable(PathBuf),
    /// The interpreter named by a script's first line is missing.
    #[error(
        "the interpreter `{}` of the command `{}` does not exist: change its first line",
        .interpreter.display(), .script.display()
    )]
    Interpreter { script: PathBuf, interpreter: PathBuf },
    /// The lookup itself fails with the operating system's error number `code`, so the file may or may not exist.
    #[error("cannot look up the command `{}`: {}", .path.display(), io::Error::from_raw_os_error(*.code))]
    Unknown { path: PathBuf, code: i32 },
}

/// The file of `program`: a path if it contains a slash, else looked up in the folders of `PATH`.
pub fn locate(program: &str) -> Result<PathBuf, LocateError> {
    locate_in(program, env::var_os("PATH").as_deref())
}

/// [`locate`] with `path` for `PATH`.
pub fn locate_in(program: &str, path: Option<&OsStr>) -> Result<PathBuf, LocateError> {
    if program.contains('/') {
        return examine(Path::new(program));
    }
    let Some(path) = path else { return Err(LocateError::NoPath(program.to_owned())) };
    let mut closest = LocateError::NotInPath(program.to_owned());
    for folder in env::split_paths(path) {
        match examine(&folder.join(program)) {
            Ok(found) => return Ok(found),
            Err(LocateError::NoSuchFile(_) | LocateError::Directory(_)) => {}
            Err(found) => closest = found,
        }
    }
    Err(closest)
}

fn examine(path: &Path) -> Result<PathBuf, LocateError> {
    let no_such_file = || LocateError::NoSuchFile(path.to_owned());
    let found = fs::metadata(path).map_err(|error| unknown(path, &error).unwrap_or_else(no_such_file))?;
    if found.is_dir() {
        return Err(LocateError::Directory(path.to_owned()));
    }
    if !found.is_file() {
        return Err(no_such_file());
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

/// `None` if `error` proves that nothing can be run at `path`.
fn unknown(path: &Path, error: &io::Error) -> Option<LocateError> {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    let code = error.raw_os_error()?;
    let is_certain = [NotFound, NotADirectory, PermissionDenied, InvalidFilename, InvalidInput].contains(&error.kind());
    (!is_certain && code != libc::ELOOP).then(|| LocateError::Unknown { path: path.to_owned(), code })
}

/// The interpreter on a script's first line. `None` for a file that is not a script, or is not readable (it may still be executable).
fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut first = Vec::new();
    File::open(path).ok()?.take(FIRST_LINE_BYTES).read_to_end(&mut first).ok()?;
    let line = first.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    // A carriage return belongs to the name, as for the kernel.
    let name = line.split(|byte| [b' ', b'\t'].contains(byte)).find(|name| !name.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(name)))
}

fn is_executable(file: &fs::Metadata) -> bool {
    file.permissions().mode() & 0o111 != 0
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
        assert_eq!(locate_in("other", Some(&path)), Err(LocateError::NotInPath("other".into())));
        assert_eq!(locate_in("tool", None), Err(LocateError::NoPath("tool".into())));
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(locate_in("tool", Some(&path)), Ok(script.clone()));
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
        let directory = folder.path().to_owned();
        assert_eq!(locate_in(&directory.display().to_string(), None), Err(LocateError::Directory(directory)));
    }
}
