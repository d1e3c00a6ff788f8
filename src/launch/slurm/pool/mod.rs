//! Allocations that a driver outside of one keeps for its jobs, as the option `allocation` asks: each runs a script that only sleeps, and
//! jobs are started in it as steps. A thread submits, watches and cancels them. All have one name, which begins with the session's mark,
//! so that what a dead driver left is found like jobs of their own.

mod listing;
mod manager;
pub mod request;
mod shared;
mod state;
mod watcher;

use std::collections::HashMap;
use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use self::request::{AllocationRequest, slurm_time};
use self::shared::{Shared, SharedState};
use self::state::PoolState;
use super::leftovers::step_name;
use super::node_health::NodeHealth;
use super::options::SlurmOptions;
use super::queue::allocation_mark;
use super::queue::reports::WaitReports;
use crate::launch::error::SpawnError;
use crate::launch::launcher::{Capacity, JobIdentity};
use crate::launch::process::syscalls::Pid;
use crate::types::ids::MAX_SLOTS;

/// The allocations of a session.
#[derive(Debug)]
pub struct AllocationPool {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AllocationPool {
    pub fn new(options: &SlurmOptions, request: &AllocationRequest, nodes: Arc<NodeHealth>) -> AllocationPool {
        let jobs = options.jobs.or(options.nodes).map_or(1, |count| count.get() as usize);
        let limit = options.time.as_deref().and_then(slurm_time);
        let state = SharedState {
            pool: PoolState::new(request.count as usize, jobs, limit),
            name: None,
            clients: HashMap::new(),
            ran_in: HashMap::new(),
            failure: None,
            problem: None,
            reports: WaitReports::default(),
            is_closed: false,
        };
        let (options, request) = (options.clone(), request.clone());
        let shared = Shared { options, request, nodes, state: Mutex::new(state), changed: Condvar::new() };
        AllocationPool { shared: Arc::new(shared), thread: Mutex::new(None) }
    }

    /// The jobs at once in all allocations. How many a whole node holds is known once one is allocated.
    pub fn capacity(&self) -> Capacity {
        let Shared { options, request, .. } = &*self.shared;
        let jobs = options.jobs.map_or(1, |jobs| jobs.get());
        match options.nodes {
            Some(_) => Capacity::Queue,
            None => Capacity::Jobs(request.count.saturating_mul(jobs).min(MAX_SLOTS)),
        }
    }

    /// Starts the thread.
    pub fn start(&self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("allocations".into()).spawn(move || manager::run(&shared))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// `job` is about to be started.
    pub fn add(&self, job: &JobIdentity<'_>) {
        let mut state = self.shared.state();
        let session = job.mark.rsplit_once('/').map_or(job.mark, |(session, _)| session);
        state.name.get_or_insert_with(|| step_name(&allocation_mark(session)));
        state.pool.add(job.mark, job.resource, Instant::now());
    }

    /// Takes a place for the job `mark` and returns the id of its allocation.
    pub fn take(&self, mark: &str) -> Result<String, SpawnError> {
        let excluded = self.shared.nodes.excluded();
        let mut state = self.shared.state();
        if let Some(failure) = &state.failure {
            return Err(SpawnError::Unusable(failure.clone()));
        }
        let id = state.pool.take(mark, &excluded, Instant::now());
        id.ok_or_else(|| SpawnError::Queued(state.problem.clone().unwrap_or_else(|| state.pool.obstacle())))
    }

    /// `client` is the `srun` of the job `mark`.
    pub fn spawned(&self, client: Pid, mark: &str) {
        self.shared.state().clients.insert(client, mark.to_owned());
    }

    /// The `srun` of the job `mark` could not be started.
    pub fn give_back(&self, mark: &str) {
        self.shared.state().pool.give_back(mark, Instant::now());
    }

    /// The job of `client` has printed its start.
    pub fn started(&self, client: Pid) {
        let mut state = self.shared.state();
        let SharedState { pool, clients, .. } = &mut *state;
        clients.get(&client).into_iter().for_each(|mark| pool.started(mark, Instant::now()));
    }

    /// `client` has ended with `status`, if that is known.
    pub fn ended(&self, client: Pid, status: Option<ExitStatus>) {
        let mut state = self.shared.state();
        let SharedState { pool, clients, ran_in, .. } = &mut *state;
        let Some(mark) = clients.remove(&client) else { return };
        if let Some(id) = pool.finished(&mark, status, Instant::now()) {
            ran_in.insert(mark, id);
        }
    }

    /// The allocation in which the job ended whose mark ends with `suffix`; once for each job.
    pub fn take_allocation_of(&self, suffix: &str) -> Option<String> {
        let mut state = self.shared.state();
        let mark = state.ran_in.keys().find(|mark| mark.ends_with(suffix))?.clone();
        state.ran_in.remove(&mark)
    }

    /// The warnings that were not taken yet.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().reports.warnings)
    }

    /// The allocation `id` has ended.
    pub fn remove(&self, id: &str) {
        self.shared.state().pool.remove(id);
    }

    /// Cancels all allocations and ends the thread.
    pub fn close(&self) {
        self.shared.state().is_closed = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic of the thread has been reported, and its watcher cancels what is left.
        thread.into_iter().for_each(|thread| drop(thread.join()));
    }
}
