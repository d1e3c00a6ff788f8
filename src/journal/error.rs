//! Errors of journals and study folders.

use std::io;
use std::path::{Path, PathBuf};

use super::folder::conflict::FolderError;
use super::folder::lease::{LeaseHolder, LeaseRecord};
use super::line::LineError;
use super::record::FORMAT;

/// An error of a journal or a study's folder. Every message names the file and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// An I/O error.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operation that failed, as a verb: `read`, `write`, `sync`…
        operation: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The folder has no journal.
    #[error("{} holds no study: there is no journal.jsonl in it", folder.display())]
    Missing {
        /// The study's folder.
        folder: PathBuf,
    },
    /// The folder holds other data than a study.
    #[error("{} {conflict}; nothing was changed", path.display())]
    Foreign {
        /// The folder, or an entry of it.
        path: PathBuf,
        /// The reason.
        conflict: FolderError,
    },
    /// The journal was removed or replaced while the study ran.
    #[error("{}", displaced(path, kept.as_deref()))]
    Displaced {
        /// The file.
        path: PathBuf,
        /// The file with all its records, if they could be written again.
        kept: Option<PathBuf>,
    },
    /// Another process changed the journal's length while the study ran.
    #[error("{}", resized(path, *expected, *found))]
    Resized {
        /// The file.
        path: PathBuf,
        /// Length in bytes that this session wrote.
        expected: u64,
        /// Length in bytes that was found.
        found: u64,
    },
    /// A line differs from the line that was written.
    #[error(
        "{}:{line}: damaged record: {damage}; `hypertune check {}` reports how much can be saved",
        path.display(),
        quoted_folder(path)
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The damage.
        damage: LineError,
    },
    /// The journal has a format that this version does not read.
    #[error(
        "{}: journal format {found}, but this hypertune reads formats 1 to {FORMAT}; use the version that wrote it, or discard the \
         study with --overwrite",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The rules that turn a seed into draws have changed since the study started.
    #[error(
        "{}: recorded with sampling rules {found} by hypertune {version}; this version has rules {wanted} and would draw other \
         configurations; continue with that version, or start a new study with --study OTHER --warm-start {}, or with --overwrite",
        path.display(),
        quoted_folder(path)
    )]
    SamplingRules {
        /// The file.
        path: PathBuf,
        /// The version of the rules in the journal.
        found: u32,
        /// The version of this program's rules for the same sampler.
        wanted: u32,
        /// The version of hypertune that wrote it.
        version: String,
    },
    /// Another driver has locked the study.
    #[error("{}: {} is driving this study; wait for it or end it first", path.display(), driver(holder.as_ref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The other driver, if it could be read.
        holder: Option<LeaseHolder>,
    },
    /// The engine's decisions differ from those in the journal.
    #[error(
        "{}:{line}: the journal does not fit the matrix: {why}; start a new study with --study OTHER or --overwrite",
        path.display()
    )]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The recorded and the engine's decision.
        why: String,
    },
}

impl JournalError {
    /// Another driver, that of `record` if it is known, has locked the study with the lock file `path`.
    pub fn held(path: &Path, record: Option<LeaseRecord>) -> JournalError {
        JournalError::Held { path: path.to_owned(), holder: record.map(|record| record.holder) }
    }
}

/// The folder of a journal as a word of a command line.
fn quoted_folder(journal: &Path) -> String {
    let text = journal.parent().unwrap_or(Path::new("")).to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| text.to_string(), |quoted| quoted.into_owned())
}

fn driver(holder: Option<&LeaseHolder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), LeaseHolder::to_string)
}

fn resized(journal: &Path, expected: u64, found: u64) -> String {
    let change = if found < expected { "truncated" } else { "appended to" };
    format!(
        "another process {change} {} while the study ran: it has {found} bytes instead of {expected}; restore it from a copy, or run \
         `hypertune check {}` to see how much can be saved",
        journal.display(),
        quoted_folder(journal)
    )
}

fn displaced(journal: &Path, kept: Option<&Path>) -> String {
    let name = journal.display();
    match kept {
        Some(kept) if kept == journal => format!(
            "{name} was removed while the study ran; it was written again with all its records, and the same command line continues \
             the study"
        ),
        Some(kept) => format!(
            "{name} was replaced by another file while the study ran; the study's records are in {}: move that file back to continue \
             the study",
            kept.display()
        ),
        None => {
            format!("{name} was removed or replaced while the study ran, and its records could not be written again")
        }
    }
}
