//! Detects that another process removed, replaced, truncated or appended to the journal while a driver has it open, and saves the
//! driver's records if the file still has them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::files;
use crate::journal::error::JournalError;

/// Names tried for the records if another file has the journal's name.
const NAMES: u32 = 9;
/// Bytes copied at a time.
const BUFFER: usize = 64 << 10;

/// Lengths that the journal may have while its writer appends, in bytes.
#[derive(Debug)]
pub struct JournalLength {
    /// With all complete records.
    appended: AtomicU64,
    /// With the record that is being appended.
    reserved: AtomicU64,
}

impl JournalLength {
    /// Of a file with `length` bytes.
    pub fn new(length: u64) -> JournalLength {
        JournalLength { appended: AtomicU64::new(length), reserved: AtomicU64::new(length) }
    }

    /// The file is about to be extended to `length`. If that fails, part of the record may be in the file until it is truncated.
    pub fn reserve(&self, length: u64) {
        self.reserved.store(length, Ordering::SeqCst);
    }

    /// The file now has `length` bytes, all of complete records.
    pub fn append(&self, length: u64) {
        self.reserved.fetch_max(length, Ordering::SeqCst);
        self.appended.store(length, Ordering::SeqCst);
    }

    /// Bytes of all complete records.
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::SeqCst)
    }

    /// `None` if `file` has a length that its writer set, else the expected and the found length. Other threads may append at the same
    /// time.
    fn resized(&self, file: &File) -> io::Result<Option<(u64, u64)>> {
        let least = self.appended();
        let found = file.metadata()?.len();
        let most = self.reserved.load(Ordering::SeqCst);
        Ok((!(least..=most).contains(&found)).then_some((least, found)))
    }
}

/// Checks that `path` still names the open journal `file`, and that the file has the `length` that its writer set. If the journal was
/// removed or replaced, all records are written again: under the same name if it is free, else beside it. Truncated records are lost.
///
/// # Errors
/// [`JournalError::Displaced`], [`JournalError::Resized`], or an I/O error.
pub fn check(path: &Path, file: &File, length: &JournalLength) -> Result<(), JournalError> {
    let io_error = |operation| move |source| JournalError::Io { path: path.to_owned(), operation, source };
    let resized = length.resized(file).map_err(io_error("read"))?;
    let truncated = resized.is_some_and(|(expected, found)| found < expected);
    match (files::names_file(path, file).map_err(io_error("find"))?, resized) {
        (true, None) => Ok(()),
        (true, Some((expected, found))) => Err(JournalError::Resized { path: path.to_owned(), expected, found }),
        (false, _) => {
            let kept = if truncated { None } else { write_again(path, file) };
            Err(JournalError::Displaced { path: path.to_owned(), kept })
        }
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

    /// The length of the file that [`opened`] makes.
    fn written() -> JournalLength {
        JournalLength::new(8)
    }

    #[test]
    fn another_length_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        let length = written();
        length.reserve(16);
        check(&path, &file, &length).unwrap();
        file.set_len(12).unwrap();
        check(&path, &file, &length).unwrap();
        let mut messages = Vec::new();
        for bytes in [17, 0] {
            file.set_len(bytes).unwrap();
            let error = check(&path, &file, &length).unwrap_err().to_string();
            messages.push(error.replace(&*dir.path().to_string_lossy(), "s"));
        }
        insta::assert_snapshot!(messages.join("\n"), @r"
        another process appended to s/journal.jsonl while the study ran: it has 17 bytes instead of 8; restore it from a copy, or run `hypertune check s` to see how much can be saved
        another process truncated s/journal.jsonl while the study ran: it has 0 bytes instead of 8; restore it from a copy, or run `hypertune check s` to see how much can be saved
        ");
    }

    #[test]
    fn a_truncated_and_removed_journal_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        file.set_len(3).unwrap();
        fs::remove_file(&path).unwrap();
        let error = check(&path, &file, &written()).unwrap_err();
        assert!(matches!(&error, JournalError::Displaced { kept: None, .. }), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn a_removed_journal_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        check(&path, &file, &written()).unwrap();
        fs::remove_file(&path).unwrap();
        let error = check(&path, &file, &written()).unwrap_err();
        assert!(matches!(&error, JournalError::Displaced { kept: Some(kept), .. } if *kept == path), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "records\n");
    }

    #[test]
    fn a_file_that_replaces_the_journal_is_not_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        fs::write(dir.path().join("other"), "other").unwrap();
        fs::rename(dir.path().join("other"), &path).unwrap();
        let Err(JournalError::Displaced { kept: Some(kept), .. }) = check(&path, &file, &written()) else {
            panic!("it is replaced")
        };
        assert_eq!(fs::read_to_string(kept).unwrap(), "records\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
    }

    #[test]
    fn in_a_removed_folder_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = opened(&dir.path().join("journal.jsonl"));
        let path = dir.path().join("journal.jsonl");
        dir.close().unwrap();
        assert!(matches!(check(&path, &file, &written()), Err(JournalError::Displaced { kept: None, .. })));
    }
}
