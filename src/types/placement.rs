//! Where a scheduler of a cluster runs a job.

use serde::{Deserialize, Serialize};

/// The node and the scheduler's name of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Placement {
    /// The name of the node.
    pub node: String,
    /// The id that the scheduler gave the job: `JOB.STEP` under Slurm.
    pub scheduler_id: String,
}
