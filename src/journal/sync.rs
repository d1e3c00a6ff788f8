//! Makes appended records durable without the lock under which they are appended.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::displaced;
use super::fault::JournalFault;

/// A second handle of the open journal. Threads that call [`JournalSync::sync`] at the same time share one `fdatasync`.
///
/// A failed sync is final: the kernel may have dropped what it could not write, so a later sync that succeeds proves nothing.
#[derive(Debug)]
pub struct JournalSync {
    path: PathBuf,
    file: File,
    /// Bytes in the file.
    appended: AtomicU64,
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
}

impl JournalSync {
    /// For the journal at `path` with `length` bytes in it, none of which is known to be on the disk: a driver that was killed
    /// leaves them in the page cache.
    pub(super) fn new(path: &Path, file: File, length: u64) -> JournalSync {
        let (appended, synced) = (AtomicU64::new(length), AtomicU64::new(0));
        JournalSync { path: path.to_owned(), file, appended, synced, failure: Mutex::new(None) }
    }

    /// The file has `length` bytes now.
    pub(super) fn appended(&self, length: u64) {
        self.appended.store(length, Ordering::Release);
    }

    /// Whether everything appended is on the disk. Never waits.
    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Acquire) >= self.appended.load(Ordering::Acquire)
    }

    /// Returns once everything that was appended before the call is on the disk.
    ///
    /// # Errors
    /// The disk's error, at this call and at every later one; or that the journal was removed or replaced.
    pub fn sync(&self) -> Result<(), JournalFault> {
        let wanted = self.appended.load(Ordering::Acquire);
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.clone() {
            Some(Failure::Disk(code)) => return Err(self.fault(io::Error::from_raw_os_error(code))),
            Some(Failure::Displaced(kept)) => return Err(JournalFault::Displaced { path: self.path.clone(), kept }),
            None if self.synced.load(Ordering::Acquire) >= wanted => return Ok(()),
            None => {}
        }
        let reached = self.appended.load(Ordering::Acquire);
        if let Err(source) = self.file.sync_data() {
            *failure = source.raw_os_error().map(Failure::Disk);
            return Err(self.fault(source));
        }
        // That a removed or replaced journal can be synced says nothing.
        if let Err(fault) = displaced::check(&self.path, &self.file) {
            if let JournalFault::Displaced { kept, .. } = &fault {
                *failure = Some(Failure::Displaced(kept.clone()));
            }
            return Err(fault);
        }
        self.synced.store(reached, Ordering::Release);
        Ok(())
    }

    fn fault(&self, source: io::Error) -> JournalFault {
        JournalFault::Io { path: self.path.clone(), doing: "sync", source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_synced_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sync = JournalSync::new(file.path(), file.reopen().unwrap(), 7);
        assert!(!sync.is_synced());
        sync.sync().unwrap();
        assert!(sync.is_synced());
        sync.appended(9);
        assert!(!sync.is_synced());
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
