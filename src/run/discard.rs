//! Removes the study that `--overwrite` discards, once the new one can start.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use super::checkpoints::{FileError, remove_tree};
use super::error::RunError;
use super::options::Existing;
use super::resume::ReplayedStudy;
use crate::journal::folder::claim;
use crate::journal::folder::files;
use crate::journal::folder::files::ignore_not_found;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::folder::lock::StudyLock;

/// Most descriptors that starting one job needs: three pipes, a pidfd and its logs, rounded up.
const JOB_DESCRIPTORS: usize = 16;

/// Removes the study to be overwritten, or completes a removal that an earlier session did not finish.
pub fn discard(
    lock: &mut StudyLock,
    folder: &StudyFolder,
    existing: Existing,
    opened: &ReplayedStudy,
) -> Result<(), RunError> {
    match existing {
        Existing::Overwrite => {
            check_descriptors().map_err(|source| RunError::System { operation: "open files for a job", source })?;
            lock.replace_journal().map_err(|source| RunError::file(folder.journal(), source))?;
        }
        Existing::Continue if !opened.launched && claim::is_discarding(folder)? => {}
        Existing::Continue => return Ok(()),
    }
    remove_discarded(folder).map_err(RunError::Discard)
}

/// Checks that a job's pipes and files can be opened.
fn check_descriptors() -> io::Result<()> {
    let opened: io::Result<Vec<File>> = (0..JOB_DESCRIPTORS).map(|_| File::open("/dev/null")).collect();
    opened.map(drop)
}

/// Removes the rest of a discarded study, its journal last. Keeps other files and the targets of links.
fn remove_discarded(folder: &StudyFolder) -> Result<(), FileError> {
    let [tuner_log, readings, trials, journal] =
        [folder.tuner_log(), folder.readings(), folder.trials(), folder.discarded()];
    ignore_not_found(fs::remove_file(&tuner_log)).map_err(|source| FileError { path: tuner_log, source })?;
    // Not a directory of this name, which no driver has made.
    if !readings.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        ignore_not_found(fs::remove_file(&readings)).map_err(|source| FileError { path: readings, source })?;
    }
    if trials.symlink_metadata().is_ok() {
        remove_trials(folder)?;
    }
    ignore_not_found(fs::remove_file(&journal)).map_err(|source| FileError { path: journal, source })
}

fn remove_trials(folder: &StudyFolder) -> Result<(), FileError> {
    let trials = folder.trials();
    let error = |source| FileError { path: trials.clone(), source };
    files::check_directory(&trials).map_err(error)?;
    let handle = File::open(&trials).map_err(error)?;
    for entry in fs::read_dir(&trials).map_err(error)? {
        let name = entry.map_err(error)?.file_name();
        if StudyFolder::is_trial(&name) {
            let path = trials.join(&name);
            // A name in a directory contains no NUL byte.
            let name = CString::new(name.as_bytes()).unwrap_or_default();
            remove_tree(handle.as_fd(), &name, &path)?;
        }
    }
    match fs::remove_dir(&trials) {
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed.map_err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::types::ids::TrialId;

    #[test]
    fn files_outside_the_discarded_study_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path().join("s"));
        let outside = dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "x").unwrap();
        fs::create_dir_all(folder.checkpoint(TrialId(0))).unwrap();
        fs::write(folder.checkpoint(TrialId(0)).join("model"), "x").unwrap();
        fs::set_permissions(folder.checkpoint(TrialId(0)), fs::Permissions::from_mode(0o500)).unwrap();
        symlink(&outside, folder.trials().join("1")).unwrap();
        for foreign in [folder.root().join("thesis.tex"), folder.trials().join("notes")] {
            fs::write(foreign, "x").unwrap();
        }
        fs::write(folder.discarded(), "x").unwrap();
        remove_discarded(&folder).unwrap();
        remove_discarded(&folder).unwrap();
        assert!(outside.join("precious").exists());
        assert!(folder.root().join("thesis.tex").exists() && folder.trials().join("notes").exists());
        assert_eq!(fs::read_dir(folder.trials()).unwrap().count(), 1);
        assert!(!folder.discarded().exists());
    }
}
