//! What a status is computed from.

use super::slurm::SlurmFacts;
use crate::journal::readings::ReadingRecord;
use crate::launch::orphans::driver::DriverState;
use crate::report::study_progress::StudyProgress;
use crate::report::view::StudyView;
use crate::schedule::Plan;
use crate::types::units::Moment;

/// What a status is computed from.
#[derive(Clone, Copy, Debug)]
pub struct StatusInput<'a> {
    /// The study; with the curves of ended jobs if jobs are running.
    pub view: &'a StudyView,
    /// Counts of the same records.
    pub progress: &'a StudyProgress,
    /// `None` if the recorded matrix cannot be read by this version.
    pub plan: Option<&'a Plan>,
    /// The matrix kind; `None` as for `plan`.
    pub kind: Option<&'static str>,
    /// Whether its driver runs.
    pub driver: DriverState,
    /// The current study time; of a study that is not running, that of its last record.
    pub now: Moment,
    /// The last readings of the running jobs, in order.
    pub readings: &'a [ReadingRecord],
    /// What Slurm says about it.
    pub slurm: &'a SlurmFacts,
}
