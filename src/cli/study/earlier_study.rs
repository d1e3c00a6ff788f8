//! An earlier study that `--warm-start` names, as the journal's header keeps it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;

/// An earlier study.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EarlierStudy {
    /// Its folder as it was typed, or as versions before 0.2 recorded it.
    Folder(String),
    /// One that was learnt from: its folder as it was typed, and what tells it from others wherever it is.
    Learnt {
        /// The folder.
        folder: String,
        /// Its seed.
        seed: u64,
        /// When it was begun, RFC 3339.
        started_at: String,
    },
}

impl EarlierStudy {
    /// As it was typed.
    pub fn folder(&self) -> &str {
        match self {
            EarlierStudy::Folder(folder) | EarlierStudy::Learnt { folder, .. } => folder,
        }
    }

    /// Whether `now`, as it is typed, is this study; where it is not there any more, its folder's name decides.
    pub fn is(&self, now: &EarlierStudy) -> bool {
        let found = reader::open(&StudyFolder::new(now.folder())).ok().flatten();
        match (self, found) {
            (EarlierStudy::Learnt { seed, started_at, .. }, Some((header, _))) => {
                (*seed, started_at) == (header.seed, &header.started_at)
            }
            _ => Path::new(self.folder()).file_name() == Path::new(now.folder()).file_name(),
        }
    }
}
