//! The launcher `slurm`: jobs run on the nodes of a Slurm cluster, each behind an `srun` of its own.
//!
//! Inside an allocation (`SLURM_JOB_ID` is set) each job is a step of it; outside, each job is a Slurm job, or with the option
//! `allocation` a step of one of the allocations that the driver keeps ([`pool`]). Jobs are signalled by
//! `scancel`, never through `srun`, which kills its job at once when it gets SIGTERM. Tested with Slurm 22.05.

mod allocation;
mod arguments;
pub mod batch;
mod cancellation;
mod exit;
mod hostlist;
mod leftovers;
mod meaning;
mod messages;
mod node_health;
pub mod options;
mod pool;
mod query;
pub mod queue;
mod signaller;

use std::env;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Map, Value};

use self::allocation::NodeAllocation;
use self::exit::client_end;
use self::leftovers::Steps;
use self::node_health::NodeHealth;
use self::options::SlurmOptions;
use self::pool::AllocationPool;
use self::query::Controller;
use self::queue::watch::{QueueWatch, WaitPlace};
use self::signaller::Signaller;
use super::client::ShellReport;
use super::error::{LaunchError, SpawnError};
use super::job_exit::{ExitMeaning, JobExit};
use super::kind::{BuildResult, LauncherKind};
use super::launcher::{Capacity, CommandLine, JobIdentity, Launcher, StartReport, Unstopped};
use super::local::Local;
use super::orphans::mark::{JOB_VARIABLE as MARK_VARIABLE, Mark, SessionMark};
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal};
use crate::types::args::Args;
use crate::types::ids::JobId;
use crate::types::placement::Placement;

/// The name of the launcher.
pub const NAME: &str = "slurm";
/// Set in every process of an allocation.
const JOB_VARIABLE: &str = "SLURM_JOB_ID";

/// The shell that becomes the job.
const SHELL: ShellReport = ShellReport {
    node: "$SLURMD_NODENAME",
    scheduler_id: "$SLURM_JOB_ID.$SLURM_STEP_ID",
    no_directory_code: arguments::SLURM_ERROR_CODE,
    unset: arguments::ERROR_CODE_VARIABLE,
};

/// The catalogue's entry.
pub const KIND: LauncherKind =
    LauncherKind { name: NAME, options: &options::NAMES, start_report: StartReport::Printed, build };

fn build(args: &Args) -> BuildResult {
    Ok(Arc::new(Slurm::new(SlurmOptions::read(args)?, env::var(JOB_VARIABLE).ok())))
}

/// Runs jobs by `srun`.
#[derive(Debug)]
struct Slurm {
    options: SlurmOptions,
    /// The id of the allocation; `None` outside of one.
    allocation: Option<String>,
    /// The allocations that the driver keeps, if it runs outside of one.
    pool: Option<AllocationPool>,
    /// Spawns `srun`.
    local: Local,
    signaller: Signaller,
    controller: Controller,
    steps: Steps,
    /// `None` where jobs wait for allocations of the pool.
    watch: Option<QueueWatch>,
    nodes: Arc<NodeHealth>,
    /// The session, once it has a job.
    session: OnceLock<SessionMark>,
    /// Jobs whose client has ended. The controller may have missed the end while it did not answer.
    ended: Mutex<Vec<JobId>>,
    /// Jobs in a row that Slurm did not start.
    not_started: AtomicU32,
}

impl Slurm {
    fn new(options: SlurmOptions, allocation: Option<String>) -> Slurm {
        let allocation = allocation.filter(|id| !id.is_empty());
        let nodes = Arc::new(NodeHealth::default());
        let request = options.allocation.as_ref().filter(|_| allocation.is_none());
        let pool = request.map(|request| AllocationPool::new(&options, request, Arc::clone(&nodes)));
        let place = allocation.clone().map_or(WaitPlace::Queue, WaitPlace::Allocation);
        Slurm {
            watch: pool.is_none().then(|| QueueWatch::new(place)),
            options,
            allocation,
            pool,
            local: Local::default(),
            signaller: Signaller::default(),
            controller: Controller::default(),
            steps: Steps::default(),
            nodes,
            session: OnceLock::new(),
            ended: Mutex::default(),
            not_started: AtomicU32::new(0),
        }
    }

    fn unusable(message: String) -> LaunchError {
        LaunchError::Unusable { name: NAME, message }
    }

    /// Starts `srun` in the allocation `id` of the pool.
    fn start_in(&self, id: &str, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let mut command = command.clone();
        command.args.insert(0, format!("--jobid={id}").into());
        self.start_client(&command, spawning)
    }

    /// Whether each job is a Slurm job of its own.
    fn submits_jobs(&self) -> bool {
        self.allocation.is_none() && self.pool.is_none()
    }

    /// Cancels Slurm jobs of which only the controller has not noticed the end: new ones would wait for their resources.
    fn cancel_ended(&self) {
        let Some(session) = self.session.get().filter(|_| self.submits_jobs()) else { return };
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        let marks: Vec<Mark> = ended.into_iter().map(|job| Mark::Job(session.job(job))).collect();
        // At the end of the session it is tried again.
        let _ = leftovers::cancel_active(&marks);
    }

