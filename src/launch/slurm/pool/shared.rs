//! What the launcher and the thread of a pool share.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::request::AllocationRequest;
use super::state::PoolState;
use crate::launch::process::syscalls::Pid;
use crate::launch::slurm::node_health::NodeHealth;
use crate::launch::slurm::options::SlurmOptions;
use crate::launch::slurm::queue::reports::WaitReports;

#[derive(Debug)]
pub struct Shared {
    pub options: SlurmOptions,
    pub request: AllocationRequest,
    pub nodes: Arc<NodeHealth>,
    pub state: Mutex<SharedState>,
    /// The session ends.
    pub changed: Condvar,
}

#[derive(Debug)]
pub struct SharedState {
    pub pool: PoolState,
    /// The name of all allocations; `None` before the first job.
    pub name: Option<String>,
    /// The marks of jobs by their `srun`.
    pub clients: HashMap<Pid, String>,
    /// The allocations of jobs that have ended.
    pub ran_in: HashMap<String, String>,
    /// Why there will be no allocation.
    pub failure: Option<String>,
    /// Why none can be submitted now.
    pub problem: Option<String>,
    /// Why allocations wait.
    pub reports: WaitReports,
    pub is_closed: bool,
}

impl Shared {
    pub fn state(&self) -> MutexGuard<'_, SharedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
