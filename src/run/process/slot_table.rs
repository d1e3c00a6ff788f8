//! Who runs where: one place per slot, and the only code that signals jobs.
//!
//! A process number is signalled only while its place holds it, and a place lets go of it before the process is reaped; so a
//! number that the kernel has given to somebody else is never signalled.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::termination::{KillReason, Termination};
use crate::launch::process::spawn::SpawningChild;
use crate::launch::process::syscalls::{Pid, Signal, signal_child};
use crate::types::ids::{JobId, Slot};

/// A slot's place.
#[derive(Debug, Default)]
struct SlotEntry {
    tenant: Mutex<Option<Occupant>>,
    /// The end of the job was asked for.
    ending: Condvar,
    /// While the job's process is being made.
    child: SpawningChild,
}

/// A job from its launch record to the reaping of its process.
#[derive(Debug)]
struct Occupant {
    job: JobId,
    stage: Stage,
    ending: Option<Ending>,
}

/// How far the job's process is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// There is none yet, or no longer one that may be signalled.
    Reserved,
    /// The slot's thread is in `clone` or waits for `exec`, without the place's lock.
    Spawning,
    /// It runs.
    Running { pid: Pid, since: Instant },
}

/// Why and how far a job is being ended.
#[derive(Debug)]
struct Ending {
    why: KillReason,
    ladder: Termination,
    /// The last signal that reached a process.
    sent: Option<Signal>,
}

impl Ending {
    /// Sends the signal that is due to the job's process, if there is one.
    fn deliver(&mut self, stage: Stage, child: &SpawningChild) {
        let signal = self.ladder.signal();
        let is_sent = match stage {
            Stage::Reserved => false,
            Stage::Spawning => child.signal(signal),
            Stage::Running { pid, .. } => {
                signal_job(pid, signal);
                true
            }
        };
        if is_sent {
            self.sent = Some(signal);
        }
    }
}

/// All places of a session, and how patient it is.
#[derive(Debug)]
pub struct SlotTable {
    places: Vec<SlotEntry>,
    grace: Duration,
    timeout: Option<Duration>,
    /// Whether a signal wants the study's end, and who waits to know.
    interrupted: (Mutex<bool>, Condvar),
}

/// What came of starting a job.
#[derive(Debug)]
pub enum SpawnResult<T, E> {
    /// It runs.
    Running(T),
    /// Its end was asked for before it was spawned.
    EndedBefore,
    /// It could not be spawned.
    Refused(E),
}

impl SlotTable {
    /// `slots` free places; jobs get `grace` between polite and impolite signals and may run for `timeout`.
    pub fn new(slots: u32, grace: Duration, timeout: Option<Duration>) -> SlotTable {
        let places = (0..slots).map(|_| SlotEntry::default()).collect();
        SlotTable { places, grace, timeout, interrupted: Default::default() }
    }

    /// Gives `slot` to `job`; false if it is taken or there is no such slot, which would be a fault of the engine.
    #[must_use]
    pub fn occupy(&self, slot: Slot, job: JobId) -> bool {
        let Some(place) = self.place(slot) else { return false };
        let mut tenant = place.lock();
        let free = tenant.is_none();
        if free {
            *tenant = Some(Occupant { job, stage: Stage::Reserved, ending: None });
        }
        free
    }

    /// Spawns the job of `slot` with `spawn`, unless its end was asked for before. No lock is held meanwhile: a program on a file
    /// system that does not answer keeps `spawn` for as long as that takes. An end that is asked for then is delivered to the
    /// [`SpawningChild`], and to what it has become.
    pub fn start<T, E>(
        &self,
        slot: Slot,
        spawn: impl FnOnce(&SpawningChild) -> Result<(Pid, T), E>,
    ) -> SpawnResult<T, E> {
        let Some(place) = self.place(slot) else { return SpawnResult::EndedBefore };
        match place.lock().as_mut().filter(|tenant| tenant.ending.is_none()) {
            Some(tenant) => tenant.stage = Stage::Spawning,
            None => return SpawnResult::EndedBefore,
        }
        let spawned = spawn(&place.child);
        let mut tenant = place.lock();
        let is_ending = tenant.as_ref().is_some_and(|tenant| tenant.ending.is_some());
        let (stage, started) = match spawned {
            Ok((pid, running)) => (Stage::Running { pid, since: Instant::now() }, SpawnResult::Running(running)),
            Err(_) if is_ending => (Stage::Reserved, SpawnResult::EndedBefore),
            Err(e) => (Stage::Reserved, SpawnResult::Refused(e)),
        };
        if let Some(Occupant { stage: current, ending, .. }) = tenant.as_mut() {
            *current = stage;
            if let Some(ending) = ending
                && ending.sent != Some(ending.ladder.signal())
            {
                ending.deliver(stage, &place.child);
            }
        }
        started
    }

