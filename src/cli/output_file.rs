//! The files that subcommands write results into. Only this file writes them, so that one rule holds for all.
//!
//! `-` is stdout. A new file appears whole or not at all: it is written under another name and renamed. An existing one is replaced
//! only where [`IfExists`] says so, and whatever is not a regular file (a terminal, a pipe, `/dev/null`) is written into. An existing
//! file that may not be replaced is exit code 2, one that cannot be written 1; both name the next step.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::anyhow;

use super::error::CliError;
use super::output;

/// The permissions of a new file, before the umask.
const NEW_MODE: u32 = 0o666;

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
        Ok(_) => Ok(()),
        Err(_) => check_link(path),
    }
}

/// Checks that `path`, whose file cannot be read, is no link to a missing file.
fn check_link(path: &Path) -> Result<(), CliError> {
    let Ok(target) = path.read_link() else { return Ok(()) };
    let (path, target) = (path.display(), target.display());
    let error = CliError::internal(anyhow!("cannot write {path}: it is a link to {target}, which does not exist"));
    Err(error.hint("remove the link, or name another file"))
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
            let written = opened.and_then(|mut file| file.write_all(bytes));
            written.map_err(|error| cannot(error).hint("it is not a regular file; name another file, or - for stdout"))
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

/// Writes `bytes` into a temporary file beside `path` that takes its place, with the permissions of an existing one.
fn write_whole(path: &Path, bytes: &[u8], if_exists: IfExists) -> io::Result<()> {
    // The file that a link leads to is replaced, not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".hypertune.").suffix(".tmp").permissions(Permissions::from_mode(NEW_MODE));
    let mut file = builder.tempfile_in(folder(&target))?;
    file.write_all(bytes)?;
    if let Ok(found) = target.metadata() {
        file.as_file().set_permissions(found.permissions())?;
    }
    match if_exists {
        IfExists::Replace => file.persist(&target),
        IfExists::Refuse => file.persist_noclobber(&target),
    }
    .map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

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
    fn a_file_never_replaces_one_that_appeared_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.yaml");
        fs::write(&path, "old").unwrap();
        let error = write_whole(&path, b"new", IfExists::Refuse).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn temporary_files_of_others_stay_and_do_not_matter() {
        let dir = tempfile::tempdir().unwrap();
        let foreign = dir.path().join(format!(".o.svg.{}.tmp", std::process::id()));
        fs::write(&foreign, "foreign").unwrap();
        let path = dir.path().join("o.svg");
        write(Some(&path), "new", IfExists::Refuse).unwrap();
        assert_eq!(fs::read_to_string(&foreign).unwrap(), "foreign");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&foreign), "as any other new file");
        write(Some(&dir.path().join("n".repeat(255))), "new", IfExists::Refuse).unwrap();
    }

    #[test]
    fn a_link_to_a_missing_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("missing", &link).unwrap();
        for if_exists in [IfExists::Refuse, IfExists::Replace] {
            let (code, text) = message(&link, if_exists);
            assert!(code == 1 && text.contains("a link to missing, which does not exist"), "{text}");
        }
        assert!(link.is_symlink());
    }

    #[test]
    fn a_file_that_cannot_be_written_into_names_the_next_step() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let (code, text) = message(&path, IfExists::Refuse);
        assert!(code == 1 && text.contains("not a regular file"), "{text}");
    }

    #[test]
    fn a_device_is_written_into() {
        write(Some(Path::new("/dev/null")), "text", IfExists::Refuse).unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
