//! Notices that the journal was removed, replaced, truncated or appended to by another process while a driver has it open, and saves
//! what the driver wrote if it is still there.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::files;
use crate::journal::error::JournalError;

/// Names tried for the records where another file has the journal's name.
const NAMES: u32 = 9;
/// What is copied at once.
const BUFFER: usize = 64 << 10;

/// Lengths that the journal may have while its writer appends, in bytes.
#[derive(Debug)]
pub struct JournalLength {
    /// With all whole records.
    appended: AtomicU64,
    /// With the record that is being appended.
    reserved: AtomicU64,
}

impl JournalLength {
    /// Of a file with `length` bytes.
    pub fn new(length: u64) -> JournalLength {
        JournalLength { appended: AtomicU64::new(length), reserved: AtomicU64::new(length) }
    }

    /// The file is about to be extended to `length`. That stays so if it fails: part of the record may be seen until it is cut off.
    pub fn reserve(&self, length: u64) {
        self.reserved.store(length, Ordering::SeqCst);
    }

    /// The file has `length` bytes now, whole records only.
    pub fn append(&self, length: u64) {
        self.reserved.fetch_max(length, Ordering::SeqCst);
        self.appended.store(length, Ordering::SeqCst);
    }

    /// Bytes of all whole records.
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::SeqCst)
    }

    /// `None` if `file` has a length that its writer gave it, else the length expected and the length found. Other threads may append
    /// at the same time.
    fn resized(&self, file: &File) -> io::Result<Option<(u64, u64)>> {
        let least = self.appended();
        let found = file.metadata()?.len();
        let most = self.reserved.load(Ordering::SeqCst);
        Ok((!(least..=most).contains(&found)).then_some((least, found)))
    }
}

/// Checks that `path` still names the open journal `file`. If it does not, all records are written again: under the same name if that
/// is free, else beside it. Also checks that the file has the `length` that its writer gave it; records that were cut off are lost.
///
/// # Errors
/// [`JournalError::Displaced`], [`JournalError::Resized`], or that the name cannot be looked up.
pub fn check(path: &Path, file: &File, length: &JournalLength) -> Result<(), JournalError> {
    let fault = |operation| move |source| JournalError::Io { path: path.to_owned(), operation, source };
    let resized = length.resized(file).map_err(fault("read"))?;
    let truncated = resized.is_some_and(|(expected, found)| found < expected);
    match (files::names_file(path, file).map_err(fault("find"))?, resized) {
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
    fn another_length_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        let length = written();
        length.reserve(16);
        check(&path, &file, &length).unwrap();
        file.set_len(12).unwrap();
        check(&path, &file, &length).unwrap();
        let mut said = Vec::new();
        for bytes in [17, 0] {
            file.set_len(bytes).unwrap();
            let fault = check(&path, &file, &length).unwrap_err().to_string();
            said.push(fault.replace(&*dir.path().to_string_lossy(), "s"));
        }
        insta::assert_snapshot!(said.join("\n"), @r"
        another process appended to s/journal.jsonl while the study ran: it has 17 bytes, not 8; restore it from a copy, or let `hypertune check s` say how much can be saved
        another process truncated s/journal.jsonl while the study ran: it has 0 bytes, not 8; restore it from a copy, or let `hypertune check s` say how much can be saved
        ");
    }

    #[test]
    fn what_is_left_of_a_truncated_and_removed_journal_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        file.set_len(3).unwrap();
        fs::remove_file(&path).unwrap();
        let fault = check(&path, &file, &written()).unwrap_err();
        assert!(matches!(&fault, JournalError::Displaced { kept: None, .. }), "{fault}");
        assert!(!path.exists());
    }

    #[test]
    fn a_removed_journal_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let file = opened(&path);
        check(&path, &file, &written()).unwrap();
        fs::remove_file(&path).unwrap();
        let fault = check(&path, &file, &written()).unwrap_err();
        assert!(matches!(&fault, JournalError::Displaced { kept: Some(kept), .. } if *kept == path), "{fault}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "records\n");
    }

    #[test]
    fn what_replaces_a_journal_is_left_alone() {
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
    fn a_removed_folder_leaves_nothing_to_write_to() {
        let dir = tempfile::tempdir().unwrap();
        let file = opened(&dir.path().join("journal.jsonl"));
        let path = dir.path().join("journal.jsonl");
        dir.close().unwrap();
        assert!(matches!(check(&path, &file, &written()), Err(JournalError::Displaced { kept: None, .. })));
    }
}
