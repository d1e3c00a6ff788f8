//! Notices changes of studies by the sizes and times of their files.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::journal::folder::layout::StudyFolder;
use crate::journal::folder::lock;

/// The state of the files of some studies.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fingerprint(Vec<FileState>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct FileState {
    size: u64,
    modified: Option<SystemTime>,
    /// Whether a driver runs, as the end of a killed one changes no file.
    is_driven: bool,
}

impl Fingerprint {
    /// The current state; files that cannot be read count as empty.
    pub fn of(studies: &[PathBuf]) -> Fingerprint {
        let state = |study: &PathBuf| {
            let folder = StudyFolder::new(study);
            let is_driven = lock::is_held(&folder);
            [folder.journal(), folder.readings()].map(|path| {
                let metadata = fs::metadata(path).ok();
                let size = metadata.as_ref().map_or(0, |metadata| metadata.len());
                FileState { size, modified: metadata.and_then(|metadata| metadata.modified().ok()), is_driven }
            })
        };
        Fingerprint(studies.iter().flat_map(state).collect())
    }
}
