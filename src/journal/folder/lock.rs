//! One driver per study: exclusive locks that the kernel frees when their holder dies, however it dies.
//!
//! The journal itself is locked, so that no second driver can write to it whatever happens to the lock file, and so is the lock file,
//! which holds the driver's process id for messages and is what versions before 0.2 lock.
//!
//! Readers (`trials`, `best`, `export`) only ask whether the locks are held, which takes them for some microseconds; a driver that comes
//! just then tries again.
//!
//! The locks are those of flock(2). On NFS Linux emulates them with byte-range locks, which keeps drivers on several machines apart as
//! long as the file system is mounted with locking (not `nolock`).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::files;
use super::layout::StudyFolder;
use crate::journal::error::JournalError;

/// How often a driver tries to take a lock before it reports that another one has it, and the pause between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to drive a study, given back when dropped. Both files stay.
#[derive(Debug)]
pub struct StudyLock {
    folder: StudyFolder,
    _lock: File,
    journal: File,
}

/// Takes the study, or says who holds it. The folder must exist; the journal is made if there is none.
pub fn acquire(folder: &StudyFolder) -> Result<StudyLock, JournalError> {
    let path = folder.lock();
    let fault = |source| JournalError::Io { path: path.clone(), operation: "lock", source };
    let mut lock = open(&path, OpenOptions::new().read(true).write(true)).map_err(fault)?;
    if !try_lock(&lock).map_err(fault)? {
        return Err(JournalError::Held { pid: holder(&mut lock), path });
    }
    let journal = lock_journal(&folder.journal())?;
    // One write: an unfinished one would not be recognized as a driver's.
    let pid = format!("{}\n", std::process::id());
    let noted = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| lock.write_all(pid.as_bytes()));
    noted.map_err(fault)?;
    Ok(StudyLock { folder: folder.clone(), _lock: lock, journal })
}

impl StudyLock {
    /// A handle of the locked journal, for appending.
    pub fn journal(&self) -> io::Result<File> {
        self.journal.try_clone()
    }

    /// Puts an empty journal, locked too, in the place of the study's journal, which is kept as [`StudyFolder::discarded`] and says that
    /// the other files are those of a discarded study.
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

/// Opens the journal and locks it. Between the two another driver may have put a new one in its place, which is then locked instead.
fn lock_journal(path: &Path) -> Result<File, JournalError> {
    let fault = |source| JournalError::Io { path: path.to_owned(), operation: "lock", source };
    for _ in 0..TRIES {
        let file = open(path, OpenOptions::new().read(true).append(true)).map_err(fault)?;
        if !try_lock(&file).map_err(fault)? {
            break;
        }
        if files::names_file(path, &file).map_err(fault)? {
            return Ok(file);
        }
    }
    Err(JournalError::Held { pid: None, path: path.to_owned() })
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    files::open(path, options.create(true).truncate(false))
}

/// Whether we have it now; others may look at it for a moment.
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

/// Whether somebody drives the study now, as far as this machine and its file systems can tell. Disturbs nobody.
pub fn is_held(folder: &StudyFolder) -> bool {
    // Both: the lock file may have been removed, and versions before 0.2 do not lock the journal.
    [folder.lock(), folder.journal()].iter().any(|path| is_locked(path))
}

fn is_locked(path: &Path) -> bool {
    match files::open_to_read(path) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        // A driver has made both files.
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

/// The process id in a lock file; at most a few bytes of a foreign file are read.
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
    fn the_second_driver_is_refused_and_told_who_is_first() {
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
    fn a_removed_lock_file_lets_nobody_in() {
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
        fs::write(folder.new_journal(), "left by a crash").unwrap();
        fs::write(dir.path().join("thesis.tex"), "").unwrap();
        let mut lock = acquire(&folder).unwrap();
        lock.replace_journal().unwrap();
        assert!(matches!(lock_journal(&folder.journal()), Err(JournalError::Held { .. })));
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["journal.discarded.jsonl", "journal.jsonl", "lock", "thesis.tex"]);
        assert_eq!(fs::metadata(folder.journal()).unwrap().len(), 0);
    }

    #[test]
    fn asking_whether_it_is_held_keeps_no_driver_out() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        assert!(!is_held(&folder), "without a lock file nobody drives");
        acquire(&folder).unwrap();
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                for _ in 0..1_000 {
                    is_held(&folder);
                    sleep(Duration::from_micros(100));
                }
            });
            while !asking.is_finished() {
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
