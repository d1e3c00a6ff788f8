//! A study's view from its folder.

use std::path::Path;

use super::fault::Fault;
use crate::journal::fault::JournalFault;
use crate::journal::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::Record;
use crate::report::view::{StudyView, ViewBuilder};

/// Reads the journal in folder `study`, whether or not the study runs just now.
pub fn read(study: &Path) -> Result<StudyView, Fault> {
    let folder = StudyFolder::new(study);
    let empty = || Fault::no_result(anyhow::anyhow!("{} holds no study yet: its journal is empty", study.display()));
    let (header, records) = reader::open(&folder).map_err(unreadable)?.ok_or_else(empty)?;
    let mut builder = ViewBuilder::default();
    builder.push(Record::Study(Box::new(header)));
    for record in records {
        builder.push(record.map_err(unreadable)?);
    }
    builder.finish(study).map_err(|_| empty())
}

/// A folder without a study is wrong usage, everything else is not the user's fault.
pub fn unreadable(fault: JournalFault) -> Fault {
    match &fault {
        JournalFault::Missing { .. } => Fault::usage(fault),
        _ => Fault::internal(fault),
    }
}
