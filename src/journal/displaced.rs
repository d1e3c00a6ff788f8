//! Notices that the journal was removed or replaced while a driver has it open, and saves what the driver wrote.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::fault::JournalFault;
use super::files;

/// Names tried for the records where another file has the journal's name.
const NAMES: u32 = 9;
/// What is copied at once.
const BUFFER: usize = 64 << 10;

/// Checks that `path` still names the open journal `file`. If it does not, all records are written again: under the same name if that
/// is free, else beside it.
///
/// # Errors
/// [`JournalFault::Displaced`], or that the name cannot be looked up.
pub fn check(path: &Path, file: &File) -> Result<(), JournalFault> {
    match files::is_same(path, file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(JournalFault::Displaced { path: path.to_owned(), kept: write_again(path, file) }),
        Err(source) => Err(JournalFault::Io { path: path.to_owned(), doing: "find", source }),
    }
}

fn write_again(path: &Path, file: &File) -> Option<PathBuf> {
    let beside = (1..=NAMES).map(|n| path.with_extension(format!("displaced-{n}.jsonl")));
    for name in std::iter::once(path.to_owned()).chain(beside) {
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).custom_flags(libc::O_NOFOLLOW).open(&name) {
            Ok(copy) => return copy_all(file, &copy).is_ok().then_some(name),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => return None,
        }
    }
    None
}

fn copy_all(from: &File, to: &File) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut at = 0;
    loop {
        let read = match from.read_at(&mut buffer, at) {
            Ok(0) => return to.sync_all(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        to.write_all_at(&buffer[..read], at)?;
        at += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn opened(path: &Path) -> File {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).unwrap();
        file.write_all_at(b"records\n", 0).unwrap();
        file
    }

    #[test]
    fn a_removed_journal_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        check(&path, &file).unwrap();
        fs::remove_file(&path).unwrap();
        let fault = check(&path, &file).unwrap_err();
        assert!(matches!(&fault, JournalFault::Displaced { kept: Some(kept), .. } if *kept == path), "{fault}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "records\n");
    }

    #[test]
    fn what_replaces_a_journal_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        fs::write(dir.path().join("other"), "other").unwrap();
        fs::rename(dir.path().join("other"), &path).unwrap();
        let Err(JournalFault::Displaced { kept: Some(kept), .. }) = check(&path, &file) else {
            panic!("it is replaced")
        };
        assert_eq!(fs::read_to_string(kept).unwrap(), "records\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
    }

    #[test]
    fn a_removed_folder_leaves_nothing_to_write_to() {
        let dir = tempfile::tempdir().unwrap();
        let file = opened(&dir.path().join("journal.jsonl"));
        let path = dir.path().join("journal.jsonl");
        dir.close().unwrap();
        assert!(matches!(check(&path, &file), Err(JournalFault::Displaced { kept: None, .. })));
    }
}
