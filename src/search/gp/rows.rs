//! Observations as the model sees them.

pub mod active_set;

use super::kernel::Point;
use crate::types::ids::TrialId;

/// One observation of one trial.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelRow {
    /// The trial.
    pub trial: TrialId,
    /// Its vector, and the resource.
    pub point: Point,
    /// Less is better; `None` if the job failed.
    pub cost: Option<f64>,
}

/// The costs of `rows`; a failure has the cost of the worst result. `None` if all are failures.
pub fn costs(rows: &[ModelRow]) -> Option<Vec<f64>> {
    let worst = rows.iter().filter_map(|row| row.cost).reduce(f64::max)?;
    Some(rows.iter().map(|row| row.cost.unwrap_or(worst)).collect())
}
