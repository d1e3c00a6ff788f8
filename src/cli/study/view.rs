//! A study's view from its folder.

use std::path::Path;

use crate::cli::error::CliError;
use crate::journal::error::JournalError;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::folder::lock;
use crate::journal::reader;
use crate::journal::readings;
use crate::journal::record::Record;
use crate::progress;
use crate::report::view::curves;
use crate::report::view::{StudyView, ViewBuilder, ViewDetail};

/// Reads the journal in folder `study`, whether or not the study runs just now.
pub fn read(study: &Path, detail: ViewDetail) -> Result<StudyView, CliError> {
    let empty = || CliError::no_result(anyhow::anyhow!("{} holds no study yet: its journal is empty", study.display()));
    read_if_begun(study, detail)?.ok_or_else(empty)
}

/// The same; `None` where the journal ends before its header does, so that nothing was ever launched.
pub fn read_if_begun(study: &Path, detail: ViewDetail) -> Result<Option<StudyView>, CliError> {
    let folder = StudyFolder::new(study);
    let driven_before = lock::is_held(&folder);
    let Some((header, records)) = reader::open(&folder).map_err(unreadable)? else { return Ok(None) };
    let mut builder = ViewBuilder::new(detail);
    builder.push(Record::Study(Box::new(header)));
    for record in records {
        builder.push(record.map_err(unreadable)?);
    }
    // Asked twice: a driver that came or went while we read knows more of its jobs than we do.
    if !driven_before && !lock::is_held(&folder) {
        builder.mark_running_as_lost();
    }
    let mut view = builder.finish(study).ok();
    if let Some(view) = view.as_mut().filter(|view| view.detail == ViewDetail::Curves) {
        match readings::read(&folder) {
            Ok(readings) => curves::add(view, readings),
            Err(error) => progress::print_message(&format!(
                "note: cannot read {}: {error}; curves have only the points in the journal, at most 64 per job",
                folder.readings().display()
            )),
        }
    }
    Ok(view)
}

/// A folder without a study of ours is wrong usage, everything else is not the user's fault.
pub fn unreadable(fault: JournalError) -> CliError {
    match &fault {
        JournalError::Foreign { .. } => CliError::usage(fault).hint("name a new or empty folder with --study"),
        JournalError::Missing { .. } | JournalError::Format { .. } => CliError::usage(fault),
        _ => CliError::internal(fault),
    }
}
