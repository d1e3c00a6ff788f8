//! The threads of a session.
//!
//! One pool thread per slot runs a job, journals its end, passes it to the engine and continues with the next job of its slot, without
//! a switch to another thread between two jobs. The main thread waits for signals, deadlines and wakeups. It syncs the journal about
//! once per second, so that jobs do not wait for the disk.

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
use super::job::{JobListeners, JobRunner};
use super::process::slot_table::SlotTable;
use super::process::termination::{KILL_TIMEOUT, KillReason};
use super::process::wakeup::Wakeup;
use super::tuner::{Tuner, TunerContext};
use crate::engine::event::{Event, Launch};
use crate::launch::process::signals::{self, Signals};
use crate::launch::process::syscalls::wait_readable;
use crate::types::ids::{BracketId, TrialId};
use crate::types::outcome::{Reading, StopRule};
use crate::types::placement::Placement;
use crate::types::units::Resource;

/// Longest time between writing a record and syncing it.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// How often the journal's name and length are checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Signals within this time of the first one are duplicates of it: `timeout` and job managers signal a process and its group, and
/// wrappers forward signals that the terminal has already sent to the whole group.
const DUPLICATE_SIGNAL: Duration = Duration::from_millis(250);
/// How often killed jobs are checked for their exit.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Bytes per read of a job's output: the default capacity of a pipe.
const BUFFER: usize = 64 << 10;

/// The state that the threads share.
pub struct EventLoop<'a> {
    /// Engine and journal.
    pub coordinator: Mutex<Coordinator<'a>>,
    /// Runs the jobs.
    pub job_runner: JobRunner<'a>,
    /// Delays removals until the journal is synced; without it directories are removed at once.
    pub removal_queue: Option<RemovalQueue>,
    /// The external tuner, if the study has one.
    pub tuner: Option<(&'a Tuner, TunerContext<'a>)>,
    /// Wakes the main thread.
    pub wakeup: &'a Wakeup,
    /// Whether the engine uses every reading.
    pub wants_readings: bool,
}

