//! Why a folder cannot be used for a study.

/// Most names in a message.
const LISTED: usize = 3;

/// Why a folder cannot be used for a study. Its text is the predicate of a sentence about the folder or file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder, or an entry of it, is a file of another kind.
    #[error("is {found}, not {wanted}")]
    Kind {
        /// Its kind.
        found: &'static str,
        /// The kind that is needed.
        wanted: &'static str,
    },
    /// The journal is a file of another program.
    #[error("is not a journal of hypertune")]
    NotAJournal,
    /// The folder has these files and no journal.
    #[error("holds no study, and it holds {}", list(.0))]
    Files(Vec<String>),
}

fn list(names: &[String]) -> String {
    let (listed, more) = names.split_at(names.len().min(LISTED));
    let listed = listed.join(", ");
    if more.is_empty() { listed } else { format!("{listed} and {} more", more.len()) }
}
