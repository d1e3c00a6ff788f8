//! What earlier studies found, for a model to learn from before its first proposal (`--warm-start`).

use serde::{Deserialize, Serialize};

use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::objective::Score;
use crate::words::outcome::CurvePoint;
use crate::words::units::Resource;

use super::Observation;

/// A job of an earlier study, in the words of this one: its configuration is complete and inside this study's space, its resource
/// is in this study's unit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PriorObservation {
    /// Tells the configurations of earlier studies apart: [`earlier_trial`], which no trial of this study ever is.
    pub trial: TrialId,
    /// What it ran with.
    pub params: Assignment,
    /// The resource it reached.
    pub resource: Resource,
    /// Its value; `None` where it failed.
    pub score: Option<Score>,
    /// Its readings on the way, thinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
}

/// The name of the `index`-th configuration of earlier studies.
pub fn earlier_trial(index: u64) -> TrialId {
    TrialId(u64::MAX - index)
}

/// Whether `trial` is one of an earlier study.
pub fn is_earlier(trial: TrialId) -> bool {
    trial.0 > u64::MAX / 2
}

impl PriorObservation {
    /// As a searcher sees it.
    pub fn observation(&self) -> Observation<'_> {
        Observation {
            trial: self.trial,
            assignment: &self.params,
            resource: self.resource,
            score: self.score,
            curve: &self.curve,
        }
    }
}
