//! The checkpoint directory of each slot's last job. Where that job did not touch it, the slot's next job gets it under its own
//! trial's name: a rename takes no inode and half the time of making a directory.

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, open, renameat};

use super::directory;
use crate::journal::folder::layout::StudyFolder;
use crate::types::ids::{Slot, TrialId};

/// Directories by slot. Each is in its trial's folder under the usual name, so a session that is killed leaves nothing to clear up.
#[derive(Debug, Default)]
pub struct SlotDirectories {
    by_slot: Mutex<Vec<Option<SlotDirectory>>>,
}

#[derive(Clone, Copy, Debug)]
struct SlotDirectory {
    trial: TrialId,
    identity: Identity,
    job: JobState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum JobState {
    Running,
    Ended,
}

/// Differs once somebody has put something into the directory, changed its permissions or replaced it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Identity {
    device: u64,
    inode: u64,
    mode: u32,
    owner: u32,
    size: i64,
    /// `st_ctime` in seconds and nanoseconds. The kernel's clock for it ticks every few milliseconds, so it does not suffice alone.
    changed: (i64, u64),
}

impl Identity {
    fn of(stat: &Stat) -> Identity {
        Identity {
            device: stat.st_dev,
            inode: stat.st_ino,
            mode: stat.st_mode,
            owner: stat.st_uid,
            size: stat.st_size,
            changed: (stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

impl SlotDirectories {
    /// Makes `name` in `parent` an empty directory, for a job of `trial` on `slot`. Nothing may have that name.
    ///
    /// # Errors
    /// Of making or renaming the directory.
    pub fn make(
        &self,
        folder: &StudyFolder,
        (slot, trial): (Slot, TrialId),
        parent: BorrowedFd<'_>,
        name: &CStr,
    ) -> io::Result<()> {
        let mut by_slot = self.lock();
        let index = slot.0 as usize;
        if by_slot.len() <= index {
            by_slot.resize(index + 1, None);
        }
        let last = by_slot[index].take().filter(|last| last.job == JobState::Ended);
        let is_renamed = match last {
            Some(last) => rename_untouched(&folder.checkpoint(last.trial), &last.identity, parent, name)?,
            None => false,
        };
        if !is_renamed {
            directory::make_directory(parent, name)?;
        }
        let identity = Identity::of(&directory::stat(parent, name)?);
        by_slot[index] = Some(SlotDirectory { trial, identity, job: JobState::Running });
        Ok(())
    }

    /// The job on `slot` has ended.
    pub fn job_ended(&self, slot: Slot) {
        if let Some(Some(directory)) = self.lock().get_mut(slot.0 as usize) {
            directory.job = JobState::Ended;
        }
    }

    /// No slot renames the directory of `trial` any more. Returns once a rename that is in progress is done.
    pub fn forget(&self, trial: TrialId) {
        for directory in self.lock().iter_mut() {
            directory.take_if(|directory| directory.trial == trial);
        }
    }

    /// Trials with a directory that no job uses; they are forgotten.
    pub fn take_ended(&self) -> Vec<TrialId> {
        let directories = std::mem::take(&mut *self.lock());
        let ended = directories.into_iter().flatten().filter(|directory| directory.job == JobState::Ended);
        ended.map(|directory| directory.trial).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<SlotDirectory>>> {
        self.by_slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renames the directory `from` to `to` in `parent` if it still has `identity` and is empty; false if it stays where it is.
///
/// # Errors
/// A directory that is no longer empty after the rename, and cannot be given its old name again.
fn rename_untouched(from: &Path, identity: &Identity, parent: BorrowedFd<'_>, to: &CStr) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(opened) = open(from, flags, Mode::empty()) else { return Ok(false) };
    let is_untouched = fstat(&opened).is_ok_and(|stat| Identity::of(&stat) == *identity);
    if !is_untouched || !directory::is_empty(&opened).unwrap_or(false) || renameat(CWD, from, parent, to).is_err() {
        return Ok(false);
    }
    // From here on no path of the ended job leads to the directory. A process that outlived the job may have used one until now.
    let is_same = |renamed: Stat| (renamed.st_dev, renamed.st_ino) == (identity.device, identity.inode);
    if directory::stat(parent, to).is_ok_and(is_same) && directory::is_empty(&opened).unwrap_or(false) {
        return Ok(true);
    }
    renameat(parent, to, CWD, from).map_err(|source| {
        let to = Path::new(OsStr::from_bytes(to.to_bytes()));
        io::Error::new(source.kind(), format!("rename {} to {}: {source}", to.display(), from.display()))
    })?;
    Ok(false)
}
