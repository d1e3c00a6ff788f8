//! The scratch folder of `doctor`. A lock in it shows whether its doctor still runs, so that a later one can remove what a killed one left.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const PREFIX: &str = "hypertune-doctor-";
/// The lock file; a folder without it is never removed by another doctor.
const LOCK: &str = "doctor.lock";

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct ScratchFolder {
    folder: TempDir,
    /// Locked while the doctor runs.
    _lock: File,
}

impl ScratchFolder {
    /// Creates a folder in `parent`.
    ///
    /// # Errors
    /// Those of creating it and its lock file.
    pub fn create(parent: &Path) -> io::Result<ScratchFolder> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let unlocked = folder.path().join("unlocked");
        let lock = File::create(&unlocked)?;
        // If locks are not supported, no later doctor removes the folder.
        let _ = lock.try_lock();
        // The file has its name only once it is locked.
        fs::rename(&unlocked, folder.path().join(LOCK))?;
        Ok(ScratchFolder { folder, _lock: lock })
    }

    /// Removes folders beside this one whose doctors were killed. What cannot be removed stays.
    pub fn remove_abandoned(&self) {
        let (Some(parent), Ok(own)) = (self.path().parent(), fs::metadata(self.path())) else { return };
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let is_scratch = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let is_own = is_scratch && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == own.uid());
            let Some(lock) = is_own.then(|| File::open(entry.path().join(LOCK)).ok()).flatten() else { continue };
            if lock.try_lock().is_ok() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder; its path.
    pub fn keep(self) -> PathBuf {
        let _ = fs::remove_file(self.path().join(LOCK));
        self.folder.keep()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_of_doctors_that_were_killed_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let running = ScratchFolder::create(parent.path()).unwrap();
        let kept = ScratchFolder::create(parent.path()).unwrap().keep();
        // As a killed doctor leaves it: the kernel has released the lock.
        let killed = ScratchFolder::create(parent.path()).unwrap();
        fs::create_dir(killed.path().join("0")).unwrap();
        let ScratchFolder { folder, _lock: lock } = killed;
        let killed = folder.keep();
        drop(lock);
        running.remove_abandoned();
        assert!(running.path().exists() && kept.exists() && !killed.exists());
    }
}
