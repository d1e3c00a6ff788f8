//! What was spent on trials that won, lost, or failed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::number;
use crate::report::plot::{MarkClass, PlotData};

/// The cost of the trials with one outcome.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OutcomeCost {
    /// `best`, `finished`, `dropped`, `stopped`, `failed` or `running`.
    pub outcome: &'static str,
    /// The number of these trials.
    pub trials: u64,
    /// Their launches, retries included.
    pub jobs: u64,
    /// The resource that they spent; running jobs count with all they may spend.
    #[serde(serialize_with = "number::sum")]
    pub resource: f64,
    /// Wall time of their jobs together, seconds.
    pub duration_s: f64,
}

/// The cost by outcome: the best trial, those trained in full, and the others.
pub fn costs(data: &PlotData<'_>) -> Vec<OutcomeCost> {
    let mut costs: BTreeMap<std::cmp::Reverse<MarkClass>, OutcomeCost> = BTreeMap::new();
    for trial in &data.trials {
        let outcome = trial.class.name();
        let empty = OutcomeCost { outcome, trials: 0, jobs: 0, resource: 0.0, duration_s: 0.0 };
        let cost = costs.entry(std::cmp::Reverse(trial.class)).or_insert(empty);
        cost.trials += 1;
        cost.jobs += trial.jobs.len() as u64;
        cost.resource += trial.jobs.iter().map(|job| job.spent).sum::<f64>();
        cost.duration_s += trial.jobs.iter().map(|job| job.usage.map_or(0.0, |usage| usage.duration_s)).sum::<f64>();
    }
    costs.into_values().collect()
}
