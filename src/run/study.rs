//! The input of the driver.

use std::sync::Arc;

use super::tuner::TunerProgram;
use crate::command::template::Renderer;
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Header;

/// What is driven.
pub struct StudyInput<'a> {
    /// The checked input.
    pub experiment: Arc<Experiment>,
    /// Makes command lines.
    pub renderer: &'a Renderer,
    /// Where it lies.
    pub folder: StudyFolder,
    /// Its identity; written if the study is new, compared with what is there otherwise.
    pub header: Header,
    /// Asked for configurations, if the sampler needs it.
    pub tuner: Option<TunerProgram>,
}
