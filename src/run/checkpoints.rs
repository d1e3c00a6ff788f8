//! Each trial's checkpoint directory: what a job finds there when it begins, and when it goes.
//!
//! Where promoted trials go on (`resume: true`), a job at a higher rung finds what the one before it left. Before it is
//! spawned, a copy is set aside; another attempt of the same job, in this session or after a crash, begins from that copy. The
//! copy is real (a hard link would change with the file it links; file systems that share blocks do share them) and it appears
//! by a rename, so it is whole or not there: if it is not there, the job was never spawned and the directory is untouched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::event::Launch;
use crate::engine::experiment::Promoted;
use crate::journal::layout::StudyFolder;
use crate::words::ids::{Attempt, JobKey, TrialId};
use crate::words::units::Resource;

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

    /// Removes a trial's checkpoints; its logs stay. Quick where the directory is empty.
    pub fn remove(&self, trial: TrialId) -> Result<(), FileFault> {
        let directory = self.folder.checkpoint(trial);
        match fs::remove_dir(&directory) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(_) => remove(&directory),
        }
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
        }
        // Sockets, pipes and devices are no state.
    }
    Ok(())
}

#[cfg(test)]
mod tests;
