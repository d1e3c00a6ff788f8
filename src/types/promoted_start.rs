//! What the job of a promoted trial starts with, and what it costs.

use serde::{Deserialize, Serialize};

use super::allocation::Allocation;
use super::units::Resource;

/// The checkpoint directory that the job of a promoted trial starts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum PromotedStart {
    /// An empty one: the job trains from scratch (`resume: false`).
    #[default]
    #[serde(rename = "start_over")]
    FromScratch,
    /// The one that the trial's previous job left (`resume: true`).
    #[serde(rename = "continue")]
    FromCheckpoint,
}

impl PromotedStart {
    /// The allocation of a job with `resource` whose trial had `previous` in its previous job.
    pub fn allocation(self, resource: Resource, previous: Option<Resource>) -> Allocation {
        let from = match self {
            PromotedStart::FromScratch => Resource::ZERO,
            PromotedStart::FromCheckpoint => previous.unwrap_or(Resource::ZERO),
        };
        Allocation { from, to: resource }
    }

    /// The resource that a job spends if it runs to its end; arguments as in [`PromotedStart::allocation`].
    pub fn cost(self, resource: Resource, previous: Option<Resource>) -> f64 {
        self.allocation(resource, previous).total()
    }
}
