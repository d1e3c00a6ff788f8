//! One driver per study: exclusive locks, which the kernel releases when their process ends.
//!
//! The journal itself is locked, so that no second driver can write to it even if the lock file is removed. The lock file, which has
//! the driver's process id for messages, is locked too, because versions before 0.2 lock only that.
//!
//! Readers (`trials`, `best`, `export`) only test the locks, which takes them for some microseconds; a driver that starts in that time
//! tries again.
//!
//! The locks are those of flock(2), which NFS turns into byte-range locks. Not every file system that machines share excludes the drivers
//! of other machines with them; `lease` decides there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::file_system::FileSystemScope;
use super::files;
use super::layout::StudyFolder;
use super::lease::{self, Lease, LeaseRecord, LeaseTiming, Machine};
use crate::journal::error::JournalError;

/// Attempts to take a lock before another driver is reported, and the pause between them.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The locks of a study, released when dropped. Both files remain.
#[derive(Debug)]
pub struct StudyLock {
    folder: StudyFolder,
    // Dropped before the lock is released.
    _lease: Lease,
    _lock: File,
    journal: File,
}

/// The state of a lock that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LockState {
    Acquired,
    /// Another process has it.
    Held,
    /// The file system has no locks.
    Unsupported,
}

/// What the locks and leases of a study are judged by.
#[derive(Clone, PartialEq, Eq, Debug)]
struct LockContext {
    /// The machine of this process.
    machine: Machine,
    scope: FileSystemScope,
    timing: LeaseTiming,
}

/// How a file is locked.
type TryLock = fn(&File) -> io::Result<LockState>;

/// Locks the study. The folder must exist; the journal is created if it does not exist. `note` is called with a message for the user
/// before a wait, and if a driver that no longer runs is replaced.
///
/// # Errors
/// [`JournalError::Held`] if another driver has locked it, or an I/O error.
pub fn acquire(folder: &StudyFolder, note: &mut dyn FnMut(&str)) -> Result<StudyLock, JournalError> {
    let path = folder.lock();
    let lock = open(&path, OpenOptions::new().read(true).write(true)).map_err(|source| lock_error(&path, source))?;
    let (machine, scope, timing) = (Machine::this(), FileSystemScope::of(&path), LeaseTiming::default());
    acquire_file(folder, lock, &LockContext { machine, scope, timing }, try_lock, note)
}

fn lock_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { path: path.to_owned(), operation: "lock", source }
}

/// Locks the study, whose lock file is `lock`.
fn acquire_file(
    folder: &StudyFolder,
    lock: File,
    context: &LockContext,
    try_lock: TryLock,
    note: &mut dyn FnMut(&str),
) -> Result<StudyLock, JournalError> {
    let path = folder.lock();
    let io_error = |source| lock_error(&path, source);
    let state = wait_for_lock(&path, &lock, context, try_lock, note)?;
    let journal = lock_journal(&folder.journal(), try_lock)?;
    let scope = match state {
        LockState::Unsupported => FileSystemScope::Shared,
        LockState::Acquired | LockState::Held => context.scope,
    };
    let file = lock.try_clone().map_err(io_error)?;
    let lease = Lease::write(file, &context.machine, scope, &context.timing).map_err(io_error)?;
    if scope == FileSystemScope::Shared {
        sleep(context.timing.confirm_after);
        if !lease.is_in(&path) {
            return Err(JournalError::held(&path, LeaseRecord::read(&path).map_err(io_error)?));
        }
    }
    Ok(StudyLock { folder: folder.clone(), _lease: lease, _lock: lock, journal })
}

