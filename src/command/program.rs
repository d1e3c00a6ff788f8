//! Whether a command can be found, asked before anything is sampled.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Why a program cannot be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LocateError {
    /// No folder of PATH holds it, or there is no such file.
    NotFound,
    /// It is there and may not be executed.
    NotExecutable(PathBuf),
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
            Err(LocateError::NotExecutable(found)) => closest = LocateError::NotExecutable(found),
            Err(LocateError::NotFound) => {}
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
    }
}

fn examine(path: &Path) -> Result<PathBuf, LocateError> {
    let Ok(found) = fs::metadata(path) else { return Err(LocateError::NotFound) };
    if !found.is_file() {
        return Err(LocateError::NotFound);
    }
    if is_executable(&found) { Ok(path.to_owned()) } else { Err(LocateError::NotExecutable(path.to_owned())) }
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
        assert_eq!(locate_in(&folder.path().display().to_string(), None), Err(LocateError::NotFound));
    }
}
