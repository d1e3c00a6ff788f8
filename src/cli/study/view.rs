//! Reads the view of a study from its folder.

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

/// Reads the journal in folder `study`, whether or not the study is running.
pub fn read(study: &Path, detail: ViewDetail) -> Result<StudyView, CliError> {
    let empty = || CliError::no_result(anyhow::anyhow!("{} has no study yet: its journal is empty", study.display()));
    try_read(study, detail)?.ok_or_else(empty)
}

/// [`read`]; `None` if the header of the journal is incomplete, so that nothing was launched.
pub fn try_read(study: &Path, detail: ViewDetail) -> Result<Option<StudyView>, CliError> {
    let folder = StudyFolder::new(study);
    let driven_before = lock::is_held(&folder);
    let Some((header, records)) = reader::open(&folder).map_err(journal_error)? else { return Ok(None) };
    let mut builder = ViewBuilder::new(detail);
    builder.push(Record::Study(Box::new(header)));
    for record in records {
        builder.push(record.map_err(journal_error)?);
    }
    // Checked twice: a driver that started or exited in between has newer information about its jobs.
    if !driven_before && !lock::is_held(&folder) {
        builder.mark_running_as_lost();
    }
    let mut view = builder.finish(study).ok();
    if let Some(view) = view.as_mut().filter(|view| view.detail == ViewDetail::Curves) {
        add_curves(view, &folder);
    }
    Ok(view)
}

/// Adds the readings of the study's metric from `readings.jsonl`; prints a note if the file cannot be read.
pub fn add_curves(view: &mut StudyView, folder: &StudyFolder) {
    match readings::read(folder) {
        Ok(readings) => curves::add(view, readings),
        Err(error) => progress::print_message(&format!(
            "note: cannot read {}: {error}; curves have only the points in the journal, at most 64 per job",
            folder.readings().display()
        )),
    }
}

/// The error for a folder without a readable journal. A folder without a study is a usage error.
pub fn journal_error(error: JournalError) -> CliError {
    match &error {
        JournalError::Foreign { .. } => CliError::usage(error).hint("choose a new or empty folder with --study"),
        JournalError::Missing { .. } | JournalError::Format { .. } => CliError::usage(error),
        _ => CliError::internal(error),
    }
}
