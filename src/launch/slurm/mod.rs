//! The launcher `slurm`: jobs run on the nodes of a Slurm cluster, each behind an `srun` of its own.
//!
//! Inside an allocation (`SLURM_JOB_ID` is set) each job is a step of it; outside, each job is a Slurm job. Jobs are signalled by
//! `scancel`, never through `srun`, which kills its job at once when it gets SIGTERM. Tested with Slurm 22.05.

mod allocation;
mod arguments;
pub mod batch;
mod batch_script;
mod exit;
mod hostlist;
mod leftovers;
mod messages;
mod node_health;
pub mod options;
mod query;
mod signaller;

use std::env;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value};

use self::allocation::{AllocationState, NodeAllocation};
use self::exit::{ClientEnd, client_end};
use self::leftovers::Steps;
use self::node_health::NodeHealth;
use self::options::SlurmOptions;
use self::query::Controller;
use self::signaller::Signaller;
use super::client::ShellReport;
use super::error::{LaunchError, SpawnError};
use super::job_exit::{ExitMeaning, JobExit};
use super::kind::{BuildResult, LauncherKind};
use super::launcher::{Capacity, CommandLine, JobIdentity, Launcher, StartReport};
use super::local::Local;
use super::orphans::mark::Mark;
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal};
use crate::types::args::Args;
use crate::types::placement::Placement;

/// The name of the launcher.
pub const NAME: &str = "slurm";
/// Set in every process of an allocation.
const JOB_VARIABLE: &str = "SLURM_JOB_ID";
/// Most jobs in a row that Slurm may fail to start before the session ends.
const MAX_NOT_STARTED: u32 = 20;

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
    /// Spawns `srun`.
    local: Local,
    signaller: Signaller,
    controller: Controller,
    steps: Steps,
    nodes: NodeHealth,
    /// Jobs in a row that Slurm did not start.
    not_started: AtomicU32,
}

impl Slurm {
    fn new(options: SlurmOptions, allocation: Option<String>) -> Slurm {
        Slurm {
            options,
            allocation: allocation.filter(|id| !id.is_empty()),
            local: Local::default(),
            signaller: Signaller::default(),
            controller: Controller::default(),
            steps: Steps::default(),
            nodes: NodeHealth::default(),
            not_started: AtomicU32::new(0),
        }
    }

    fn unusable(message: String) -> LaunchError {
        LaunchError::Unusable { name: NAME, message }
    }

    /// The meaning of the end of a job that was not started, for `reason`.
    fn not_started(&self, reason: String) -> ExitMeaning {
        if self.not_started.fetch_add(1, Ordering::Relaxed) + 1 < MAX_NOT_STARTED {
            return ExitMeaning::Infrastructure(reason);
        }
        ExitMeaning::Unusable(format!("Slurm did not start {MAX_NOT_STARTED} jobs in a row; the last time: {reason}"))
    }

    /// The meaning of a step that Slurm cannot place: a node may have left the allocation.
    fn not_placed(&self, reason: String) -> ExitMeaning {
        let Some(id) = &self.allocation else { return ExitMeaning::Unusable(reason) };
        match NodeAllocation::query(id) {
            Ok(allocation) if self.nodes.retain(&allocation.nodes()) > 0 => ExitMeaning::Infrastructure(reason),
            Ok(_) => ExitMeaning::Unusable(reason),
            Err(_) => self.not_started(reason),
        }
    }

    /// The meaning of a job that something outside of hypertune ended, unless the whole allocation ends.
    fn unless_over(&self, meaning: ExitMeaning) -> ExitMeaning {
        match self.allocation.as_deref().map(allocation::state) {
            Some(AllocationState::Over) => ExitMeaning::Unusable("the allocation has ended".to_owned()),
            None | Some(AllocationState::Running | AllocationState::Unknown) => meaning,
        }
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
        let Some(id) = &self.allocation else { return Ok(Capacity::Queue) };
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
        self.signaller.start()
    }

    fn ready(&self) -> Result<(), String> {
        self.steps.end_pending()?;
        self.controller.check()
    }

    fn wrap(&self, command: CommandLine, job: &JobIdentity<'_>) -> CommandLine {
        let excluded = self.nodes.excluded_for(job.job.key);
        let mut argv = arguments::srun(&self.options, self.allocation.is_some(), job, &excluded);
        argv.extend(SHELL.shell(command.argv, job.directory));
        let mut env = command.env;
        env.push((arguments::ERROR_CODE_VARIABLE.into(), arguments::SLURM_ERROR_CODE.to_string().into()));
        CommandLine { argv, env, unset: command.unset }
    }

    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let child = self.local.start(command, spawning)?;
        self.signaller.add(child.pid()).map_err(SpawnError::Process)?;
        Ok(child)
    }

    fn started(&self, child: Pid, placement: &Placement) {
        self.not_started.store(0, Ordering::Relaxed);
        self.signaller.started(child, &placement.scheduler_id);
    }

    fn signal(&self, child: Pid, signal: Signal) {
        self.signaller.signal(child, signal);
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        self.signaller.remove(child.pid());
        child.reap()
    }

    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        let (key, node) = (exit.job.key, exit.placement.map(|placement| placement.node.as_str()));
        let failed = |reason: String| {
            node.into_iter().for_each(|node| self.nodes.failed(node, key));
            ExitMeaning::Infrastructure(reason)
        };
        match client_end(exit) {
            ClientEnd::Job(meaning) => {
                node.into_iter().for_each(|node| self.nodes.worked(node, key));
                meaning
            }
            ClientEnd::EndedOutside(meaning) => self.unless_over(meaning),
            ClientEnd::LostNode { node, reason } => {
                // A node that leaves an allocation does not return to it.
                if self.allocation.is_some() {
                    self.nodes.exclude(&node)
                } else {
                    self.nodes.failed(&node, key)
                }
                ExitMeaning::Infrastructure(reason)
            }
            ClientEnd::Unreachable(reason) => {
                self.controller.suspect();
                ExitMeaning::Infrastructure(reason)
            }
            ClientEnd::Infrastructure(reason) => failed(reason),
            ClientEnd::NotStarted(reason) => self.not_started(reason),
            ClientEnd::NotPlaced(reason) => self.not_placed(reason),
            ClientEnd::Rejected(reason) => ExitMeaning::Unusable(reason),
        }
    }

    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        let jobs = matches!(marks[..], [Mark::Job(_), ..]);
        if jobs && !self.signaller.has_killed_clients() {
            // Slurm ends all processes of a step.
            return 0;
        }
        self.steps.end(&marks) + MarkedProcesses::new(marks, scope).end()
    }
}
