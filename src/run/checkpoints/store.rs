//! Each trial's checkpoint directory: what a job finds there when it begins, and when it is removed.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, unlinkat};
use rustix::io::Errno;

use super::copy_name::{self, CopyHistory, CopyName, CopyingLaunch, session_name};
use super::directory;
use super::durable::{Disk, sync_tree};
use super::file_error::FileError;
use super::slot_directories::SlotDirectories;
use super::trial_folder::{CHECKPOINT, TrialFolder, named};
use crate::engine::event::Launch;
use crate::engine::experiment::PromotedStart;
use crate::journal::folder::layout::StudyFolder;
use crate::launch::orphans::mark::SessionMark;
use crate::types::ids::{Attempt, JobKey, TrialId};
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

/// The checkpoint directories of a study, as one session uses them.
#[derive(Debug)]
pub struct Checkpoints {
    folder: StudyFolder,
    promoted: PromotedStart,
    /// The session's name in names of copies.
    session: Arc<str>,
    history: CopyHistory,
    disk: Arc<dyn Disk>,
    /// Used with [`PromotedStart::FromScratch`] only.
    slots: SlotDirectories,
}

/// What must be true before a job is spawned whose checkpoint was prepared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Prepared {
    /// Nothing more.
    Ready,
    /// Its launch record must be on the disk: from then on the copy, not the directory, holds the state to begin from.
    AfterJournalSync,
}

/// A directory that is of no use any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// The trial is over: its checkpoint and all copies of it.
    Checkpoint(TrialId),
    /// The job will not run again: the copies made for it.
    Copies(JobKey),
    /// No job of the trial will run again: all copies, its checkpoint stays.
    AllCopies(TrialId),
}

impl Removal {
    /// Whose directory it is.
    pub fn trial(self) -> TrialId {
        match self {
            Removal::Checkpoint(trial) | Removal::AllCopies(trial) => trial,
            Removal::Copies(job) => job.trial,
        }
    }
}

impl Checkpoints {
    /// Those in `folder`, in the session with `mark`; `promoted` says what a promoted trial finds, `history` which copies of
    /// earlier sessions it may begin from.
    pub fn new(
        folder: StudyFolder,
        promoted: PromotedStart,
        mark: &SessionMark,
        history: CopyHistory,
        disk: Arc<dyn Disk>,
    ) -> Checkpoints {
        let (session, slots) = (session_name(mark.as_str()).into(), SlotDirectories::default());
        Checkpoints { folder, promoted, session, history, disk, slots }
    }

    /// What a promoted trial finds.
    pub fn promoted(&self) -> PromotedStart {
        self.promoted
    }

