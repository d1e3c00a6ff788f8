//! The files that all jobs of a session share.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::restore::restore;
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::readings::ReadingsFile;
use crate::journal::sync::JournalSync;
use crate::run::checkpoints::Checkpoints;
use crate::run::error::RunError;
use crate::run::observer::Observer;
use crate::types::allocation::PromotedStart;

/// Whether the journal had a header when the session started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StudyAge {
    New,
    Resumed,
}

/// Shared by the threads of all slots.
pub struct SessionFiles {
    pub checkpoints: Checkpoints,
    pub journal: Arc<JournalSync>,
    pub readings: ReadingsFile,
}

impl SessionFiles {
    /// Creates and opens the files. The journal must already contain the header and this session.
    ///
    /// The header of a new study is synced before any other file is created: after a power cut, it identifies the folder.
    pub fn open(
        folder: &StudyFolder,
        age: StudyAge,
        checkpoints: Checkpoints,
        journal: Arc<JournalSync>,
    ) -> Result<SessionFiles, RunError> {
        let promoted = checkpoints.promoted();
        if age == StudyAge::New || promoted == PromotedStart::FromCheckpoint {
            journal.sync()?;
        }
        let trials = folder.trials();
        create_trials_folder(folder, &trials).map_err(|source| RunError::file(trials, source))?;
        match (promoted, age) {
            (PromotedStart::FromScratch, _) => {}
            (PromotedStart::FromCheckpoint, StudyAge::New) => checkpoints.sync_root(),
            // Existing files may be in the page cache only: a killed driver does not sync, nor did earlier versions.
            (PromotedStart::FromCheckpoint, StudyAge::Resumed) => checkpoints.sync_file_system()?,
        }
        Ok(SessionFiles { checkpoints, journal, readings: ReadingsFile::open(folder) })
    }
}

impl SessionFiles {
    /// Notes why readings are dropped, if they are. Returns whether they are. `path` is the file of the readings.
    pub fn note_readings_error(&self, path: &Path, observer: &dyn Observer) -> bool {
        let path = path.display();
        let note = |error| observer.note(&format!("cannot write {path}: {error}; learning curves are incomplete"));
        self.readings.error().map(note).is_some()
    }
}

/// Creates the folder of all trials. A job of an earlier session may have replaced it by a file.
fn create_trials_folder(folder: &StudyFolder, trials: &Path) -> io::Result<()> {
    match files::create_directory(trials) {
        Err(_) if fs::symlink_metadata(trials).is_ok_and(|found| found.is_file()) => restore(folder.root(), trials),
        created => created,
    }
}
