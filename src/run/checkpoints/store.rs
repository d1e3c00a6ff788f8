//! Each trial's checkpoint directory: what a job finds there when it begins, and when it is removed.

use std::ffi::{CStr, CString, OsStr};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, renameat};

use super::copy::copy;
use super::copy_name::{self, CopyHistory, CopyName, CopyingLaunch, session_name};
use super::directory;
use super::durable::{Disk, sync_tree};
use super::file_error::FileError;
use super::remove::remove;
use crate::engine::event::Launch;
use crate::engine::experiment::PromotedStart;
use crate::journal::folder::layout::StudyFolder;
use crate::launch::orphans::mark::SessionMark;
use crate::types::ids::{Attempt, JobKey, TrialId};
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

const CHECKPOINT: &CStr = c"checkpoint";

/// The checkpoint directories of a study, as one session uses them.
#[derive(Debug)]
pub struct Checkpoints {
    folder: StudyFolder,
    promoted: PromotedStart,
    /// The session's name in names of copies.
    session: Arc<str>,
    history: CopyHistory,
    disk: Arc<dyn Disk>,
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
        Checkpoints { folder, promoted, session: session_name(mark.as_str()).into(), history, disk }
    }

    /// What a promoted trial finds.
    pub fn promoted(&self) -> PromotedStart {
        self.promoted
    }

    /// Makes the trial's folder and sets its checkpoint directory as `launch` is to find it.
    ///
    /// # Errors
    /// The file that cannot be copied or removed; [`FileError::stops_the_study`] says whose trouble it is. Also where `is_ended`
    /// becomes true while a file is copied, which it is asked at least every 8 MiB.
    pub fn prepare(&self, launch: &Launch, is_ended: &dyn Fn() -> bool) -> Result<Prepared, FileError> {
        let trial = launch.job.key.trial;
        if launch.previous > Resource::ZERO && self.promoted == PromotedStart::FromCheckpoint {
            return self.prepare_promoted(launch, is_ended);
        }
        if launch.previous == Resource::ZERO && launch.job.attempt == Attempt(1) {
            // The usual case, in two calls where opening the folders takes more.
            let home = self.folder.trial(trial);
            let made = fs::create_dir(&home).and_then(|()| fs::create_dir(self.folder.checkpoint(trial)));
            if made.is_ok() {
                return Ok(Prepared::Ready);
            }
        }
        self.home(trial)?.empty_checkpoint(&self.unique(launch.job.attempt))?;
        Ok(Prepared::Ready)
    }

    /// A job that is promoted begins from the copy that an earlier attempt made, or makes it.
    fn prepare_promoted(&self, launch: &Launch, is_ended: &dyn Fn() -> bool) -> Result<Prepared, FileError> {
        let JobKey { trial, rung } = launch.job.key;
        let home = self.home(trial)?;
        let unique = self.unique(launch.job.attempt);
        let trusted = self.trusted_copy(&home, launch.job.key)?;
        let partial = named(&format!("{}.{unique}", copy_name::PARTIAL));
        if let Some(copy) = trusted {
            home.copy(&copy.to_c(), &partial, is_ended)?;
            home.discard_checkpoint(&unique)?;
            home.rename(&partial, CHECKPOINT)?;
            return Ok(Prepared::Ready);
        }
        home.make(CHECKPOINT)?;
        home.copy(CHECKPOINT, &partial, is_ended)?;
        sync_tree(&*self.disk, home.handle(), &partial, &home.path_of(&partial))?;
        let launch = CopyingLaunch { session: self.session.clone(), attempt: launch.job.attempt };
        home.rename(&partial, &CopyName { rung, launch: Some(launch) }.to_c())?;
        self.disk.sync(home.handle()).map_err(home.at(CHECKPOINT))?;
        Ok(Prepared::AfterJournalSync)
    }

    /// The copy to begin from, if one was made for this job since its trial's last value was journalled. Without one, no process has
    /// used the directory since then. Other copies for this job are removed.
    fn trusted_copy(&self, home: &Home, job: JobKey) -> Result<Option<CopyName>, FileError> {
        let mut trusted = None;
        for name in home.entries()? {
            let copy = CopyName::parse(&name);
            match copy.filter(|copy| copy.rung == job.rung) {
                Some(copy) if trusted.is_none() && self.is_trusted(job.trial, &copy) => trusted = Some(copy),
                Some(_) => home.try_to_remove(&name),
                None if copy_name::is_leftover(&name) => home.try_to_remove(&name),
                None => {}
            }
        }
        Ok(trusted)
    }

    fn is_trusted(&self, trial: TrialId, copy: &CopyName) -> bool {
        copy.launch.as_ref().is_some_and(|launch| launch.session == self.session)
            || self.history.vouches_for(trial, copy)
    }

    /// Puts on the disk what a job left, if the next job of its trial may begin from it. To be called before the job's end is
    /// journalled: the kernel may write the journal to the disk at any time.
    ///
    /// # Errors
    /// Trouble of the machine.
    pub fn make_durable(&self, launch: &Launch, outcome: &Outcome) -> Result<(), FileError> {
        let used = matches!(outcome, Outcome::Succeeded { .. } | Outcome::Stopped { .. }) && !outcome.runs_again();
        if self.promoted == PromotedStart::FromScratch || !used {
            return Ok(());
        }
        match self.sync_checkpoint(launch) {
            Err(fault) if !fault.stops_the_study() => self.sync_file_system(),
            other => other,
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
        let home = self.home(launch.job.key.trial)?;
        sync_tree(&*self.disk, home.handle(), CHECKPOINT, &home.path_of(CHECKPOINT))?;
        self.disk.sync(home.handle()).map_err(home.at(CHECKPOINT))?;
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
                match fs::remove_dir(self.folder.checkpoint(trial)) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => {
                        self.remove_where(trial, |name| name == CHECKPOINT)
                    }
                    _ => Ok(()),
                }
            }
            (Removal::Checkpoint(trial), PromotedStart::FromCheckpoint) => {
                self.remove_where(trial, |name| name == CHECKPOINT || copy_name::is_ours(name))
            }
            (Removal::AllCopies(trial), PromotedStart::FromCheckpoint) => self.remove_where(trial, copy_name::is_ours),
            (Removal::Copies(job), PromotedStart::FromCheckpoint) => {
                self.remove_where(job.trial, |name| CopyName::parse(name).is_some_and(|copy| copy.rung == job.rung))
            }
        }
    }

    fn remove_where(&self, trial: TrialId, unused: impl Fn(&CStr) -> bool) -> Result<(), FileError> {
        let path = self.folder.trial(trial);
        let home = match Home::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|source| FileError { path, source })?,
        };
        let mut removed = Ok(());
        for name in home.entries()?.iter().filter(|name| unused(name)) {
            removed = removed.and(home.remove(name));
        }
        removed
    }

    /// The trial's folder, made if it is not there.
    fn home(&self, trial: TrialId) -> Result<Home, FileError> {
        let path = self.folder.trial(trial);
        let opened = Home::open(&path).or_else(|e| {
            if e.kind() != io::ErrorKind::NotFound {
                return Err(e);
            }
            fs::create_dir_all(&path)?;
            Home::open(&path)
        });
        opened.map_err(|source| FileError { path, source })
    }

    /// Part of a name that no other launch of the trial gives.
    fn unique(&self, attempt: Attempt) -> String {
        format!("{}-{attempt}", self.session)
    }
}