    fn start_client(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let child = self.local.start(command, spawning)?;
        self.signaller.add(child.pid()).map_err(SpawnError::Process)?;
        self.watch.iter().for_each(|watch| watch.add(child.pid(), &mark(command)));
        Ok(child)
    }
}

impl Launcher for Slurm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn options(&self) -> Map<String, Value> {
        self.options.to_json()
    }

    fn capacity(&self) -> Result<Capacity, LaunchError> {
        query::check_installed().map_err(Slurm::unusable)?;
        let Some(id) = &self.allocation else {
            return Ok(self.pool.as_ref().map_or(Capacity::Queue, AllocationPool::capacity));
        };
        let allocation = NodeAllocation::query_patiently(id).map_err(Slurm::unusable)?;
        self.nodes.set(allocation.nodes());
        allocation.slots(&self.options).map(Capacity::Jobs).map_err(Slurm::unusable)
    }

    fn processors_per_job(&self) -> Option<u32> {
        Some(self.options.cpus())
    }

    fn start_report(&self) -> StartReport {
        StartReport::Printed
    }

    fn prepare(&self, signals: &Signals) -> io::Result<()> {
        self.local.prepare_without(signals, &arguments::CONFLICTING_VARIABLES)?;
        self.pool.as_ref().map_or(Ok(()), AllocationPool::start)?;
        self.watch.as_ref().map_or(Ok(()), QueueWatch::start)?;
        self.signaller.start()
    }

    fn unstopped(&self) -> Vec<Unstopped> {
        self.steps.unstopped()
    }

    fn ready(&self) -> Result<(), String> {
        self.steps.end_pending()?;
        self.controller.check(|| self.cancel_ended())
    }

    fn wrap(&self, command: CommandLine, job: &JobIdentity<'_>) -> CommandLine {
        if let Some((session, _)) = SessionMark::of_job(job.mark) {
            self.session.get_or_init(|| session);
        }
        let mut excluded = self.nodes.excluded_for(job.job.key);
        if let Some(pool) = &self.pool {
            pool.add(job);
            // Allocations are submitted without the excluded nodes.
            excluded.clear();
        }
        let mut argv = arguments::srun(&self.options, self.allocation.is_some() || self.pool.is_some(), job, &excluded);
        argv.extend(SHELL.shell(command.argv, job.directory));
        let mut env = command.env;
        env.push((arguments::ERROR_CODE_VARIABLE.into(), arguments::SLURM_ERROR_CODE.to_string().into()));
        CommandLine { argv, env, unset: command.unset }
    }

    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let Some(pool) = &self.pool else { return self.start_client(command, spawning) };
        let mark = mark(command);
        let id = pool.take(&mark)?;
        let child = self.start_in(&id, command, spawning).inspect_err(|_| pool.give_back(&mark))?;
        pool.spawned(child.pid(), &mark);
        Ok(child)
    }

    fn started(&self, child: Pid, placement: &Placement) {
        self.not_started.store(0, Ordering::Relaxed);
        self.pool.iter().for_each(|pool| pool.started(child));
        self.watch.iter().for_each(|watch| watch.remove(child));
        self.signaller.started(child, &placement.scheduler_id);
    }

    fn signal(&self, child: Pid, signal: Signal) {
        self.signaller.signal(child, signal);
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        let pid = child.pid();
        self.signaller.remove(pid);
        self.watch.iter().for_each(|watch| watch.remove(pid));
        let reaped = child.reap();
        self.pool.iter().for_each(|pool| pool.ended(pid, reaped.as_ref().ok().map(|reaped| reaped.status)));
        reaped
    }

    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        if self.submits_jobs() {
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(exit.job);
        }
        let node = exit.placement.map(|placement| placement.node.as_str());
        let pooled = self.pool.as_ref().and_then(|pool| pool.take_allocation_of(&SessionMark::job_suffix(exit.job)));
        let id = self.allocation.as_deref().or(pooled.as_deref());
        self.meaning(client_end(exit), exit, node, id)
    }

    fn take_warnings(&self) -> Vec<String> {
        let of_pool = self.pool.as_ref().map(AllocationPool::take_warnings);
        of_pool.or_else(|| self.watch.as_ref().map(QueueWatch::take_warnings)).unwrap_or_default()
    }

    fn take_notes(&self) -> Vec<String> {
        self.watch.as_ref().map(QueueWatch::take_notes).unwrap_or_default()
    }

    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        for (pool, job) in self.pool.iter().zip(marks.iter().filter_map(Mark::job)) {
            pool.take_allocation_of(job);
        }
        let jobs = matches!(marks[..], [Mark::Job(_), ..]);
        if jobs && !self.signaller.has_killed_clients() {
            // Slurm ends all processes of a step.
            return 0;
        }
        self.steps.end(&marks) + MarkedProcesses::new(marks, scope).end()
    }

    fn close(&self) {
        self.pool.iter().for_each(AllocationPool::close);
        self.session
            .get()
            .filter(|_| self.submits_jobs())
            .into_iter()
            .for_each(|session| self.steps.end_session(session));
    }
}

/// The mark of the job that `command` starts.
fn mark(command: &JobCommand) -> String {
    let mark = command.env.iter().find(|(name, _)| name == MARK_VARIABLE);
    mark.map(|(_, mark)| mark.to_string_lossy().into_owned()).unwrap_or_default()
}