    /// Waits until the end of the job of `slot` is asked for, at most for `pause`; whether it was.
    pub fn is_ended_within(&self, slot: Slot, pause: Duration) -> bool {
        let Some(place) = self.place(slot) else { return true };
        let stays = |tenant: &mut Option<Occupant>| tenant.as_ref().is_some_and(|tenant| tenant.ending.is_none());
        let waited = place.ending.wait_timeout_while(place.lock(), pause, stays);
        !stays(&mut waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// How many jobs have a process.
    pub fn running(&self) -> usize {
        let runs = |tenant: &Occupant| matches!(tenant.stage, Stage::Running { .. });
        self.places.iter().filter(|place| place.lock().as_ref().is_some_and(runs)).count()
    }

    /// The process of `slot` has ended and is about to be reaped: from here on it is not signalled. Why it was ended, if it was.
    pub fn release(&self, slot: Slot) -> Option<KillReason> {
        let tenant = self.place(slot)?.lock().take()?;
        tenant.ending.map(|ending| ending.why)
    }

    /// Whether the end of the job of `slot` was asked for.
    pub fn is_ended(&self, slot: Slot) -> bool {
        self.place(slot).is_none_or(|place| place.lock().as_ref().is_none_or(|tenant| tenant.ending.is_some()))
    }

    /// A signal wants the study's end.
    pub fn interrupt(&self) {
        *self.interrupted.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.interrupted.1.notify_all();
    }

    /// Whether a signal wants the study's end, now or before `patience` is over.
    pub fn is_interrupted_within(&self, patience: Duration) -> bool {
        let flag = self.interrupted.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.interrupted.1.wait_timeout_while(flag, patience, |interrupted| !*interrupted);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Begins to end `job` if it is still there and not being ended already. The next step is up to [`SlotTable::escalate`].
    pub fn end(&self, job: JobId, why: &KillReason, now: Instant) {
        for place in &self.places {
            self.end_at(place, |tenant| tenant.job == job, why, now);
        }
    }

    /// Begins to end every job.
    pub fn end_all(&self, why: &KillReason, now: Instant) {
        for place in &self.places {
            self.end_at(place, |_| true, why, now);
        }
    }

    /// How many jobs there are.
    pub fn tenants(&self) -> usize {
        self.places.iter().filter(|place| place.lock().is_some()).count()
    }

    /// Kills every job that is being ended.
    pub fn cut_short(&self) {
        for place in &self.places {
            if let Some(Occupant { stage, ending: Some(ending), .. }) = place.lock().as_mut() {
                ending.ladder.cut_short(Instant::now());
                ending.deliver(*stage, &place.child);
            }
        }
    }

    /// Ends jobs that ran too long and takes the next step with those that do not go. When to look again, at the latest.
    pub fn escalate(&self, now: Instant) -> Option<Instant> {
        let mut next = self.timeout.map(|timeout| now + timeout);
        for place in &self.places {
            let mut tenant = place.lock();
            let Some(tenant) = tenant.as_mut() else { continue };
            let due = match (&mut tenant.ending, tenant.stage, self.timeout) {
                (Some(ending), stage, _) => {
                    if ending.ladder.advance(now).is_some() {
                        ending.deliver(stage, &place.child);
                    }
                    ending.ladder.due()
                }
                (None, Stage::Running { since, .. }, Some(timeout)) if since + timeout <= now => {
                    self.begin_to_end(place, tenant, &KillReason::Timeout, now)
                }
                (None, Stage::Running { since, .. }, Some(timeout)) => Some(since + timeout),
                (None, _, _) => None,
            };
            next = [next, due].into_iter().flatten().min();
        }
        next
    }

    /// The jobs whose processes have not ended after SIGKILL, for longer than they may take.
    pub fn overdue(&self) -> Vec<(JobId, Pid)> {
        let overdue = self.places.iter().filter_map(|place| match &*place.lock() {
            Some(Occupant { job, stage: Stage::Running { pid, .. }, ending: Some(ending) })
                if ending.ladder.is_overdue() =>
            {
                Some((*job, *pid))
            }
            _ => None,
        });
        overdue.collect()
    }

    fn end_at(&self, place: &SlotEntry, whom: impl Fn(&Occupant) -> bool, why: &KillReason, now: Instant) {
        let mut tenant = place.lock();
        let Some(tenant) = tenant.as_mut().filter(|tenant| whom(tenant)) else { return };
        match &mut tenant.ending {
            None => drop(self.begin_to_end(place, tenant, why, now)),
            Some(ending) if *why == KillReason::DriverFault => {
                ending.why = KillReason::DriverFault;
                ending.ladder.cut_short(now);
                ending.deliver(tenant.stage, &place.child);
            }
            Some(_) => {}
        }
    }

    /// Sends the first signal, now or once there is a process. When the next one is due.
    fn begin_to_end(
        &self,
        place: &SlotEntry,
        tenant: &mut Occupant,
        why: &KillReason,
        now: Instant,
    ) -> Option<Instant> {
        let mut ending = Ending { why: why.clone(), ladder: Termination::begin(why, self.grace, now), sent: None };
        ending.deliver(tenant.stage, &place.child);
        let due = ending.ladder.due();
        tenant.ending = Some(ending);
        place.ending.notify_all();
        due
    }

    fn place(&self, slot: Slot) -> Option<&SlotEntry> {
        self.places.get(usize::try_from(slot.0).ok()?)
    }
}

impl SlotEntry {
    /// A panic elsewhere must not keep us from ending children.
    fn lock(&self) -> MutexGuard<'_, Option<Occupant>> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signals a running job: all processes of its group, and itself where it has left that.
fn signal_job(pid: Pid, signal: Signal) {
    signal_child(pid, signal);
}

#[cfg(test)]
mod tests;
