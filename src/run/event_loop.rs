//! A session's threads.
//!
//! One pool thread per slot runs a job, journals its end, asks the engine and goes straight on with the job it is given: no hop
//! to another thread between two jobs, and no timer. The calling thread waits for signals, deadlines and bells; it syncs the
//! journal about once a second, so no job waits for the disk.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rayon::Scope;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTSTP;

use super::checkpoints::{Removal, RemovalQueue, removal_warning};
use super::coordinator::{Coordinator, Effects};
use super::error::RunError;
use super::job::JobRunner;
use super::process::termination::{KILL_TIMEOUT, KillReason};
use super::process::wakeup::Wakeup;
use super::tuner::{Tuner, TunerContext};
use crate::engine::event::{Event, Launch};
use crate::launch::process::signals::{self, Signals};
use crate::launch::process::syscalls::wait_readable;
use crate::types::ids::{BracketId, TrialId};
use crate::types::outcome::{Reading, StopRule};
use crate::types::units::Resource;

/// Longest time that journalled records stay off the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// How often the journal's name and length are checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Signals that come this soon after the first are the same one: `timeout` and job managers signal a process and its group, and
/// terminals' wrappers hand on what the terminal has sent already.
const SAME_SIGNAL: Duration = Duration::from_millis(250);
/// How often to look whether killed jobs have ended.
const KILL_PAUSE: Duration = Duration::from_millis(10);
/// What is read of a stream at once: as much as a pipe holds.
const BUFFER: usize = 64 << 10;

/// Everything the threads share.
pub struct EventLoop<'a> {
    /// Engine and journal.
    pub core: Mutex<Coordinator<'a>>,
    /// What jobs need.
    pub workshop: JobRunner<'a>,
    /// Takes removals where they must wait for a sync of the journal; without it they are done at once.
    pub removals: Option<RemovalQueue>,
    /// Proposes, if an outside program does, and what it works with.
    pub tuner: Option<(&'a Tuner, TunerContext<'a>)>,
    /// Rouses the coordinating thread.
    pub wake: &'a Wakeup,
    /// Whether the engine looks at all readings.
    pub listens: bool,
}

