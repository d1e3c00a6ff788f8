//! Opens, creates and removes files of a study's folder. Links inside the folder are not followed, and nothing waits for the other end
//! of a FIFO.
//!
//! The path of the folder itself may contain links. There is no protection against a job that replaces files while they are opened: it
//! can write wherever its user can.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Opens the regular file `path`.
///
/// # Errors
/// `path` is a link, a directory, a FIFO, a socket or a device; or an I/O error.
pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    if let Ok(found) = fs::symlink_metadata(path)
        && let Some(kind) = special_file_kind(found.file_type())
    {
        return Err(wrong_kind(kind));
    }
    open_regular(path, options.clone().custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY))
}

/// Opens the regular file `path` for reading. Links are followed.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    if let Some(kind) = special_file_kind(fs::metadata(path)?.file_type()) {
        return Err(wrong_kind(kind));
    }
    open_regular(path, OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY))
}

/// Creates an empty file at `path`, after removing a file or link there. The target of a link, or a hard link's other name, is kept.
pub fn create(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let mut options = options.clone();
    let options = options.create_new(true).custom_flags(libc::O_NOFOLLOW | libc::O_NOCTTY);
    match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        opened => opened,
    }
}

/// Creates the directory `path` if it does not exist.
///
/// # Errors
/// `path` is not a directory (a link to one is not), or an I/O error.
pub fn create_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => check_directory(path),
        made => made,
    }
}

/// Succeeds if `path` is a directory; a link to one is not.
pub fn check_directory(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?.file_type();
    match special_file_kind(found) {
        _ if found.is_dir() => Ok(()),
        Some(kind) => Err(wrong_kind(kind)),
        None => Err(wrong_kind("a file")),
    }
}

/// Whether `path` still names the open `file`.
pub fn names_file(path: &Path, file: &File) -> io::Result<bool> {
    let identity = |found: Metadata| (found.dev(), found.ino());
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(identity(found) == identity(file.metadata()?)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// `result`, but success if it is [`io::ErrorKind::NotFound`].
pub fn ignore_not_found(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The kind of a file that is not regular, with its article.
pub fn special_file_kind(found: FileType) -> Option<&'static str> {
    let kinds = [
        (found.is_symlink(), "a symbolic link"),
        (found.is_dir(), "a directory"),
        (found.is_fifo(), "a FIFO"),
        (found.is_socket(), "a socket"),
        (found.is_block_device() || found.is_char_device(), "a device"),
    ];
    kinds.into_iter().find_map(|(matches, kind)| matches.then_some(kind))
}

fn open_regular(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let file = options.open(path)?;
    match special_file_kind(file.metadata()?.file_type()) {
        Some(kind) => Err(wrong_kind(kind)),
        None => Ok(file),
    }
}

fn wrong_kind(kind: &str) -> io::Error {
    io::Error::other(format!("it is {kind}; remove it, or use another folder for the study"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn links_and_special_files_are_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("target"), "precious").unwrap();
        symlink(at("target"), at("link")).unwrap();
        symlink(at("new"), at("dangling")).unwrap();
        assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        for (name, kind) in
            [("link", "a symbolic link"), ("dangling", "a symbolic link"), ("fifo", "a FIFO"), (".", "a directory")]
        {
            let refused = open(&at(name), &options).unwrap_err().to_string();
            assert!(refused.contains(kind), "{name}: {refused}");
        }
        assert!(open_to_read(&at("fifo")).is_err() && open_to_read(&at("link")).is_ok());
        assert!(!at("new").exists());
        open(&at("fresh"), &options).unwrap();
    }

    #[test]
    fn creating_a_file_does_not_change_the_target_of_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["link", "second-name"] {
            fs::write(at("target"), "precious").unwrap();
            match name {
                "link" => symlink(at("target"), at(name)).unwrap(),
                _ => fs::hard_link(at("target"), at(name)).unwrap(),
            }
            create(&at(name), OpenOptions::new().write(true)).unwrap();
            assert_eq!(fs::read_to_string(at("target")).unwrap(), "precious");
            assert_eq!(fs::read_to_string(at(name)).unwrap(), "");
        }
    }

    #[test]
    fn a_link_to_a_directory_is_not_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        symlink("/", dir.path().join("trials")).unwrap();
        let refused = create_directory(&dir.path().join("trials")).unwrap_err();
        insta::assert_snapshot!(refused, @"it is a symbolic link; remove it, or use another folder for the study");
        create_directory(&dir.path().join("new")).unwrap();
        create_directory(&dir.path().join("new")).unwrap();
    }
}
