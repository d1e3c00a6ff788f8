//! The jobs in each slot, and the only code that signals them.
//!
//! A process ID is signalled only while its slot holds it, and the slot is released before the process is reaped. An ID that the
//! kernel has reused is therefore never signalled.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::occupant::{Occupant, PendingKill, ProcessState};
use super::termination::{KillReason, Termination};
use crate::launch::launcher::{Launcher, StartReport};
use crate::launch::orphans::descendants::{Descendants, ProcessSnapshot};
use crate::launch::process::spawning_child::SpawningChild;
use crate::launch::process::syscalls::Pid;
use crate::types::ids::{JobId, Slot};

mod occupant;

#[derive(Debug, Default)]
struct SlotEntry {
    occupant: Mutex<Option<Occupant>>,
    /// Notified when the job is to be killed.
    kill_requested: Condvar,
    /// Takes signals while the job's process is being spawned.
    child: SpawningChild,
}

/// The slots of a session with their jobs.
#[derive(Debug)]
pub struct SlotTable {
    slots: Vec<SlotEntry>,
    grace: Duration,
    timeout: Option<Duration>,
    launcher: Arc<dyn Launcher>,
    /// Whether a signal interrupts the study; the condition variable is notified when it becomes true.
    interrupted: (Mutex<bool>, Condvar),
}

/// A released job that was killed.
#[derive(Debug)]
pub struct KilledJob {
    /// Why it was killed.
    pub reason: KillReason,
    /// The processes that it had started when it was signalled.
    pub descendants: Descendants,
}

/// The result of [`SlotTable::spawn`].
#[derive(Debug)]
pub enum SpawnResult<T, E> {
    /// The process runs.
    Running(T),
    /// The job was killed before its process started.
    Cancelled,
    /// The process could not be spawned.
    Failed(E),
}

impl SlotTable {
    /// `slots` free slots. Jobs are signalled by `launcher`, get `grace` between signals and are killed after `timeout`.
    pub fn new(slots: u32, grace: Duration, timeout: Option<Duration>, launcher: Arc<dyn Launcher>) -> SlotTable {
        let slots = (0..slots).map(|_| SlotEntry::default()).collect();
        SlotTable { slots, grace, timeout, launcher, interrupted: Default::default() }
    }

    /// Reserves `slot` for `job`. Returns false if the slot is occupied or does not exist.
    #[must_use]
    pub fn reserve(&self, slot: Slot, job: JobId) -> bool {
        let Some(entry) = self.entry(slot) else { return false };
        let mut occupant = entry.lock();
        let is_free = occupant.is_none();
        if is_free {
            *occupant = Some(Occupant { job, process: ProcessState::NotStarted, kill: None });
        }
        is_free
    }

    /// Spawns the job of `slot` with `spawn`, unless it was killed before.
    ///
    /// No lock is held while `spawn` runs: it blocks as long as the program's file system does not answer. A kill in the meantime
    /// signals the [`SpawningChild`], or the process once it runs.
    pub fn spawn<T, E>(
        &self,
        slot: Slot,
        spawn: impl FnOnce(&SpawningChild) -> Result<(Pid, T), E>,
    ) -> SpawnResult<T, E> {
        let Some(entry) = self.entry(slot) else { return SpawnResult::Cancelled };
        match entry.lock().as_mut().filter(|occupant| occupant.kill.is_none()) {
            Some(occupant) => occupant.process = ProcessState::Spawning,
            None => return SpawnResult::Cancelled,
        }
        let spawned = spawn(&entry.child);
        let mut occupant = entry.lock();
        let is_killed = occupant.as_ref().is_some_and(|occupant| occupant.kill.is_some());
        let (process, result) = match spawned {
            Ok((pid, child)) => {
                let since = (self.launcher.start_report() == StartReport::AtSpawn).then(Instant::now);
                (ProcessState::Running { pid, since }, SpawnResult::Running(child))
            }
            Err(_) if is_killed => (ProcessState::NotStarted, SpawnResult::Cancelled),
            Err(e) => (ProcessState::NotStarted, SpawnResult::Failed(e)),
        };
        if let Some(occupant) = occupant.as_mut() {
            occupant.process = process;
            if let Some(kill) = &mut occupant.kill
                && kill.sent != Some(kill.termination.signal())
            {
                kill.send_signal(process, &entry.child, &*self.launcher, &ProcessSnapshot::default());
            }
        }
        result
    }

    /// The job of `slot`, whose client runs since the spawn, has started at `now`.
    pub fn started(&self, slot: Slot, now: Instant) {
        let Some(entry) = self.entry(slot) else { return };
        if let Some(Occupant { process: ProcessState::Running { since, .. }, .. }) = entry.lock().as_mut() {
            since.get_or_insert(now);
        }
    }

