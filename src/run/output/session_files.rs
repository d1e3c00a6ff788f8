//! What the jobs of a session write to, besides their logs.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::restore::restore;
use crate::engine::experiment::PromotedStart;
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::readings::ReadingsFile;
use crate::journal::sync::JournalSync;
use crate::run::checkpoints::Checkpoints;
use crate::run::error::RunError;

/// Whether the header is in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begun {
    /// A new study.
    No,
    /// One that goes on.
    Yes,
}

/// What the slots' threads share.
pub struct SessionFiles {
    /// Checkpoint directories.
    pub checkpoints: Checkpoints,
    /// Makes the journal durable.
    pub journal: Arc<JournalSync>,
    /// Learning curves.
    pub readings: ReadingsFile,
}

impl SessionFiles {
    /// Makes and opens what is missing in `folder`, whose journal has a header and this session.
    ///
    /// A new study's header is on the disk before anything else is made: after a power cut the folder is recognized by it.
    pub fn open(
        folder: &StudyFolder,
        begun: Begun,
        checkpoints: Checkpoints,
        journal: Arc<JournalSync>,
    ) -> Result<SessionFiles, RunError> {
        let promoted = checkpoints.promoted();
        if begun == Begun::No || promoted == PromotedStart::FromCheckpoint {
            journal.sync()?;
        }
        let trials = folder.trials();
        make_trials(folder, &trials).map_err(|source| RunError::file(trials, source))?;
        match (promoted, begun) {
            (PromotedStart::FromScratch, _) => {}
            (PromotedStart::FromCheckpoint, Begun::No) => checkpoints.sync_root(),
            // What was found may be in the page cache only: a driver that was killed does not sync, and neither did earlier versions.
            (PromotedStart::FromCheckpoint, Begun::Yes) => checkpoints.sync_file_system()?,
        }
        let readings = ReadingsFile::open(folder).map_err(|source| RunError::file(folder.readings(), source))?;
        Ok(SessionFiles { checkpoints, journal, readings })
    }
}

/// Makes the folder of all trials. A job of an earlier session may have put a file in its place.
fn make_trials(folder: &StudyFolder, trials: &Path) -> io::Result<()> {
    match files::create_directory(trials) {
        Err(_) if fs::symlink_metadata(trials).is_ok_and(|found| found.is_file()) => restore(folder.root(), trials),
        made => made,
    }
}
