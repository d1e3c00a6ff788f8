//! The files that subcommands write results into. Only this file writes them, so that one rule holds for all.
//!
//! `-` is stdout. A new file appears whole or not at all: it is written under another name and renamed. An existing one is replaced
//! only where [`IfExists`] says so, and whatever is not a regular file (a terminal, a pipe, `/dev/null`) is written into. An existing
//! file that may not be replaced is exit code 2, one that cannot be written 1; both name the next step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::anyhow;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::error::CliError;
use super::output;

/// What is done with an existing file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfExists {
    /// It is kept, and the command fails.
    Refuse,
    /// It is replaced.
    Replace,
}

impl IfExists {
    /// The choice of a command with the option `--overwrite`.
    pub fn of(overwrite: bool) -> IfExists {
        if overwrite { IfExists::Replace } else { IfExists::Refuse }
    }
}

/// The file that `output` names; `None` for stdout.
pub fn named(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| *path != Path::new("-"))
}

/// Checks that `path` can be written, before work that would be lost.
///
/// # Errors
/// As for [`write()`], as far as they are known without writing.
pub fn check(path: &Path, if_exists: IfExists) -> Result<(), CliError> {
    let folder = folder(path);
    if !folder.is_dir() {
        let missing = folder.display();
        let error = CliError::internal(anyhow!("cannot write {}: there is no folder {missing}", path.display()));
        return Err(error.hint(format!("create it (mkdir -p {missing}), or name a file in another folder")));
    }
    match path.metadata() {
        Ok(found) if found.is_dir() => {
            Err(CliError::internal(anyhow!("cannot write {}: it is a folder", path.display()))
                .hint("name a file in it, or another file"))
        }
        Ok(found) if found.is_file() && if_exists == IfExists::Refuse => Err(exists(path)),
        _ => Ok(()),
    }
}

/// Writes `text` into `output`, or to stdout if it is `None` or `-`.
///
/// # Errors
/// The file exists and may not be replaced, its folder is missing, or it cannot be written.
pub fn write(output: Option<&Path>, text: &str, if_exists: IfExists) -> Result<(), CliError> {
    let Some(path) = named(output) else { return output::text(text) };
    write_bytes(path, text.as_bytes(), if_exists)
}

/// Writes `bytes` into the file `path`.
///
/// # Errors
/// As for [`write()`].
pub fn write_bytes(path: &Path, bytes: &[u8], if_exists: IfExists) -> Result<(), CliError> {
    check(path, if_exists)?;
    let cannot = |error: io::Error| CliError::internal(anyhow!("cannot write {}: {error}", path.display()));
    match path.metadata() {
        Ok(found) if !found.is_file() => {
            let opened = OpenOptions::new().write(true).open(path);
            opened.and_then(|mut file| file.write_all(bytes)).map_err(cannot)
        }
        _ => match write_whole(path, bytes, if_exists) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
            Err(error) => Err(cannot(error).hint("name a file in another folder, or make its folder writable")),
            Ok(()) => Ok(()),
        },
    }
}

fn exists(path: &Path) -> CliError {
    CliError::usage(anyhow!("{} exists", path.display())).hint("name another file, or replace it with --overwrite")
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_whole(path: &Path, bytes: &[u8], if_exists: IfExists) -> io::Result<()> {
    // The file that a link leads to is replaced, not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let temporary = temporary(&target)?;
    let written = write_new(&temporary, &target, bytes).and_then(|()| rename(&temporary, &target, if_exists));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A name beside `target` that only this process uses.
fn temporary(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| io::Error::other("it has no file name"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", process::id()));
    Ok(folder(target).join(hidden))
}

/// Writes the new file `temporary`, with the permissions of `target` if that exists.
fn write_new(temporary: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(temporary)?;
    file.write_all(bytes)?;
    match target.metadata() {
        Ok(found) => file.set_permissions(found.permissions()),
        Err(_) => Ok(()),
    }
}

fn rename(from: &Path, to: &Path, if_exists: IfExists) -> io::Result<()> {
    if if_exists == IfExists::Replace {
        return fs::rename(from, to);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems do not have it.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            // Fails if the name exists, as the call above does.
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn message(path: &Path, if_exists: IfExists) -> (u8, String) {
        let error = write(Some(path), "new", if_exists).expect_err("it is refused");
        (error.exit.code(), error.text())
    }

    #[test]
    fn an_existing_file_is_kept_or_replaced_whole_with_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.yaml");
        write(Some(&path), "old", IfExists::Refuse).unwrap();
        let (code, text) = message(&path, IfExists::Refuse);
        assert!(code == 2 && text.contains("exists") && fs::read_to_string(&path).unwrap() == "old", "{text}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = dir.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(message(&link, IfExists::Refuse).1.contains("--overwrite"));
        write(Some(&link), "new", IfExists::Replace).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn a_missing_folder_and_a_folder_are_named_with_the_next_step() {
        let dir = tempfile::tempdir().unwrap();
        let (code, missing) = message(&dir.path().join("none/m.yaml"), IfExists::Replace);
        assert!(code == 1 && missing.contains("there is no folder") && missing.contains("mkdir -p"), "{missing}");
        let (code, folder) = message(dir.path(), IfExists::Replace);
        assert!(code == 1 && folder.contains("it is a folder"), "{folder}");
    }

    #[test]
    fn a_rename_never_replaces_a_file_that_appeared_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        assert_eq!(rename(&from, &to, IfExists::Refuse).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&to).unwrap(), "old");
    }

    #[test]
    fn a_device_is_written_into() {
        write(Some(Path::new("/dev/null")), "text", IfExists::Refuse).unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
