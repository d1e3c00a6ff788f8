//! What jobs cost.

use std::num::NonZeroU32;

/// What a job costs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CostRates {
    /// Time of a job besides training, seconds, ≥ 0.
    pub startup_s: f64,
    /// Time per unit of the resource, seconds, ≥ 0; per job where nothing is allotted.
    pub seconds_per_unit: f64,
    /// Price of a slot for an hour, in any currency, ≥ 0.
    pub price_per_hour: Option<f64>,
    /// Number of jobs that run at the same time.
    pub slots: NonZeroU32,
}

impl CostRates {
    /// The duration of a job that trains `resource`, seconds.
    pub fn seconds(&self, resource: f64) -> f64 {
        self.startup_s + self.seconds_per_unit * resource
    }
}