fn named(name: &str) -> CString {
    // Names of sessions are made of letters, digits and dashes.
    CString::new(name).unwrap_or_default()
}

/// A trial's open folder.
struct Home {
    handle: OwnedFd,
    path: PathBuf,
}

impl Home {
    /// The last component of `path` must not be a link.
    fn open(path: &Path) -> io::Result<Home> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = rustix::fs::open(parent, flags, Mode::empty())?;
        let handle = directory::open_writable(&parent, &CString::new(name.as_bytes())?)?;
        Ok(Home { handle, path: path.to_owned() })
    }

    fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    fn path_of(&self, name: &CStr) -> PathBuf {
        self.path.join(OsStr::from_bytes(name.to_bytes()))
    }

    fn at<E: Into<io::Error>>(&self, name: &CStr) -> impl FnOnce(E) -> FileError {
        let path = self.path_of(name);
        move |source| FileError { path, source: source.into() }
    }

    fn entries(&self) -> Result<Vec<CString>, FileError> {
        directory::entries(self.handle()).map_err(|source| FileError { path: self.path.clone(), source })
    }

    fn make(&self, name: &CStr) -> Result<(), FileError> {
        directory::make_directory(self.handle(), name).map_err(self.at(name))
    }

    fn rename(&self, from: &CStr, to: &CStr) -> Result<(), FileError> {
        renameat(self.handle(), from, self.handle(), to).map_err(self.at(to))
    }

    fn copy(&self, from: &CStr, to: &CStr, is_ended: &dyn Fn() -> bool) -> Result<(), FileError> {
        let copied = copy(self.handle(), from, to, &self.path_of(from), is_ended);
        if copied.is_err() {
            self.try_to_remove(to);
        }
        copied
    }

    fn remove(&self, name: &CStr) -> Result<(), FileError> {
        remove(self.handle(), name, &self.path_of(name))
    }

    /// What is left is tried again at the next launch of the trial and when the trial is over.
    fn try_to_remove(&self, name: &CStr) {
        let _ = self.remove(name);
    }

    /// Afterwards nothing is called `checkpoint`: what cannot be removed, because of its permissions or of a process that still
    /// adds to it, gets another name.
    fn discard_checkpoint(&self, unique: &str) -> Result<(), FileError> {
        let Err(fault) = self.remove(CHECKPOINT) else { return Ok(()) };
        let discarded = named(&format!("{}.{unique}", copy_name::DISCARDED));
        self.rename(CHECKPOINT, &discarded).map_err(|_| fault)
    }

    fn empty_checkpoint(&self, unique: &str) -> Result<(), FileError> {
        self.discard_checkpoint(unique)?;
        self.make(CHECKPOINT)
    }
}