    /// Makes the trial's folder and sets its checkpoint directory as `launch` is to find it.
    ///
    /// # Errors
    /// The file that cannot be copied or removed; [`FileError::is_machine_error`] says whose trouble it is. Also where `is_ended`
    /// becomes true while a file is copied, which it is asked at least every 8 MiB.
    pub fn prepare(&self, launch: &Launch, is_ended: &dyn Fn() -> bool) -> Result<Prepared, FileError> {
        let trial = launch.job.key.trial;
        if launch.previous > Resource::ZERO && self.promoted == PromotedStart::FromCheckpoint {
            return self.prepare_promoted(launch, is_ended);
        }
        if launch.previous == Resource::ZERO && launch.job.attempt == Attempt(1) {
            // The usual case, in two calls where opening the folders takes more.
            if fs::create_dir(self.folder.trial(trial)).is_ok() {
                let path = self.folder.checkpoint(trial);
                let name = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other);
                let made = name.and_then(|name| self.make_empty(launch, CWD, &name));
                return made.map(|()| Prepared::Ready).map_err(|source| FileError { path, source });
            }
        }
        self.slots.forget(trial);
        let folder = self.make_folder(trial)?;
        folder.discard_checkpoint(&self.unique(launch.job.attempt))?;
        self.make_empty(launch, folder.handle(), CHECKPOINT).map_err(folder.at(CHECKPOINT))?;
        Ok(Prepared::Ready)
    }

    /// Makes an empty checkpoint directory for `launch`.
    fn make_empty(&self, launch: &Launch, parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        match self.promoted {
            PromotedStart::FromCheckpoint => directory::make_directory(parent, name),
            PromotedStart::FromScratch => {
                self.slots.make(&self.folder, (launch.slot, launch.job.key.trial), parent, name)
            }
        }
    }

    /// A job that is promoted begins from the copy that an earlier attempt made, or makes it.
    fn prepare_promoted(&self, launch: &Launch, is_ended: &dyn Fn() -> bool) -> Result<Prepared, FileError> {
        let JobKey { trial, rung } = launch.job.key;
        let folder = self.make_folder(trial)?;
        let unique = self.unique(launch.job.attempt);
        let trusted = self.trusted_copy(&folder, launch.job.key)?;
        let partial = named(&format!("{}.{unique}", copy_name::PARTIAL));
        if let Some(copy) = trusted {
            folder.copy(&copy.to_c(), &partial, is_ended)?;
            folder.discard_checkpoint(&unique)?;
            folder.rename(&partial, CHECKPOINT)?;
            return Ok(Prepared::Ready);
        }
        folder.make(CHECKPOINT)?;
        folder.copy(CHECKPOINT, &partial, is_ended)?;
        sync_tree(&*self.disk, folder.handle(), &partial, &folder.path_of(&partial))?;
        let launch = CopyingLaunch { session: self.session.clone(), attempt: launch.job.attempt };
        folder.rename(&partial, &CopyName { rung, launch: Some(launch) }.to_c())?;
        self.disk.sync(folder.handle()).map_err(folder.at(CHECKPOINT))?;
        Ok(Prepared::AfterJournalSync)
    }

    /// The copy to begin from, if one was made for this job since its trial's last value was journalled. Without one, no process has
    /// used the directory since then. Other copies for this job are removed.
    fn trusted_copy(&self, folder: &TrialFolder, job: JobKey) -> Result<Option<CopyName>, FileError> {
        let mut trusted = None;
        for name in folder.entries()? {
            let copy = CopyName::parse(&name);
            match copy.filter(|copy| copy.rung == job.rung) {
                Some(copy) if trusted.is_none() && self.is_trusted(job.trial, &copy) => trusted = Some(copy),
                Some(_) => folder.try_to_remove(&name),
                None if copy_name::is_leftover(&name) => folder.try_to_remove(&name),
                None => {}
            }
        }
        Ok(trusted)
    }

    fn is_trusted(&self, trial: TrialId, copy: &CopyName) -> bool {
        copy.launch.as_ref().is_some_and(|launch| launch.session == self.session) || self.history.trusts(trial, copy)
    }

    /// The job of `launch` has ended. Puts on the disk what it wrote if the next job of its trial may begin from it. To be called
    /// before the job's end is journalled: the kernel may write the journal to the disk at any time.
    ///
    /// # Errors
    /// Trouble of the machine.
    pub fn job_ended(&self, launch: &Launch, outcome: &Outcome) -> Result<(), FileError> {
        if self.promoted == PromotedStart::FromScratch {
            self.slots.job_ended(launch.slot);
            return Ok(());
        }
        let used = matches!(outcome, Outcome::Succeeded { .. } | Outcome::Stopped { .. }) && !outcome.runs_again();
        if !used {
            return Ok(());
        }
        match self.sync_checkpoint(launch) {
            Err(error) if !error.is_machine_error() => self.sync_file_system(),
            other => other,
        }
    }

    /// No further job will start: removes directories that no job has put anything into.
    pub fn session_ended(&self) {
        for trial in self.slots.take_ended() {
            if let Ok(folder) = TrialFolder::open(&self.folder.trial(trial)) {
                // A directory that is not empty stays.
                let _ = unlinkat(folder.handle(), CHECKPOINT, AtFlags::REMOVEDIR);
            }
        }
    }

    /// Syncs all that was written to the file system of the study's folder.
    ///
    /// # Errors
    /// As the disk reports them.
    pub fn sync_file_system(&self) -> Result<(), FileError> {
        let root = self.folder.root();
        let synced = fs::File::open(root).and_then(|opened| self.disk.sync_file_system(opened.as_fd()));
        synced.map_err(|source| FileError { path: root.to_owned(), source })
    }

    /// Syncs the folder of a new study and those above it, so that the study is found again.
    pub fn sync_root(&self) {
        for folder in self.folder.root().ancestors() {
            // Of a folder that cannot be opened, the entry was made by somebody else.
            let _ = fs::File::open(folder).and_then(|opened| self.disk.sync(opened.as_fd()));
        }
    }

    fn sync_checkpoint(&self, launch: &Launch) -> Result<(), FileError> {
        let folder = self.make_folder(launch.job.key.trial)?;
        sync_tree(&*self.disk, folder.handle(), CHECKPOINT, &folder.path_of(CHECKPOINT))?;
        self.disk.sync(folder.handle()).map_err(folder.at(CHECKPOINT))?;
        if launch.previous == Resource::ZERO {
            let trials = self.folder.trials();
            let synced = fs::File::open(&trials).and_then(|opened| self.disk.sync(opened.as_fd()));
            synced.map_err(|source| FileError { path: trials, source })?;
        }
        Ok(())
    }

    /// Removes what is of no use any more; logs stay. Quick where the checkpoint is empty or absent.
    ///
    /// # Errors
    /// The file that could not be removed. What else could be is gone.
    pub fn remove(&self, removal: Removal) -> Result<(), FileError> {
        match (removal, self.promoted) {
            (Removal::Copies(_) | Removal::AllCopies(_), PromotedStart::FromScratch) => Ok(()),
            (Removal::Checkpoint(trial), PromotedStart::FromScratch) => {
                let Some(folder) = self.existing_folder(trial)? else { return Ok(()) };
                match unlinkat(folder.handle(), CHECKPOINT, AtFlags::REMOVEDIR) {
                    Ok(()) | Err(Errno::NOENT) => Ok(()),
                    Err(_) => folder.remove(CHECKPOINT),
                }
            }
            (Removal::Checkpoint(trial), PromotedStart::FromCheckpoint) => {
                self.remove_where(trial, |name| name == CHECKPOINT || copy_name::is_driver_entry(name))
            }
            (Removal::AllCopies(trial), PromotedStart::FromCheckpoint) => {
                self.remove_where(trial, copy_name::is_driver_entry)
            }
            (Removal::Copies(job), PromotedStart::FromCheckpoint) => {
                self.remove_where(job.trial, |name| CopyName::parse(name).is_some_and(|copy| copy.rung == job.rung))
            }
        }
    }

    fn remove_where(&self, trial: TrialId, unused: impl Fn(&CStr) -> bool) -> Result<(), FileError> {
        let Some(folder) = self.existing_folder(trial)? else { return Ok(()) };
        let mut removed = Ok(());
        for name in folder.entries()?.iter().filter(|name| unused(name)) {
            removed = removed.and(folder.remove(name));
        }
        removed
    }

    fn existing_folder(&self, trial: TrialId) -> Result<Option<TrialFolder>, FileError> {
        let path = self.folder.trial(trial);
        match TrialFolder::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(|source| FileError { path, source }),
        }
    }

    /// The trial's folder, made if it is not there.
    fn make_folder(&self, trial: TrialId) -> Result<TrialFolder, FileError> {
        let path = self.folder.trial(trial);
        let opened = TrialFolder::open(&path).or_else(|e| {
            if e.kind() != io::ErrorKind::NotFound {
                return Err(e);
            }
            fs::create_dir_all(&path)?;
            TrialFolder::open(&path)
        });
        opened.map_err(|source| FileError { path, source })
    }

    /// Part of a name that no other launch of the trial gives.
    fn unique(&self, attempt: Attempt) -> String {
        format!("{}-{attempt}", self.session)
    }
}
