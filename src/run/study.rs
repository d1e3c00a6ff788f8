//! The input of the driver.

use std::path::Path;
use std::sync::Arc;

use super::change::StudyChange;
use super::tuner::TunerProgram;
use crate::collect::collector::MetricSource;
use crate::command::template::{Renderer, is_template};
use crate::command::workdir;
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Header;
use crate::types::fingerprint::FileFingerprint;

/// A study to run.
pub struct StudyInput<'a> {
    /// The checked input.
    pub experiment: Arc<Experiment>,
    /// Renders the command of each job.
    pub renderer: &'a Renderer,
    /// The study's folder.
    pub folder: StudyFolder,
    /// Its identity: written to a new journal, compared with an existing one.
    pub header: Header,
    /// The external tuner, if the sampler needs one.
    pub tuner: Option<TunerProgram>,
    /// What the session changes in the recorded study.
    pub change: StudyChange,
    /// The scripts of its command, for the session's record.
    pub files: Vec<FileFingerprint>,
}

impl StudyInput<'_> {
    /// Renders the path of the file or folder that the collector reads. The matrix has checked the template.
    pub fn metric_path(&self) -> Option<Renderer> {
        let (MetricSource::File(path) | MetricSource::EventFiles(path)) = self.experiment.collector().source() else {
            return None;
        };
        Renderer::of_path(&path, self.renderer).ok()
    }

    /// The program of every job, if the command names it without a template. Its existence is checked before the study starts.
    pub fn known_program(&self, base: &Path) -> Option<String> {
        let program = self.renderer.command().first().filter(|first| !is_template(first))?;
        let has_directory = self.renderer.directory_template().is_some();
        Some(if has_directory { workdir::absolute_program(base, program) } else { program.clone() })
    }
}
