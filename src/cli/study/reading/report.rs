//! Reads what a report shows.

use std::path::{Path, PathBuf};

use super::snapshot::StudySnapshot;
use crate::cli::error::CliError;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::{location, repetition};
use crate::journal::folder::layout::StudyFolder;
use crate::report::page::ReportData;
use crate::report::view::{JobView, ViewDetail};

/// A study as read for a report.
pub struct ReportSource {
    snapshot: StudySnapshot,
    folder: StudyFolder,
    definition: Option<StudyDefinition>,
    directory: Option<PathBuf>,
}

impl ReportSource {
    /// Reads the study in folder `study`.
    pub fn read(study: &Path) -> Result<ReportSource, CliError> {
        let snapshot = StudySnapshot::read_with(study, ViewDetail::Curves)?;
        let folder = StudyFolder::new(study);
        // The command is optional output: neither a missing component file nor a missing directory must hide the result.
        let definition = StudyDefinition::recorded(&snapshot.view.header, folder.clone()).ok();
        let directory = location::directory(&snapshot.view.header, folder.root()).ok();
        Ok(ReportSource { snapshot, folder, definition, directory })
    }

    /// The data of the report.
    pub fn data(&self) -> ReportData<'_> {
        let repeat =
            |job: &JobView| repetition::of(self.definition.as_ref(), &self.folder, job, self.directory.clone());
        ReportData::new(&self.snapshot.input(), repeat)
    }
}
