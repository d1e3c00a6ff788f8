//! The checkpoint directory of each trial: its contents when a job starts, and its removal.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, unlinkat};
use rustix::io::Errno;

use super::copy_name::{self, CopyHistory, CopyName, CopyingLaunch, session_name};
use super::directory;
use super::durable::{Disk, sync_tree};
use super::file_error::FileError;
use super::trial_folder::{CHECKPOINT, TrialFolder, named};
use crate::engine::event::Launch;
use crate::journal::folder::layout::StudyFolder;
use crate::launch::orphans::mark::SessionMark;
use crate::types::allocation::PromotedStart;
use crate::types::ids::{Attempt, JobKey, TrialId};
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

/// The checkpoint directories of a study, in one session.
#[derive(Debug)]
pub struct Checkpoints {
    folder: StudyFolder,
    promoted: PromotedStart,
    /// Name of the session in the names of copies.
    session: Arc<str>,
    history: CopyHistory,
    disk: Arc<dyn Disk>,
}

/// What remains to be done before the job of a prepared checkpoint is spawned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Prepared {
    /// Nothing.
    Ready,
    /// Syncing its launch record: from then on, attempts of the job start from the copy.
    AfterJournalSync,
}

/// Directories that are no longer needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// The checkpoint of a trial that is over, with all copies.
    Checkpoint(TrialId),
    /// The copies made for a job that will not run again.
    Copies(JobKey),
    /// All copies of a trial of which no job will run again; its checkpoint is kept.
    AllCopies(TrialId),
}

impl Removal {
    /// The trial of the directories.
    pub fn trial(self) -> TrialId {
        match self {
            Removal::Checkpoint(trial) | Removal::AllCopies(trial) => trial,
            Removal::Copies(job) => job.trial,
        }
    }
}

impl Checkpoints {
    /// The checkpoints in `folder`, in the session with `mark`. `history` decides which copies of earlier sessions are trusted.
    pub fn new(
        folder: StudyFolder,
        promoted: PromotedStart,
        mark: &SessionMark,
        history: CopyHistory,
        disk: Arc<dyn Disk>,
    ) -> Checkpoints {
        Checkpoints { folder, promoted, session: session_name(mark.as_str()).into(), history, disk }
    }

    /// What a promoted job starts from.
    pub fn promoted(&self) -> PromotedStart {
        self.promoted
    }

    /// Creates the trial's folder and prepares its checkpoint directory for `launch`.
    ///
    /// # Errors
    /// The file that cannot be copied or removed; see [`FileError::is_machine_error`]. Also if `is_ended` returns true during a copy; it
    /// is called at least every 8 MiB.
    pub fn prepare(&self, launch: &Launch, is_ended: &dyn Fn() -> bool) -> Result<Prepared, FileError> {
        let trial = launch.job.key.trial;
        if launch.previous > Resource::ZERO && self.promoted == PromotedStart::FromCheckpoint {
            return self.prepare_promoted(launch, is_ended);
        }
        if launch.previous == Resource::ZERO && launch.job.attempt == Attempt(1) {
            // The usual case, without opening the folder.
            if fs::create_dir(self.folder.trial(trial)).is_ok() {
                let path = self.folder.checkpoint(trial);
                let name = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other);
                let made = name.and_then(|name| directory::make_directory(CWD, &name));
                return made.map(|()| Prepared::Ready).map_err(|source| FileError { path, source });
            }
        }
        let folder = self.make_folder(trial)?;
        folder.discard_checkpoint(&self.unique(launch.job.attempt))?;
        folder.make(CHECKPOINT)?;
        Ok(Prepared::Ready)
    }

    /// A promoted job starts from the copy of an earlier attempt. Without one, it makes the copy.
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

    /// The copy made for this job since the last value of its trial was journalled. If there is none, no process has used the directory
    /// since then. Removes other copies for this job.
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

    /// The job of `launch` has ended. Syncs its checkpoint if the next job of the trial may start from it. Must be called before the end
    /// is journalled: the kernel may write the journal to the disk at any time.
    ///
    /// # Errors
    /// Of the machine only.
    pub fn job_ended(&self, launch: &Launch, outcome: &Outcome) -> Result<(), FileError> {
        if self.promoted == PromotedStart::FromScratch {
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

    /// Syncs all that was written to the file system of the study's folder.
    ///
    /// # Errors
    /// Of opening the folder and of the sync.
    pub fn sync_file_system(&self) -> Result<(), FileError> {
        let root = self.folder.root();
        let synced = fs::File::open(root).and_then(|opened| self.disk.sync_file_system(opened.as_fd()));
        synced.map_err(|source| FileError { path: root.to_owned(), source })
    }

    /// Syncs the folder of a new study and all its ancestors.
    pub fn sync_root(&self) {
        for folder in self.folder.root().ancestors() {
            // A folder that cannot be opened was not created by us.
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

    /// Removes directories that are no longer needed, as far as possible. Logs are kept.
    ///
    /// # Errors
    /// The first entry that could not be removed.
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

    fn remove_where(&self, trial: TrialId, is_unneeded: impl Fn(&CStr) -> bool) -> Result<(), FileError> {
        let Some(folder) = self.existing_folder(trial)? else { return Ok(()) };
        let mut removed = Ok(());
        for name in folder.entries()?.iter().filter(|name| is_unneeded(name)) {
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

    /// Opens the trial's folder, and creates it if it is missing.
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

    /// Part of a name that is unique to this launch of the trial.
    fn unique(&self, attempt: Attempt) -> String {
        format!("{}-{attempt}", self.session)
    }
}