    /// Waits up to `timeout` for a kill of the job in `slot`. Returns whether there was one.
    pub fn wait_for_kill(&self, slot: Slot, timeout: Duration) -> bool {
        let Some(entry) = self.entry(slot) else { return true };
        let may_run = |occupant: &mut Option<Occupant>| occupant.as_ref().is_some_and(|job| job.kill.is_none());
        let waited = entry.kill_requested.wait_timeout_while(entry.lock(), timeout, may_run);
        !may_run(&mut waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Number of jobs with a running process.
    pub fn running_count(&self) -> usize {
        let runs = |occupant: &Occupant| matches!(occupant.process, ProcessState::Running { .. });
        self.slots.iter().filter(|entry| entry.lock().as_ref().is_some_and(runs)).count()
    }

    /// Number of occupied slots.
    pub fn occupied_count(&self) -> usize {
        self.slots.iter().filter(|entry| entry.lock().is_some()).count()
    }

    /// Releases `slot`; its process is not signalled any more and may be reaped. Returns why the job was killed, if it was.
    pub fn release(&self, slot: Slot) -> Option<KillReason> {
        self.release_killed(slot).map(|killed| killed.reason)
    }

    /// As [`SlotTable::release`], with the processes that the killed job started.
    pub fn release_killed(&self, slot: Slot) -> Option<KilledJob> {
        let PendingKill { reason, descendants, .. } = self.entry(slot)?.lock().take()?.kill?;
        Some(KilledJob { reason, descendants })
    }

    /// Whether the job in `slot` is being killed.
    pub fn is_killed(&self, slot: Slot) -> bool {
        self.entry(slot).is_none_or(|entry| entry.lock().as_ref().is_none_or(|occupant| occupant.kill.is_some()))
    }

    /// Records that a signal interrupts the study.
    pub fn set_interrupted(&self) {
        *self.interrupted.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.interrupted.1.notify_all();
    }

    /// Waits up to `timeout` for [`SlotTable::set_interrupted`]. Returns whether it was called.
    pub fn wait_for_interrupt(&self, timeout: Duration) -> bool {
        let flag = self.interrupted.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.interrupted.1.wait_timeout_while(flag, timeout, |interrupted| !*interrupted);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Kills `job` for `reason`, unless it has ended or is being killed already. Call [`SlotTable::escalate`] for further signals.
    pub fn kill(&self, job: JobId, reason: &KillReason, now: Instant) {
        let snapshot = ProcessSnapshot::default();
        for entry in &self.slots {
            self.kill_if(entry, |occupant| occupant.job == job, reason, now, &snapshot);
        }
    }

    /// Kills every job for `reason`.
    pub fn kill_all(&self, reason: &KillReason, now: Instant) {
        let snapshot = ProcessSnapshot::default();
        for entry in &self.slots {
            self.kill_if(entry, |_| true, reason, now, &snapshot);
        }
    }

    /// Sends SIGKILL to every job that is being killed.
    pub fn force_kill(&self) {
        let snapshot = ProcessSnapshot::default();
        for entry in &self.slots {
            if let Some(Occupant { process, kill: Some(kill), .. }) = entry.lock().as_mut() {
                kill.termination.force(Instant::now());
                kill.send_signal(*process, &entry.child, &*self.launcher, &snapshot);
            }
        }
    }

    /// Kills jobs that exceeded the timeout and sends the next signal to those that did not exit after the last one. Returns when
    /// it is to be called again.
    pub fn escalate(&self, now: Instant) -> Option<Instant> {
        let mut next = self.timeout.map(|timeout| now + timeout);
        let snapshot = ProcessSnapshot::default();
        for entry in &self.slots {
            let mut occupant = entry.lock();
            let Some(occupant) = occupant.as_mut() else { continue };
            let due = match (&mut occupant.kill, occupant.process, self.timeout) {
                (Some(kill), process, _) => {
                    if kill.termination.advance(now).is_some() {
                        kill.send_signal(process, &entry.child, &*self.launcher, &snapshot);
                    }
                    kill.termination.due()
                }
                (None, ProcessState::Running { since: Some(since), .. }, Some(timeout)) if since + timeout <= now => {
                    self.start_kill(entry, occupant, &KillReason::Timeout, now, &snapshot)
                }
                (None, ProcessState::Running { since: Some(since), .. }, Some(timeout)) => Some(since + timeout),
                (None, _, _) => None,
            };
            next = [next, due].into_iter().flatten().min();
        }
        next
    }

    /// The jobs whose processes did not exit in time after SIGKILL.
    pub fn overdue(&self) -> Vec<(JobId, Pid)> {
        let overdue = self.slots.iter().filter_map(|entry| match &*entry.lock() {
            Some(Occupant { job, process: ProcessState::Running { pid, .. }, kill: Some(kill) })
                if kill.termination.is_overdue() =>
            {
                Some((*job, *pid))
            }
            _ => None,
        });
        overdue.collect()
    }

    fn kill_if(
        &self,
        entry: &SlotEntry,
        condition: impl Fn(&Occupant) -> bool,
        reason: &KillReason,
        now: Instant,
        snapshot: &ProcessSnapshot,
    ) {
        let mut occupant = entry.lock();
        let Some(occupant) = occupant.as_mut().filter(|occupant| condition(occupant)) else { return };
        match &mut occupant.kill {
            None => drop(self.start_kill(entry, occupant, reason, now, snapshot)),
            Some(kill) if *reason == KillReason::DriverError => {
                kill.reason = KillReason::DriverError;
                kill.termination.force(now);
                kill.send_signal(occupant.process, &entry.child, &*self.launcher, snapshot);
            }
            Some(_) => {}
        }
    }

    /// Sends the first signal if there is a process, and returns when the next one is due.
    fn start_kill(
        &self,
        entry: &SlotEntry,
        occupant: &mut Occupant,
        reason: &KillReason,
        now: Instant,
        snapshot: &ProcessSnapshot,
    ) -> Option<Instant> {
        let termination = Termination::start(reason, self.grace, now);
        let due = termination.due();
        let descendants = Descendants::default();
        let mut kill = PendingKill { reason: reason.clone(), termination, sent: None, descendants };
        kill.send_signal(occupant.process, &entry.child, &*self.launcher, snapshot);
        occupant.kill = Some(kill);
        entry.kill_requested.notify_all();
        due
    }

    fn entry(&self, slot: Slot) -> Option<&SlotEntry> {
        self.slots.get(usize::try_from(slot.0).ok()?)
    }
}

impl SlotEntry {
    /// Ignores poisoning: after a panic in another thread the children must still be killed.
    fn lock(&self) -> MutexGuard<'_, Option<Occupant>> {
        self.occupant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
