//! The job in a slot, its process, and how it is being killed.

use std::time::Instant;

use crate::launch::launcher::{Launcher, StartReport};
use crate::launch::orphans::descendants::{Descendants, ProcessSnapshot};
use crate::launch::process::spawning_child::SpawningChild;
use crate::launch::process::syscalls::{Pid, Signal};
use crate::run::process::termination::{KillReason, Termination};
use crate::types::ids::JobId;

/// A job from its launch record until its process is reaped.
#[derive(Debug)]
pub struct Occupant {
    pub job: JobId,
    pub process: ProcessState,
    pub kill: Option<PendingKill>,
}

#[derive(Clone, Copy, Debug)]
pub enum ProcessState {
    NotStarted,
    /// The slot's thread is in `clone` or waits for `exec`, without holding the lock.
    Spawning,
    Running {
        pid: Pid,
        /// When the job started; `None` while the process is a client that waits for its job to start.
        since: Option<Instant>,
    },
}

#[derive(Debug)]
pub struct PendingKill {
    pub reason: KillReason,
    pub termination: Termination,
    /// The last signal that reached a process.
    pub sent: Option<Signal>,
    /// The processes that the job has started, some of which may have left its process group.
    pub descendants: Descendants,
}

impl PendingKill {
    /// Sends the current signal to the job's process group, if it has a process.
    pub fn send_signal(
        &mut self,
        process: ProcessState,
        child: &SpawningChild,
        launcher: &dyn Launcher,
        snapshot: &ProcessSnapshot,
    ) {
        let signal = self.termination.signal();
        let is_sent = match process {
            ProcessState::NotStarted => false,
            ProcessState::Spawning => child.signal(signal),
            ProcessState::Running { pid, .. } => {
                // A client's processes are not the job's.
                if launcher.start_report() == StartReport::AtSpawn {
                    self.descendants.add(pid, snapshot);
                }
                launcher.signal(pid, signal);
                true
            }
        };
        if is_sent {
            self.sent = Some(signal);
        }
    }
}
