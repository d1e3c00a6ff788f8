//! The input of the driver.

use std::sync::Arc;

use super::change::StudyChange;
use super::tuner::TunerProgram;
use crate::command::template::Renderer;
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