/// Waits until `lock` is acquired, or needs no lock, and no other driver renews its lease in it.
fn wait_for_lock(
    path: &Path,
    lock: &File,
    context: &LockContext,
    try_lock: TryLock,
    note: &mut dyn FnMut(&str),
) -> Result<LockState, JournalError> {
    let io_error = |source| lock_error(path, source);
    let timing = &context.timing;
    let mut observed: Option<(LeaseRecord, Instant)> = None;
    loop {
        let state = try_lock(lock).map_err(io_error)?;
        let recorded = LeaseRecord::read(path).map_err(io_error)?;
        let Some(current) = recorded.clone().filter(|record| may_be_alive(record, state, context)) else {
            return if state == LockState::Held { Err(JournalError::held(path, recorded)) } else { Ok(state) };
        };
        let (first, since) = observed.get_or_insert_with(|| {
            note(&format!(
                "{} names {} as its driver; waiting up to {} s to see whether it still runs",
                path.display(),
                current.holder,
                if state == LockState::Held { timing.locked_for } else { timing.stale_after }.as_secs()
            ));
            (current.clone(), Instant::now())
        });
        let unchanged = since.elapsed();
        if *first != current || unchanged >= timing.locked_for && state == LockState::Held {
            return Err(JournalError::held(path, Some(current)));
        }
        if unchanged >= timing.stale_after && state != LockState::Held {
            note(&format!(
                "{} has not renewed its lease of this study for {} s; the study continues here",
                current.holder,
                unchanged.as_secs()
            ));
            return Ok(state);
        }
        sleep(timing.renew_every / 10);
    }
}

/// Whether the driver of `record` may run although its lock could be acquired, or may have ended although it is held.
fn may_be_alive(record: &LeaseRecord, state: LockState, context: &LockContext) -> bool {
    let Some(is_here) = record.is_on(&context.machine) else { return false };
    match state {
        LockState::Unsupported => true,
        LockState::Acquired | LockState::Held => context.scope != FileSystemScope::Machine && !is_here,
    }
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
        if try_lock(&file)? == LockState::Held {
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
fn lock_journal(path: &Path, try_lock: TryLock) -> Result<File, JournalError> {
    let io_error = |source| lock_error(path, source);
    for _ in 0..TRIES {
        let file = open(path, OpenOptions::new().read(true).append(true)).map_err(io_error)?;
        if try_lock(&file).map_err(io_error)? == LockState::Held {
            break;
        }
        if files::names_file(path, &file).map_err(io_error)? {
            return Ok(file);
        }
    }
    Err(JournalError::held(path, None))
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    files::open(path, options.create(true).truncate(false))
}

/// Locks `file`; held if another process has locked it for longer than a test takes.
fn try_lock(file: &File) -> io::Result<LockState> {
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => return Ok(LockState::Acquired),
            Err(TryLockError::WouldBlock) if attempt >= TRIES => break,
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(source)) if is_unsupported(&source) => return Ok(LockState::Unsupported),
            Err(TryLockError::Error(source)) => return Err(source),
        }
    }
    Ok(LockState::Held)
}

/// Whether the file system has no locks, or does not reach the server that keeps them.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOLCK | libc::EOPNOTSUPP | libc::ENOSYS))
}

/// Whether a driver has locked the study. Does not keep a driver from starting.
pub fn is_held(folder: &StudyFolder) -> bool {
    // The lock file may have been removed, and versions before 0.2 do not lock the journal.
    let states = [folder.lock(), folder.journal()].map(|path| state_of(&path));
    match () {
        () if states.contains(&LockState::Held) => true,
        () if states.contains(&LockState::Unsupported) => lease::has_recent(&folder.lock()),
        () => lease::has_recent_foreign(&folder.lock()),
    }
}

/// The error for a study that [`is_held`].
pub fn held_error(folder: &StudyFolder) -> JournalError {
    let path = folder.lock();
    JournalError::held(&path, LeaseRecord::read(&path).ok().flatten())
}

fn state_of(path: &Path) -> LockState {
    match files::open_to_read(path) {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => LockState::Acquired,
            Err(TryLockError::Error(source)) if is_unsupported(&source) => LockState::Unsupported,
            Err(_) => LockState::Held,
        },
        // A driver creates both files.
        Err(e) if e.kind() == io::ErrorKind::NotFound => LockState::Acquired,
        Err(_) => LockState::Held,
    }
}

#[cfg(test)]
mod tests;