impl<'a> EventLoop<'a> {
    /// Fills the slots and coordinates until the study is over or the driver cannot go on; then no job runs any more.
    pub fn drive<'s>(&'s self, scope: &Scope<'s>, signals: &Signals, first: Effects) {
        self.give_out(scope, first);
        let begin = self.core().handle(Event::Start);
        self.give_out(scope, begin);
        if let Err(fault) = self.coordinate(scope, signals) {
            self.fail(fault);
        }
        if self.core().fault.is_some() {
            self.workshop.places.kill_all(&KillReason::DriverError, Instant::now());
            self.await_ends();
        }
        self.cancel_questions();
    }

    /// Waits for killed jobs, but not for those that do not end: their threads leave them.
    fn await_ends(&self) {
        let (places, begun) = (&self.workshop.places, Instant::now());
        while places.occupied_count() > places.overdue().len() && begun.elapsed() <= KILL_TIMEOUT {
            places.escalate(Instant::now());
            sleep(KILL_PAUSE);
        }
        self.workshop.abandon.set();
    }

    fn coordinate<'s>(&'s self, scope: &Scope<'s>, signals: &Signals) -> Result<(), RunError> {
        let disk = self.core().journal.sync_handle().clone();
        let (mut synced, mut checked, mut interrupted) = (Instant::now(), Instant::now(), None);
        loop {
            let signals_now = signals.take();
            if signals_now.contains(&SIGTSTP) {
                Self::suspend()?;
            }
            for signal in signals_now.into_iter().filter(|signal| *signal != SIGTSTP) {
                self.interrupt(scope, signal, &mut interrupted);
            }
            let orders = self.tick_if_due();
            self.give_out(scope, orders);
            let core = self.core();
            if core.finished.is_some() || core.fault.is_some() {
                return Ok(());
            }
            let wake = core.wake_at.map(|moment| core.clock.until(moment));
            let sync = (!disk.is_synced()).then(|| SYNC_EVERY.saturating_sub(synced.elapsed()));
            if sync == Some(Duration::ZERO) {
                drop(core);
                disk.sync()?;
                synced = Instant::now();
                continue;
            }
            drop(core);
            let now = Instant::now();
            // Also while no job ends: records that are appended to a truncated journal are lost.
            if now.duration_since(checked) >= CHECK_EVERY {
                disk.check()?;
                checked = now;
            }
            let check = Some((checked + CHECK_EVERY).saturating_duration_since(now));
            let ladders = self.workshop.places.escalate(now).map(|due| due.saturating_duration_since(now));
            if let Some((job, pid)) = self.workshop.places.overdue().first() {
                return Err(RunError::NotKilled { job: *job, pid: *pid });
            }
            let timeout = [wake, sync, check, ladders].into_iter().flatten().min();
            self.wait(signals, timeout)?;
        }
    }

    fn wait(&self, signals: &Signals, timeout: Option<Duration>) -> Result<(), RunError> {
        let [a, b, c, d] = signals.descriptors();
        let ready = wait_readable([a, b, c, d, Some(self.wake.descriptor())], timeout);
        let [.., rung] = ready.map_err(|source| RunError::System { operation: "wait for events", source })?;
        if rung {
            self.wake.clear();
        }
        Ok(())
    }

    /// Ctrl-Z. Jobs go on: they are in groups of their own. A child that is being spawned is not stopped either: it blocks signals
    /// until it has left our group.
    fn suspend() -> Result<(), RunError> {
        signals::stop_here().map_err(|source| RunError::System { operation: "stop", source })
    }

    /// The first signal ends jobs politely, another one at once.
    fn interrupt<'s>(&'s self, scope: &Scope<'s>, signal: i32, first: &mut Option<Instant>) {
        if let Some(first) = first {
            if first.elapsed() > SAME_SIGNAL {
                self.workshop.places.force_kill();
            }
            return;
        }
        *first = Some(Instant::now());
        // The engine first: what it launches from here on is nothing. Jobs hear of it while it is locked, so that none of them
        // comes with an end that it would launch again.
        let mut core = self.core();
        self.workshop.places.set_interrupted();
        let orders = core.handle(Event::Interrupted { signal });
        self.say_what_ends(signal, &core);
        drop(core);
        let why = KillReason::Rule(StopRule::new(StopRule::INTERRUPTED, None, None));
        self.workshop.places.kill_all(&why, Instant::now());
        self.cancel_questions();
        self.give_out(scope, orders);
    }

    fn say_what_ends(&self, signal: i32, core: &Coordinator<'_>) {
        let jobs = self.workshop.places.occupied_count();
        if jobs > 0 {
            let jobs = if jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") };
            let again = if signal == SIGINT { "Ctrl-C again" } else { "another signal" };
            core.watcher.note(&format!("ending {jobs}; {again} ends them at once"));
        }
    }

    fn cancel_questions(&self) {
        if let Some((tuner, _)) = self.tuner {
            tuner.cancel();
        }
    }

    fn tick_if_due(&self) -> Effects {
        let mut core = self.core();
        if core.wake_at.is_none_or(|moment| core.clock.until(moment) > Duration::ZERO) {
            return Effects::default();
        }
        core.wake_at = None;
        core.handle(Event::Tick)
    }

    /// Spawns what is ordered.
    fn give_out<'s>(&'s self, scope: &Scope<'s>, orders: Effects) {
        if let Some(launch) = self.give_out_but_one(scope, orders) {
            scope.spawn(move |scope| self.work(scope, launch));
        }
    }

    /// Spawns what is ordered except one launch, which is the caller's own.
    fn give_out_but_one<'s>(&'s self, scope: &Scope<'s>, orders: Effects) -> Option<Launch> {
        let mut launches = orders.launches.into_iter();
        let own = launches.next();
        for launch in launches {
            scope.spawn(move |scope| self.work(scope, launch));
        }
        for trials in orders.questions {
            scope.spawn(move |scope| self.consult(scope, &trials));
        }
        self.remove(orders.removals);
        own
    }

    /// Asks the outside tuner, on the thread of one of the slots that wait for it.
    fn consult<'s>(&'s self, scope: &Scope<'s>, trials: &[(TrialId, BracketId, Resource)]) {
        let Some((tuner, desk)) = &self.tuner else {
            return self.fail(RunError::Internal("there is no tuner to ask".into()));
        };
        let suggestions = tuner.suggest(trials, desk);
        let orders = self.core().suggested(suggestions);
        self.wake.set();
        self.give_out(scope, orders);
    }

    /// A slot's thread: this job, and the next, until there is none for it.
    fn work<'s>(&'s self, scope: &Scope<'s>, first: Launch) {
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let mut buffer = vec![0; BUFFER];
            let mut next = Some(first);
            while let Some(launch) = next {
                next = self.run_one(scope, &launch, &mut buffer);
            }
        }));
        if worked.is_err() {
            self.fail(RunError::Internal("a thread panicked; its message stands above".into()));
        }
    }

    fn run_one<'s>(&'s self, scope: &Scope<'s>, launch: &Launch, buffer: &mut [u8]) -> Option<Launch> {
        let sent = Cell::new(false);
        let listener = |readings: Vec<Reading>| {
            if sent.replace(true) && !self.listens {
                return;
            }
            let orders = self.core().job_printed(launch.job, readings);
            self.wake.set();
            self.give_out(scope, orders);
        };
        let listens = self.listens || self.core().engine.wants_first_readings();
        let listener: Option<&dyn Fn(Vec<Reading>)> = if listens { Some(&listener) } else { None };
        let ended = match self.workshop.run(launch, listener, buffer) {
            Ok(ended) => ended,
            Err(fault) => {
                self.fail(fault);
                return None;
            }
        };
        let (orders, rouse) = {
            let mut core = self.core();
            let (was_synced, woke_at) = (core.journal.sync_handle().is_synced(), core.wake_at);
            let orders = core.job_ended(launch, ended);
            let over = core.finished.is_some() || core.fault.is_some();
            (orders, was_synced || over || core.wake_at != woke_at)
        };
        if rouse {
            self.wake.set();
        }
        self.give_out_but_one(scope, orders)
    }

    fn remove(&self, removals: Vec<Removal>) {
        for removal in removals {
            match &self.removals {
                Some(queue) => queue.push(removal),
                None => self.remove_now(removal),
            }
        }
    }

    fn remove_now(&self, removal: Removal) {
        if let Err(fault) = self.workshop.checkpoints.remove(removal) {
            let watcher = self.core().watcher;
            watcher.note(&removal_warning(&fault));
        }
    }

    /// The driver cannot go on: the coordinating thread ends the jobs.
    fn fail(&self, fault: RunError) {
        self.core().fault.get_or_insert(fault);
        self.wake.set();
    }

    fn core(&self) -> MutexGuard<'_, Coordinator<'a>> {
        // After a panic the fault is set; what follows only ends the children.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
