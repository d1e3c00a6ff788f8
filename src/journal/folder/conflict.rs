//! What can be in the way of a study.

use std::fmt;

/// How many names a message lists.
const LISTED: usize = 3;

/// What is in the way of a study, as the predicate of a sentence about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FolderConflict {
    /// The study's folder, or something in it, is of another kind.
    Kind {
        /// What it is.
        found: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// The journal is a file of another program.
    NotAJournal,
    /// The folder holds these files and no journal.
    Files(Vec<String>),
}

impl fmt::Display for FolderConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderConflict::Kind { found, wanted } => write!(f, "is {found}, not {wanted}"),
            FolderConflict::NotAJournal => f.write_str("is not a journal of hypertune"),
            FolderConflict::Files(names) => {
                let (shown, more) = names.split_at(names.len().min(LISTED));
                write!(f, "holds no study, and it holds {}", shown.join(", "))?;
                if more.is_empty() { Ok(()) } else { write!(f, " and {} more", more.len()) }
            }
        }
    }
}
