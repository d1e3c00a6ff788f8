//! Each trial's checkpoint directory: what a job finds there when it begins, and when it goes.
//!
//! Where promoted trials go on (`resume: true`), a job at a higher rung finds what the one before it left. Before it is
//! spawned, a copy is set aside; another attempt of the same job, in this session or after a crash, begins from that copy. The
//! copy is real (a hard link would change with the file it links; file systems that share blocks do share them) and it appears
//! by a rename, so it is whole or not there: if it is not there, the job was never spawned and the directory is untouched.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::event::Launch;
use crate::engine::experiment::Promoted;
use crate::journal::layout::StudyFolder;
use crate::words::ids::{Attempt, JobKey, TrialId};
use crate::words::units::Resource;

/// How the names of directories set aside begin.
const COPIES: &str = "checkpoint.";

/// A file operation that failed, with the file it failed at.
#[derive(Debug)]
pub struct FileFault {
    /// The file.
    pub path: PathBuf,
    /// The system's answer.
    pub source: io::Error,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FileFault {
    move |source| FileFault { path: path.to_owned(), source }
}

/// The checkpoint directories of a study.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: StudyFolder,
    promoted: Promoted,
}

impl Checkpoints {
    /// Those in `folder`; `promoted` says what a promoted trial finds.
    pub fn new(folder: StudyFolder, promoted: Promoted) -> Checkpoints {
        Checkpoints { folder, promoted }
    }

    /// Makes the trial's folder and sets its checkpoint directory as `launch` is to find it.
    pub fn prepare(&self, launch: &Launch) -> Result<(), FileFault> {
        let JobKey { trial, rung } = launch.job.key;
        let directory = self.folder.checkpoint(trial);
        if launch.previous == Resource::ZERO && launch.job.attempt == Attempt(1) {
            // The usual case, in two calls where a recursive creation takes four.
            let home = self.folder.trial(trial);
            return match fs::create_dir(&home).and_then(|()| fs::create_dir(&directory)) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.empty(&directory),
                other => other.map_err(at(&home)),
            };
        }
        if launch.previous == Resource::ZERO || self.promoted == Promoted::StartOver {
            return self.empty(&directory);
        }
        let snapshot = self.folder.snapshot(trial, rung);
        if snapshot.exists() {
            remove(&directory)?;
            copy_whole(&snapshot, &directory)
        } else {
            fs::create_dir_all(&directory).map_err(at(&directory))?;
            copy_whole(&directory, &snapshot)
        }
    }

    /// The job will not run again: the copy set aside for it is of no use any more.
    pub fn settled(&self, job: JobKey, previous: Resource) -> Result<(), FileFault> {
        if previous == Resource::ZERO || self.promoted == Promoted::StartOver {
            return Ok(());
        }
        remove(&self.folder.snapshot(job.trial, job.rung))
    }

    /// Removes a trial's checkpoints, and what was set aside for a job of it that never succeeded; its logs stay. Quick where the
    /// directory is empty.
    pub fn remove(&self, trial: TrialId) -> Result<(), FileFault> {
        let directory = self.folder.checkpoint(trial);
        match fs::remove_dir(&directory) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => remove(&directory)?,
            _ => {}
        }
        match self.promoted {
            Promoted::StartOver => Ok(()),
            Promoted::Continue => self.remove_copies(trial),
        }
    }

    fn remove_copies(&self, trial: TrialId) -> Result<(), FileFault> {
        let home = self.folder.trial(trial);
        let entries = match fs::read_dir(&home) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(at(&home))?,
        };
        for entry in entries {
            let entry = entry.map_err(at(&home))?;
            if entry.file_name().as_encoded_bytes().starts_with(COPIES.as_bytes()) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    fn empty(&self, directory: &Path) -> Result<(), FileFault> {
        remove(directory)?;
        fs::create_dir_all(directory).map_err(at(directory))
    }
}

fn remove(directory: &Path) -> Result<(), FileFault> {
    match fs::remove_dir_all(directory) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(FileFault { path: directory.to_owned(), source: e }),
        _ => Ok(()),
    }
}

/// Copies the directory `from` to `to`, which must not exist; `to` appears when the copy is complete.
fn copy_whole(from: &Path, to: &Path) -> Result<(), FileFault> {
    let partial = to.with_extension("partial");
    remove(&partial)?;
    copy_tree(from, &partial)?;
    fs::rename(&partial, to).map_err(at(to))
}

/// Modification times come along: many scripts load the newest file they find.
fn copy_tree(from: &Path, to: &Path) -> Result<(), FileFault> {
    fs::create_dir(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(at(&source))?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else if kind.is_symlink() {
            let link = fs::read_link(&source).map_err(at(&source))?;
            std::os::unix::fs::symlink(link, &target).map_err(at(&target))?;
        } else if kind.is_file() {
            fs::copy(&source, &target).map_err(at(&target))?;
            copy_time(&source, &target)?;
        }
        // Sockets, pipes and devices are no state.
    }
    copy_time(from, to)
}

fn copy_time(from: &Path, to: &Path) -> Result<(), FileFault> {
    let modified = fs::metadata(from).and_then(|metadata| metadata.modified()).map_err(at(from))?;
    let times = FileTimes::new().set_modified(modified);
    File::open(to).and_then(|file| file.set_times(times)).map_err(at(to))
}

#[cfg(test)]
mod tests;