impl<'a> EventLoop<'a> {
    /// Runs the study until it is finished, is interrupted or fails. No job runs after the return.
    pub fn run<'s>(&'s self, scope: &Scope<'s>, signals: &Signals, recovered: Effects) {
        self.apply(scope, recovered);
        let effects = self.coordinator().handle(Event::Start);
        self.apply(scope, effects);
        if let Err(error) = self.wait_for_end(scope, signals) {
            self.fail(error);
        }
        if self.coordinator().error.is_some() {
            self.slot_table().kill_all(&KillReason::DriverError, Instant::now());
            self.wait_for_killed_jobs();
        }
        self.cancel_tuner();
    }

    /// Waits for killed jobs except those that do not exit after SIGKILL, which are abandoned.
    fn wait_for_killed_jobs(&self) {
        let (slots, start) = (self.slot_table(), Instant::now());
        while slots.occupied_count() > slots.overdue().len() && start.elapsed() <= KILL_TIMEOUT {
            slots.escalate(Instant::now());
            sleep(EXIT_POLL_INTERVAL);
        }
        self.job_runner.abandon.set();
    }

    /// The main thread's loop.
    fn wait_for_end<'s>(&'s self, scope: &Scope<'s>, signals: &Signals) -> Result<(), RunError> {
        let journal = self.coordinator().journal.sync_handle().clone();
        let (mut synced, mut checked, mut interrupted) = (Instant::now(), Instant::now(), None);
        loop {
            self.handle_signals(scope, signals, &mut interrupted)?;
            let effects = self.tick_if_due();
            self.apply(scope, effects);
            let coordinator = self.coordinator();
            if coordinator.is_over() {
                return Ok(());
            }
            let tick = coordinator.wake_at.map(|moment| coordinator.clock.until(moment));
            drop(coordinator);
            let sync = (!journal.is_synced()).then(|| SYNC_INTERVAL.saturating_sub(synced.elapsed()));
            if sync == Some(Duration::ZERO) {
                journal.sync()?;
                synced = Instant::now();
                continue;
            }
            let now = Instant::now();
            // Also while no job ends: records that are appended to a truncated journal are lost.
            if now.duration_since(checked) >= CHECK_INTERVAL {
                journal.check()?;
                checked = now;
                self.report_messages();
            }
            let check = Some((checked + CHECK_INTERVAL).saturating_duration_since(now));
            let next_signal = self.slot_table().escalate(now).map(|due| due.saturating_duration_since(now));
            if let Some((job, pid)) = self.slot_table().overdue().first() {
                return Err(RunError::NotKilled { job: *job, pid: *pid });
            }
            let timeout = [tick, sync, check, next_signal].into_iter().flatten().min();
            self.wait(signals, timeout)?;
        }
    }

    /// Shows what the launcher has to say while no job ends.
    fn report_messages(&self) {
        let JobRunner { launcher, observer, .. } = &self.job_runner;
        launcher.take_warnings().iter().for_each(|text| observer.warn(text));
        launcher.take_notes().iter().for_each(|text| observer.note(text));
    }

    fn wait(&self, signals: &Signals, timeout: Option<Duration>) -> Result<(), RunError> {
        let [a, b, c, d] = signals.descriptors();
        let ready = wait_readable([a, b, c, d, Some(self.wakeup.descriptor())], timeout);
        let [.., woken] = ready.map_err(|source| RunError::System { operation: "wait for events", source })?;
        if woken {
            self.wakeup.clear();
        }
        Ok(())
    }

    fn handle_signals<'s>(
        &'s self,
        scope: &Scope<'s>,
        signals: &Signals,
        interrupted: &mut Option<Instant>,
    ) -> Result<(), RunError> {
        let received = signals.take();
        if received.contains(&SIGTSTP) {
            // Ctrl-Z. Running jobs are in process groups of their own and continue. A child that is being spawned is not stopped
            // either: it blocks signals until it has left the driver's group.
            signals::stop_process().map_err(|source| RunError::System { operation: "stop", source })?;
        }
        for signal in received.into_iter().filter(|signal| *signal != SIGTSTP) {
            self.interrupt(scope, signal, interrupted);
        }
        Ok(())
    }

    /// The first signal interrupts the jobs, another one kills them. `first` is when the first one came.
    fn interrupt<'s>(&'s self, scope: &Scope<'s>, signal: i32, first: &mut Option<Instant>) {
        if let Some(first) = first {
            if first.elapsed() > DUPLICATE_SIGNAL {
                self.slot_table().force_kill();
            }
            return;
        }
        *first = Some(Instant::now());
        // Under the lock, so that the engine knows of the interruption before a job that saw it can end: it would be launched again.
        let mut coordinator = self.coordinator();
        self.slot_table().set_interrupted();
        let effects = coordinator.handle(Event::Interrupted { signal });
        self.note_interrupt(signal, &coordinator);
        drop(coordinator);
        let reason = KillReason::Rule(StopRule::new(StopRule::INTERRUPTED, None, None));
        self.slot_table().kill_all(&reason, Instant::now());
        self.cancel_tuner();
        self.apply(scope, effects);
    }

    fn note_interrupt(&self, signal: i32, coordinator: &Coordinator<'_>) {
        let jobs = self.slot_table().occupied_count();
        if jobs > 0 {
            let jobs = if jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") };
            let again = if signal == SIGINT { "Ctrl-C again" } else { "another signal" };
            coordinator.observer.note(&format!("ending {jobs}; {again} kills them at once"));
        }
    }

    fn cancel_tuner(&self) {
        if let Some((tuner, _)) = self.tuner {
            tuner.cancel();
        }
    }

    fn tick_if_due(&self) -> Effects {
        let mut coordinator = self.coordinator();
        if coordinator.wake_at.is_none_or(|moment| coordinator.clock.until(moment) > Duration::ZERO) {
            return Effects::default();
        }
        coordinator.wake_at = None;
        coordinator.handle(Event::Tick)
    }

    fn apply<'s>(&'s self, scope: &Scope<'s>, effects: Effects) {
        if let Some(launch) = self.apply_except_first_launch(scope, effects) {
            scope.spawn(move |scope| self.run_slot(scope, launch));
        }
    }

    /// Applies the effects except the first launch, which the caller's thread runs.
    fn apply_except_first_launch<'s>(&'s self, scope: &Scope<'s>, effects: Effects) -> Option<Launch> {
        let mut launches = effects.launches.into_iter();
        let first = launches.next();
        for launch in launches {
            scope.spawn(move |scope| self.run_slot(scope, launch));
        }
        for trials in effects.tuner_requests {
            scope.spawn(move |scope| self.request_suggestions(scope, &trials));
        }
        for removal in effects.removals {
            self.remove(removal);
        }
        first
    }

    /// Requests configurations from the external tuner, in the thread of a slot that waits for one.
    fn request_suggestions<'s>(&'s self, scope: &Scope<'s>, trials: &[(TrialId, BracketId, Resource)]) {
        let Some((tuner, context)) = &self.tuner else {
            return self.fail(RunError::Internal("suggestions requested without a tuner".into()));
        };
        let suggestions = tuner.suggest(trials, context);
        let effects = self.coordinator().suggested(suggestions);
        self.wakeup.set();
        self.apply(scope, effects);
    }

    /// Runs jobs in this thread until the engine launches none in its place.
    fn run_slot<'s>(&'s self, scope: &Scope<'s>, first: Launch) {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut buffer = vec![0; BUFFER];
            let mut next = Some(first);
            while let Some(launch) = next {
                next = self.run_job(scope, &launch, &mut buffer);
            }
        }));
        if result.is_err() {
            self.fail(RunError::Internal("a thread panicked with the message above".into()));
        }
    }

    /// Runs one job and returns the next one for this thread.
    fn run_job<'s>(&'s self, scope: &Scope<'s>, launch: &Launch, buffer: &mut [u8]) -> Option<Launch> {
        let has_sent = Cell::new(false);
        let listener = |readings: Vec<Reading>| {
            if has_sent.replace(true) && !self.wants_readings {
                return;
            }
            let effects = self.coordinator().job_printed(launch.job, readings);
            self.wakeup.set();
            self.apply(scope, effects);
        };
        let is_listening = self.wants_readings || self.coordinator().engine.wants_first_readings();
        let listener: Option<&dyn Fn(Vec<Reading>)> = if is_listening { Some(&listener) } else { None };
        let started = |placement: &Placement| self.coordinator().job_started(launch.job, placement);
        let listeners = JobListeners { readings: listener, started: &started };
        let end = match self.job_runner.run(launch, listeners, buffer) {
            Ok(end) => end,
            Err(error) => {
                self.fail(error);
                return None;
            }
        };
        let mut coordinator = self.coordinator();
        let (was_synced, wake_at) = (coordinator.journal.sync_handle().is_synced(), coordinator.wake_at);
        let effects = coordinator.job_ended(launch, end);
        let has_changed = was_synced || coordinator.is_over() || coordinator.wake_at != wake_at;
        drop(coordinator);
        if has_changed {
            self.wakeup.set();
        }
        self.apply_except_first_launch(scope, effects)
    }

    fn remove(&self, removal: Removal) {
        match &self.removal_queue {
            Some(queue) => queue.push(removal),
            None => {
                if let Err(error) = self.job_runner.checkpoints.remove(removal) {
                    let observer = self.coordinator().observer;
                    observer.note(&removal_warning(&error));
                }
            }
        }
    }

    /// Ends the session with `error`, unless there was an earlier one. The main thread kills the jobs.
    fn fail(&self, error: RunError) {
        self.coordinator().error.get_or_insert(error);
        self.wakeup.set();
    }

    fn slot_table(&self) -> &SlotTable {
        self.job_runner.slot_table
    }

    fn coordinator(&self) -> MutexGuard<'_, Coordinator<'a>> {
        // Ignores poisoning: after a panic the error is set and only the children are ended.
        self.coordinator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
