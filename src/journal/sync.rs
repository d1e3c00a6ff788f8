//! Makes appended records durable without the lock under which they are appended.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use super::error::JournalError;
use super::folder::displaced::{self, JournalLength};

/// A second handle of the open journal. Threads that call [`JournalSync::sync`] at the same time share one `fdatasync`.
///
/// A failed sync is final: the kernel may have dropped what it could not write, so a later sync that succeeds proves nothing.
#[derive(Debug)]
pub struct JournalSync {
    path: PathBuf,
    file: File,
    /// Bytes in the file.
    length: JournalLength,
    /// Bytes known to be on the disk.
    synced: AtomicU64,
    /// Held while the disk works.
    failure: Mutex<Option<Failure>>,
}

/// Why no sync can succeed any more.
#[derive(Clone, Debug)]
enum Failure {
    /// The disk's error code.
    Disk(i32),
    /// The journal was removed or replaced; its records were written again to the file, if that was possible.
    Displaced(Option<PathBuf>),
    /// Another process changed the journal's length.
    Resized {
        /// Bytes that were written.
        expected: u64,
        /// Bytes that were found.
        found: u64,
    },
}

impl JournalSync {
    /// For the journal at `path` with `length` bytes in it, none of which is known to be on the disk: a driver that was killed
    /// leaves them in the page cache.
    pub(super) fn new(path: &Path, file: File, length: u64) -> JournalSync {
        let (length, synced) = (JournalLength::new(length), AtomicU64::new(0));
        JournalSync { path: path.to_owned(), file, length, synced, failure: Mutex::new(None) }
    }

    /// What the writer reports the file's length to.
    pub(super) fn length(&self) -> &JournalLength {
        &self.length
    }

    /// Whether everything appended is on the disk. Never waits.
    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Acquire) >= self.length.appended()
    }

    /// Returns once everything that was appended before the call is on the disk.
    ///
    /// # Errors
    /// The disk's error, at this call and at every later one; or that another process removed, replaced or resized the
    /// journal.
    pub fn sync(&self) -> Result<(), JournalError> {
        let wanted = self.length.appended();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failure.clone() {
            return Err(self.fault_of(failure));
        }
        if self.synced.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let reached = self.length.appended();
        if let Err(source) = self.file.sync_data() {
            *failure = source.raw_os_error().map(Failure::Disk);
            return Err(self.fault(source));
        }
        // That a removed, replaced or truncated journal can be synced says nothing.
        self.check_place(&mut failure)?;
        self.synced.store(reached, Ordering::Release);
        Ok(())
    }

    /// Checks that the journal is where it was and that no other process has changed its length. Does not wait for a sync that another
    /// thread has begun: that thread does the same.
    ///
    /// # Errors
    /// That it was removed, replaced, truncated or appended to; or an earlier failure.
    pub fn check(&self) -> Result<(), JournalError> {
        let mut failure = match self.failure.try_lock() {
            Ok(failure) => failure,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        match failure.clone() {
            Some(failure) => Err(self.fault_of(failure)),
            None => self.check_place(&mut failure),
        }
    }

    fn check_place(&self, failure: &mut Option<Failure>) -> Result<(), JournalError> {
        let checked = displaced::check(&self.path, &self.file, &self.length);
        match &checked {
            Err(JournalError::Displaced { kept, .. }) => *failure = Some(Failure::Displaced(kept.clone())),
            Err(JournalError::Resized { expected, found, .. }) => {
                *failure = Some(Failure::Resized { expected: *expected, found: *found });
            }
            _ => {}
        }
        checked
    }

    fn fault_of(&self, failure: Failure) -> JournalError {
        let path = self.path.clone();
        match failure {
            Failure::Disk(code) => self.fault(io::Error::from_raw_os_error(code)),
            Failure::Displaced(kept) => JournalError::Displaced { path, kept },
            Failure::Resized { expected, found } => JournalError::Resized { path, expected, found },
        }
    }

    fn fault(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), operation: "sync", source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_synced_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(7).unwrap();
        let sync = JournalSync::new(file.path(), file.reopen().unwrap(), 7);
        assert!(!sync.is_synced());
        sync.sync().unwrap();
        assert!(sync.is_synced());
        sync.length().append(9);
        assert!(!sync.is_synced());
    }

    #[test]
    fn a_truncated_journal_is_an_error_at_every_later_call() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(7).unwrap();
        let sync = JournalSync::new(file.path(), file.reopen().unwrap(), 7);
        sync.sync().unwrap();
        sync.check().unwrap();
        file.as_file().set_len(0).unwrap();
        assert!(matches!(sync.check(), Err(JournalError::Resized { expected: 7, found: 0, .. })));
        file.as_file().set_len(7).unwrap();
        assert!(sync.check().is_err() && sync.sync().is_err());
    }

    #[test]
    fn a_failed_sync_stays_failed() {
        // A pipe cannot be synced.
        let (_reader, writer) = io::pipe().unwrap();
        let sync = JournalSync::new(Path::new("s/journal.jsonl"), File::from(std::os::fd::OwnedFd::from(writer)), 7);
        insta::assert_snapshot!(sync.sync().unwrap_err(), @"cannot sync s/journal.jsonl: Invalid argument (os error 22)");
        assert_eq!(sync.sync().unwrap_err().to_string(), sync.sync().unwrap_err().to_string());
        assert!(!sync.is_synced());
    }
}
