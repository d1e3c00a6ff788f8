//! What can be wrong with a journal or a study's folder.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::conflict::FolderConflict;
use super::line::Damage;
use super::record::{FORMAT, SAMPLING_RULES};

/// Why a journal cannot be read, written or gone on with. Every message names the file and says what to do.
#[derive(Debug)]
pub enum JournalError {
    /// The operating system refused something.
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done: `read`, `write`, `sync`…
        operation: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// There is no journal.
    Missing {
        /// The study's folder.
        folder: PathBuf,
    },
    /// The folder is not for a study: what is there is not ours.
    Foreign {
        /// The folder, or what in it is in the way.
        path: PathBuf,
        /// What it is.
        conflict: FolderConflict,
    },
    /// The journal was removed or replaced while the study ran.
    Displaced {
        /// The file.
        path: PathBuf,
        /// Where its records were written again, if they could be.
        kept: Option<PathBuf>,
    },
    /// Another process changed the journal's length while the study ran.
    Resized {
        /// The file.
        path: PathBuf,
        /// Bytes that this session knows to be in it.
        expected: u64,
        /// Bytes that are in it.
        found: u64,
    },
    /// A line is not as it was written.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The journal was written in another format.
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The rules that turn a seed into draws have changed since.
    SamplingRules {
        /// The file.
        path: PathBuf,
        /// The version of the rules it was written with.
        found: u32,
        /// hypertune's version then.
        version: String,
    },
    /// Another driver holds the study.
    Held {
        /// The lock file.
        path: PathBuf,
        /// The other driver's process id, where it could be read.
        pid: Option<u32>,
    },
    /// What the engine decides is not what the journal records.
    Mismatch {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// Both sides.
        why: String,
    },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io { path, operation, source } => {
                write!(f, "cannot {operation} {}: {source}", path.display())
            }
            JournalError::Missing { folder } => {
                write!(f, "{} holds no study: there is no journal.jsonl in it", folder.display())
            }
            JournalError::Foreign { path, conflict } => {
                write!(f, "{} {conflict}; nothing was changed", path.display())
            }
            JournalError::Displaced { path, kept } => displaced(f, path, kept.as_deref()),
            JournalError::Resized { path, expected, found } => {
                let did = if found < expected { "truncated" } else { "appended to" };
                write!(
                    f,
                    "another process {did} {} while the study ran: it has {found} bytes, not {expected}; restore it from a copy, or \
                     let `hypertune check {}` say how much can be saved",
                    path.display(),
                    quoted(path.parent().unwrap_or(Path::new("")))
                )
            }
            JournalError::Corrupt { path, line, damage } => write!(
                f,
                "{}:{line}: damaged record: {damage}; `hypertune check {}` says how much can be saved",
                path.display(),
                quoted(path.parent().unwrap_or(Path::new("")))
            ),
            JournalError::Format { path, found } => write!(
                f,
                "{}: journal format {found}, this hypertune reads formats 1 to {FORMAT}; use the version that wrote it, or start \
                 afresh with --overwrite",
                path.display()
            ),
            JournalError::SamplingRules { path, found, version } => write!(
                f,
                "{}: recorded with sampling rules {found} by hypertune {version}, this one has rules {SAMPLING_RULES} and would \
                 draw other configurations; go on with that version, or start afresh with --study OTHER or --overwrite",
                path.display()
            ),
            JournalError::Held { path, pid: Some(pid) } => {
                write!(f, "{}: process {pid} is driving this study; wait for it or end it first", path.display())
            }
            JournalError::Held { path, pid: None } => {
                write!(f, "{}: another process is driving this study; wait for it or end it first", path.display())
            }
            JournalError::Mismatch { path, line, why } => write!(
                f,
                "{}:{line}: the journal does not fit the matrix: {why}; start afresh with --study OTHER or --overwrite",
                path.display()
            ),
        }
    }
}

/// A path as a word of a command line.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| text.to_string(), |quoted| quoted.into_owned())
}

fn displaced(f: &mut fmt::Formatter<'_>, path: &Path, kept: Option<&Path>) -> fmt::Result {
    let journal = path.display();
    match kept {
        Some(kept) if kept == path => write!(
            f,
            "{journal} was removed while the study ran; it was written again with all its records, and the same command line \
             continues the study"
        ),
        Some(kept) => write!(
            f,
            "{journal} was replaced by another file while the study ran; the study's records are in {}: move them back to \
             continue it",
            kept.display()
        ),
        None => write!(
            f,
            "{journal} was removed or replaced while the study ran, and its records could not be written again"
        ),
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            JournalError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
