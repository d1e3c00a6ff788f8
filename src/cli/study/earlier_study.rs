//! An earlier study named by `--warm-start`, as recorded in the journal's header.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;

/// A reference to an earlier study.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EarlierStudy {
    /// The folder as given, or as recorded by versions before 0.2.
    Folder(String),
    /// A study that was read. Seed and start time identify it in any folder.
    Identified {
        /// The folder as given.
        folder: String,
        seed: u64,
        /// RFC 3339.
        started_at: String,
    },
}

impl EarlierStudy {
    /// The folder as given.
    pub fn folder(&self) -> &str {
        match self {
            EarlierStudy::Folder(folder) | EarlierStudy::Identified { folder, .. } => folder,
        }
    }

    /// Whether `now`, as given on a command line, is this study. If its folder no longer exists, the folder names are compared.
    pub fn is_same(&self, now: &EarlierStudy) -> bool {
        let found = reader::open(&StudyFolder::new(now.folder())).ok().flatten();
        match (self, found) {
            (EarlierStudy::Identified { seed, started_at, .. }, Some((header, _))) => {
                (*seed, started_at) == (header.seed, &header.started_at)
            }
            _ => Path::new(self.folder()).file_name() == Path::new(now.folder()).file_name(),
        }
    }
}
