//! One driver per study: exclusive locks, which the kernel releases when their process ends.
//!
//! The journal itself is locked, so that no second driver can write to it even if the lock file is removed. The lock file, which has
//! the driver's process id for messages, is locked too, because versions before 0.2 lock only that.
//!
//! Readers (`trials`, `best`, `export`) only test the locks, which takes them for some microseconds; a driver that starts in that time
//! tries again.
//!
//! The locks are those of flock(2). On NFS, Linux emulates them with byte-range locks, which exclude drivers on other machines unless
//! the file system is mounted with `nolock`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::files;
use super::layout::StudyFolder;
use crate::journal::error::JournalError;

/// Attempts to take a lock before another driver is reported, and the pause between them.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The locks of a study, released when dropped. Both files remain.
#[derive(Debug)]
pub struct StudyLock {
    folder: StudyFolder,
    _lock: File,
    journal: File,
}

/// Locks the study. The folder must exist; the journal is created if it does not exist.
///
/// # Errors
/// [`JournalError::Held`] if another driver has locked it, or an I/O error.
pub fn acquire(folder: &StudyFolder) -> Result<StudyLock, JournalError> {
    let path = folder.lock();
    let io_error = |source| JournalError::Io { path: path.clone(), operation: "lock", source };
    let mut lock = open(&path, OpenOptions::new().read(true).write(true)).map_err(io_error)?;
    if !try_lock(&lock).map_err(io_error)? {
        return Err(JournalError::Held { pid: holder(&mut lock), path });
    }
    let journal = lock_journal(&folder.journal())?;
    // One write, because an incomplete process id is not recognized as a driver's.
    let pid = format!("{}\n", std::process::id());
    let written = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| lock.write_all(pid.as_bytes()));
    written.map_err(io_error)?;
    Ok(StudyLock { folder: folder.clone(), _lock: lock, journal })
}

impl StudyLock {
    /// A second handle of the locked journal, for appending.
    pub fn journal(&self) -> io::Result<File> {
        self.journal.try_clone()
    }

    /// Replaces the study's journal with an empty one, which is locked too. The old journal is kept as [`StudyFolder::discarded`], which
    /// marks the other files as those of a discarded study.
    pub fn replace_journal(&mut self) -> io::Result<()> {
        let (journal, new, discarded) = (self.folder.journal(), self.folder.new_journal(), self.folder.discarded());
        let file = files::create(&new, OpenOptions::new().read(true).append(true))?;
        if !try_lock(&file)? {
            return Err(io::Error::other("another process has locked it"));
        }
        if self.journal.metadata()?.len() > 0 {
            std::fs::rename(&journal, &discarded)?;
        }
        std::fs::rename(&new, &journal)?;
        self.journal = file;
        File::open(self.folder.root())?.sync_all()
    }
}

/// Opens the journal and locks it. If another driver replaces it in between, the new one is locked.
fn lock_journal(path: &Path) -> Result<File, JournalError> {
    let io_error = |source| JournalError::Io { path: path.to_owned(), operation: "lock", source };
    for _ in 0..TRIES {
        let file = open(path, OpenOptions::new().read(true).append(true)).map_err(io_error)?;
        if !try_lock(&file).map_err(io_error)? {
            break;
        }
        if files::names_file(path, &file).map_err(io_error)? {
            return Ok(file);
        }
    }
    Err(JournalError::Held { pid: None, path: path.to_owned() })
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    files::open(path, options.create(true).truncate(false))
}

/// Locks `file`; false if another process has locked it for longer than a test takes.
fn try_lock(file: &File) -> io::Result<bool> {
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if attempt >= TRIES => break,
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(source),
        }
    }
    Ok(false)
}

/// Whether a driver has locked the study. Does not keep a driver from starting.
pub fn is_held(folder: &StudyFolder) -> bool {
    // The lock file may have been removed, and versions before 0.2 do not lock the journal.
    [folder.lock(), folder.journal()].iter().any(|path| is_locked(path))
}

fn is_locked(path: &Path) -> bool {
    match files::open_to_read(path) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        // A driver creates both files.
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

/// The process id in a lock file. Reads at most 16 bytes.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_second_driver_is_refused_with_the_first_one_s_process_id() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let first = acquire(&folder).unwrap();
        let refused = acquire(&folder).unwrap_err();
        assert!(matches!(refused, JournalError::Held { pid: Some(pid), .. } if pid == std::process::id()), "{refused}");
        assert!(is_held(&folder));
        drop(first);
        acquire(&folder).unwrap();
        assert!(!is_held(&folder));
    }

    #[test]
    fn without_the_lock_file_a_second_driver_is_refused_too() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let _first = acquire(&folder).unwrap();
        fs::remove_file(folder.lock()).unwrap();
        assert!(is_held(&folder));
        for _ in 0..2 {
            let refused = acquire(&folder).unwrap_err();
            assert!(matches!(refused, JournalError::Held { pid: None, .. }), "{refused}");
            assert!(is_held(&folder));
        }
    }

    #[test]
    fn a_replaced_journal_is_empty_and_locked_and_the_old_one_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::write(folder.journal(), "{\"type\":\"study\"").unwrap();
        fs::write(folder.new_journal(), "of a crashed driver").unwrap();
        fs::write(dir.path().join("thesis.tex"), "").unwrap();
        let mut lock = acquire(&folder).unwrap();
        lock.replace_journal().unwrap();
        assert!(matches!(lock_journal(&folder.journal()), Err(JournalError::Held { .. })));
        let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["journal.discarded.jsonl", "journal.jsonl", "lock", "thesis.tex"]);
        assert_eq!(fs::metadata(folder.journal()).unwrap().len(), 0);
    }

    #[test]
    fn testing_the_lock_does_not_keep_a_driver_out() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        assert!(!is_held(&folder), "without a lock file there is no driver");
        acquire(&folder).unwrap();
        std::thread::scope(|scope| {
            let tester = scope.spawn(|| {
                for _ in 0..1_000 {
                    is_held(&folder);
                    sleep(Duration::from_micros(100));
                }
            });
            while !tester.is_finished() {
                acquire(&folder).unwrap();
            }
        });
    }

    #[test]
    fn a_dead_process_s_lock_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        std::fs::write(folder.lock(), "999999999\nrubbish").unwrap();
        let _lock = acquire(&folder).unwrap();
        assert_eq!(std::fs::read_to_string(folder.lock()).unwrap(), format!("{}\n", std::process::id()));
    }
}
