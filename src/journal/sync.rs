//! Makes appended records durable, without the lock that appends need.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use super::error::JournalError;
use super::folder::displaced::{self, JournalLength};

/// A second handle of the open journal. Threads that call [`JournalSync::sync`] at the same time share one `fdatasync`.
///
/// A failed sync is final: the kernel may have dropped the data, so a later sync that succeeds proves nothing.
#[derive(Debug)]
pub struct JournalSync {
    path: PathBuf,
    file: File,
    /// Length of the file.
    length: JournalLength,
    /// Bytes that are known to be durable.
    synced: AtomicU64,
    /// Locked during a sync.
    failure: Mutex<Option<SyncError>>,
}

/// The error of the first sync or check that failed, which is also that of all later ones.
#[derive(Clone, Debug)]
enum SyncError {
    /// The system's error code.
    Io(i32),
    /// The journal was removed or replaced; its records were written again to this file, if possible.
    Displaced(Option<PathBuf>),
    /// Another process changed the journal's length.
    Resized {
        /// Length in bytes that was written.
        expected: u64,
        /// Length in bytes that was found.
        found: u64,
    },
}

impl JournalSync {
    /// For the journal at `path` with `length` bytes, none of which is known to be durable: a killed driver may have written them to
    /// the page cache only.
    pub(super) fn new(path: &Path, file: File, length: u64) -> JournalSync {
        let (length, synced) = (JournalLength::new(length), AtomicU64::new(0));
        JournalSync { path: path.to_owned(), file, length, synced, failure: Mutex::new(None) }
    }

    /// The length that the writer updates.
    pub(super) fn length(&self) -> &JournalLength {
        &self.length
    }

    /// Whether all appended records are durable. Does not block.
    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Acquire) >= self.length.appended()
    }

    /// Returns when all records appended before the call are durable.
    ///
    /// # Errors
    /// An I/O error, or that another process removed, replaced or resized the journal; the same error at every later call.
    pub fn sync(&self) -> Result<(), JournalError> {
        let wanted = self.length.appended();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failure.clone() {
            return Err(self.error_of(failure));
        }
        if self.synced.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let reached = self.length.appended();
        if let Err(source) = self.file.sync_data() {
            *failure = source.raw_os_error().map(SyncError::Io);
            return Err(self.io_error(source));
        }
        // A sync of a removed, replaced or truncated journal succeeds too.
        self.check_file(&mut failure)?;
        self.synced.store(reached, Ordering::Release);
        Ok(())
    }

    /// Checks that the journal still has its name and that no other process has changed its length. Does not wait for a sync in another
    /// thread, which checks the same.
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
            Some(failure) => Err(self.error_of(failure)),
            None => self.check_file(&mut failure),
        }
    }

    fn check_file(&self, failure: &mut Option<SyncError>) -> Result<(), JournalError> {
        let checked = displaced::check(&self.path, &self.file, &self.length);
        match &checked {
            Err(JournalError::Displaced { kept, .. }) => *failure = Some(SyncError::Displaced(kept.clone())),
            Err(JournalError::Resized { expected, found, .. }) => {
                *failure = Some(SyncError::Resized { expected: *expected, found: *found });
            }
            _ => {}
        }
        checked
    }

    fn error_of(&self, failure: SyncError) -> JournalError {
        let path = self.path.clone();
        match failure {
            SyncError::Io(code) => self.io_error(io::Error::from_raw_os_error(code)),
            SyncError::Displaced(kept) => JournalError::Displaced { path, kept },
            SyncError::Resized { expected, found } => JournalError::Resized { path, expected, found },
        }
    }

    fn io_error(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), operation: "sync", source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_of_earlier_sessions_is_synced_too() {
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
