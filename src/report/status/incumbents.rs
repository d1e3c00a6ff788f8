//! The course of the incumbent.

use serde::Serialize;

use crate::journal::record::Record;
use crate::report::number;
use crate::report::study_progress::StudyProgress;
use crate::types::ids::TrialId;
use crate::types::units::{Moment, Resource};

/// A trial became the incumbent, or improved as the incumbent.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct IncumbentChange {
    /// Study time, seconds.
    #[serde(rename = "at_s", serialize_with = "seconds")]
    pub at: Moment,
    /// The trial.
    pub trial: TrialId,
    /// Its value at `resource`.
    pub value: f64,
    /// The resource it reached.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
}

fn seconds<S: serde::Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.since(Moment(0)).as_secs_f64())
}

/// Notes each change of the incumbent.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IncumbentTrace {
    changes: Vec<IncumbentChange>,
}

impl IncumbentTrace {
    /// Call it after `progress` has counted `record`.
    pub fn record(&mut self, record: &Record, progress: &StudyProgress) {
        if !matches!(record, Record::End(_) | Record::Finish { .. }) {
            return;
        }
        let Some(best) = progress.best() else { return };
        let (trial, value, resource) = (best.job.trial, best.score.value(), best.reached);
        let is_same = |last: &IncumbentChange| (last.trial, last.value, last.resource) == (trial, value, resource);
        if !self.changes.last().is_some_and(is_same) {
            self.changes.push(IncumbentChange { at: progress.now, trial, value, resource });
        }
    }

    /// The changes so far, in order.
    pub fn changes(&self) -> &[IncumbentChange] {
        &self.changes
    }
}
