//! From a study's folder to its end: lock, journal, guard, threads.

use std::error::Error;
use std::fs;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use super::checkpoints::restart_check::RestartCheck;
use super::checkpoints::retention::Keep;
use super::checkpoints::{Checkpoints, KernelDisk, RemovalQueue, remove_after_sync};
use super::clock::Clock;
use super::coordinator::{Coordinator, Effects};
use super::discard::discard;
use super::error::RunError;
use super::event_loop::EventLoop;
use super::job::JobRunner;
use super::observer::Observer;
use super::options::{Existing, RunOptions};
use super::output::session_files::SessionFiles;
use super::process::programs::Programs;
use super::process::slot_table::SlotTable;
use super::process::start_retry::StartRetry;
use super::process::wakeup::Wakeup;
use super::process::working_directory::WorkingDirectory;
use super::resume::{ReplayedStudy, open, remove_unneeded, take_up};
use super::study::StudyInput;
use super::tuner::{Tuner, TunerContext};
use crate::command::template::Renderer;
use crate::engine::event::FinishReason;
use crate::engine::experiment::PromotedStart;
use crate::journal::folder::claim;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::folder::lock;
use crate::journal::writer::JournalWriter;
use crate::launch::launcher::Launcher;
use crate::launch::oom::OomMonitor;
use crate::launch::orphans::guard::Guard;
use crate::launch::orphans::leftovers::Leftovers;
use crate::launch::orphans::mark::{Mark, SessionMark};
use crate::launch::orphans::marked_processes::SearchScope;
use crate::launch::orphans::process_groups::ProcessGroups;
use crate::launch::process::pidfd::{check_kernel, probe_pidfd};
use crate::launch::process::signals::Signals;
use crate::types::ids::Slot;

/// Runs the study, or goes on with it, until its end or a signal. A study that is over for good gives its reason again; nothing
/// is launched or written then, but checkpoints are removed that a killed session was to remove.
///
/// # Errors
/// Whatever keeps the driver from going on. No child is left running.
pub fn run(study: &StudyInput<'_>, options: &RunOptions, watcher: &dyn Observer) -> Result<FinishReason, RunError> {
    check_kernel(probe_pidfd())?;
    let root = study.folder.root();
    claim::check(&study.folder)?;
    fs::create_dir_all(root).map_err(|source| RunError::file(root, source))?;
    let folder = study.folder.absolute().map_err(|source| RunError::file(root, source))?;
    let mut lock = lock::acquire(&study.folder)?;
    let leftovers = Leftovers::new(&study.folder, &*options.launcher);
    note_ended(watcher, leftovers.end_listed());
    let tuner = study.tuner.clone().map(|program| Tuner::new(program, study.experiment.clone())).transpose();
    let tuner = tuner.map_err(|source| RunError::System { operation: "make a pipe", source })?;
    let opened = match options.existing {
        Existing::Continue => open(study, options, watcher, tuner.as_ref())?,
        Existing::Overwrite => ReplayedStudy::new(study, options),
    };
    if let Some(reason) = opened.standing.finished.clone() {
        remove_unneeded(opened, study, options.keep, folder, watcher);
        return Ok(reason);
    }
    let equipment = Equipment::get(study, options, folder, tuner)?;
    if options.existing == Existing::Overwrite {
        note_ended(watcher, leftovers.end_journalled());
    }
    discard(&mut lock, &study.folder, options.existing, &opened)?;
    let journal = study.folder.journal();
    let file = lock.journal().map_err(|source| RunError::file(&journal, source))?;
    let journal = JournalWriter::from_file(&journal, file, opened.standing.end)?;
    equipment.drive(study, options, watcher, opened, journal)
}

/// What a session has of its own besides engine and journal.
struct Equipment {
    folder: StudyFolder,
    session: SessionMark,
    signals: Signals,
    groups: ProcessGroups,
    guard: Option<Guard>,
    launcher: Arc<dyn Launcher>,
    places: SlotTable,
    wake: Wakeup,
    abandon: Wakeup,
    pool: ThreadPool,
    tuner: Option<Tuner>,
    directory: WorkingDirectory,
}

impl Equipment {
    fn get(
        study: &StudyInput<'_>,
        options: &RunOptions,
        folder: StudyFolder,
        tuner: Option<Tuner>,
    ) -> Result<Equipment, RunError> {
        let system = |operation| move |source| RunError::System { operation, source };
        let session = SessionMark::new();
        let slots = options.slot_count();
        // a trial runs one job at a time, so that more threads than trials would have nothing to do
        let trials = study.experiment.plan().trials().clamp(1, u64::from(slots));
        let pool = ThreadPoolBuilder::new().num_threads(trials as usize).thread_name(|i| format!("slot-{i}")).build();
        let signals = Signals::catch().map_err(system("catch signals"))?;
        let launcher = options.launcher.clone();
        let groups = ProcessGroups::new().map_err(system("start the guard process"))?;
        let guard = options.guard.as_ref().map(|program| Guard::start(program, &session, &groups)).transpose();
        let guard = guard.map_err(system("start the guard process"))?;
        launcher.prepare(&signals).map_err(system("prepare for spawning"))?;
        Ok(Equipment {
            groups,
            guard,
            places: SlotTable::new(slots, options.grace, study.experiment.job_timeout, launcher.clone()),
            launcher,
            wake: Wakeup::new().map_err(system("make a pipe"))?,
            abandon: Wakeup::new().map_err(system("make a pipe"))?,
            signals,
            pool: pool.map_err(|e| system("start a thread per slot")(cause(e)))?,
            folder,
            session,
            tuner,
            directory: WorkingDirectory::current().map_err(system("find the working directory"))?,
        })
    }

    fn drive(
        self,
        study: &StudyInput<'_>,
        options: &RunOptions,
        watcher: &dyn Observer,
        mut opened: ReplayedStudy,
        journal: JournalWriter,
    ) -> Result<FinishReason, RunError> {
        let recovery = opened.engine.recover();
        let leftovers = Leftovers::new(&study.folder, &*self.launcher);
        note_ended(watcher, leftovers.end(&opened.unfinished));
        leftovers.list(&self.session)?;
        let (age, removals) = (opened.age, std::mem::take(&mut opened.removals));
        let promoted = study.experiment.promoted;
        let copies = std::mem::take(&mut opened.copies);
        let checkpoints = Checkpoints::new(self.folder.clone(), promoted, &self.session, copies, Arc::new(KernelDisk));
        let mut core = self.core(study, watcher, opened, journal);
        let mut orders = take_up(&mut core, study, &self.session, options, age, recovery);
        orders.removals.extend(removals);
        let files = match core.error.take() {
            Some(fault) => Err(fault),
            None => SessionFiles::open(&self.folder, age, checkpoints, core.journal.sync_handle().clone()),
        }?;
        let Coordinator { journal, finish: finished, error: fault, .. } =
            self.run_jobs(study, options, &files, core, orders)?;
        let closed = close(Left { journal, finished, fault }, self.guard, self.session, &*self.launcher, &leftovers);
        self.signals.release();
        files.checkpoints.session_ended();
        if let Some(error) = files.readings.into_error() {
            let file = self.folder.readings();
            watcher.note(&format!("cannot write {}: {error}; learning curves are incomplete", file.display()));
        }
        closed
    }

    /// Runs jobs until the study is over or the driver cannot continue.
    fn run_jobs<'a>(
        &'a self,
        study: &'a StudyInput<'_>,
        options: &'a RunOptions,
        files: &'a SessionFiles,
        core: Coordinator<'a>,
        orders: Effects,
    ) -> Result<Coordinator<'a>, RunError> {
        let (watcher, listens) = (core.observer, core.engine.wants_readings());
        let deferred = study.experiment.promoted == PromotedStart::FromCheckpoint || options.keep == Keep::Best;
        let (queue, due) = RemovalQueue::new();
        let desk = self.desk(options);
        let driver = EventLoop {
            coordinator: Mutex::new(core),
            job_runner: self.workshop(study, options, files, watcher),
            removal_queue: deferred.then_some(queue),
            tuner: self.tuner.as_ref().map(|tuner| (tuner, desk)),
            wakeup: &self.wake,
            wants_readings: listens,
        };
        thread::scope(|threads| {
            if deferred {
                let sync = || files.journal.sync();
                let remove = move || remove_after_sync(&files.checkpoints, &due, sync, |text| watcher.note(text));
                let spawned = thread::Builder::new().name("remover".into()).spawn_scoped(threads, remove);
                spawned.map_err(|source| RunError::System { operation: "start a thread", source })?;
            }
            self.pool.in_place_scope(|scope| driver.run(scope, &self.signals, orders));
            self.tuner.iter().for_each(|tuner| tuner.shut_down(&desk));
            let EventLoop { coordinator, removal_queue, .. } = driver;
            // The scope waits until all that is in the queue is removed.
            drop(removal_queue);
            Ok(coordinator.into_inner().unwrap_or_else(PoisonError::into_inner))
        })
    }

    fn core<'a>(
        &'a self,
        study: &StudyInput<'a>,
        watcher: &'a dyn Observer,
        opened: ReplayedStudy,
        journal: JournalWriter,
    ) -> Coordinator<'a> {
        Coordinator {
            engine: opened.engine,
            journal,
            retention: opened.retention,
            clock: Clock::starting_at(opened.standing.at),
            restart_check: RestartCheck::new(study.experiment.promoted),
            observer: watcher,
            tuner: self.tuner.as_ref(),
            slot_table: &self.places,
            wake_at: None,
            finish: None,
            error: None,
        }
    }

    /// One place past the slots' is the tuner's.
    fn desk(&self, options: &RunOptions) -> TunerContext<'_> {
        let slot = Slot(options.slot_count());
        TunerContext { folder: &self.folder, session: &self.session, groups: &self.groups, slot }
    }

    fn workshop<'a>(
        &'a self,
        study: &'a StudyInput<'_>,
        options: &'a RunOptions,
        files: &'a SessionFiles,
        watcher: &'a dyn Observer,
    ) -> JobRunner<'a> {
        JobRunner {
            experiment: &study.experiment,
            renderer: study.renderer,
            folder: &self.folder,
            session: &self.session,
            slots: &options.slots,
            readings: &files.readings,
            log_limit: options.log_limit,
            checkpoints: &files.checkpoints,
            journal: &files.journal,
            places: &self.places,
            signals: &self.signals,
            groups: &self.groups,
            launcher: &*self.launcher,
            oom: OomMonitor::begin(),
            abandon: &self.abandon,
            programs: Programs::new(known_program(study.renderer)),
            directory: &self.directory,
            start_retry: StartRetry::new(&self.places, options.launch_timeout),
            is_abandoned_log_reported: AtomicBool::new(false),
            watcher,
        }
    }
}

fn note_ended(watcher: &dyn Observer, count: usize) {
    if count > 0 {
        let processes = if count == 1 { "1 process".to_owned() } else { format!("{count} processes") };
        watcher.note(&format!("ended {processes} that an earlier session had left running"));
    }
}

/// The system's answer behind `error`.
fn cause(error: ThreadPoolBuildError) -> io::Error {
    let code = error.source().and_then(|source| source.downcast_ref::<io::Error>()?.raw_os_error());
    code.map_or_else(|| io::Error::other(error), io::Error::from_raw_os_error)
}

/// The program of every job, if the command names it without a template; the command line is refused where it is missing.
fn known_program(renderer: &Renderer) -> Option<String> {
    renderer.command().first().filter(|first| !first.contains("{{")).cloned()
}

/// What a session leaves.
struct Left {
    journal: JournalWriter,
    finished: Option<FinishReason>,
    fault: Option<RunError>,
}

/// Ends the session, whose jobs have ended. After an error of the driver also what had left a job's process group.
fn close(
    left: Left,
    guard: Option<Guard>,
    session: SessionMark,
    launcher: &dyn Launcher,
    leftovers: &Leftovers<'_>,
) -> Result<FinishReason, RunError> {
    if left.fault.is_some() {
        launcher.end_leftovers(vec![Mark::Session(session)], SearchScope::CurrentSession);
    }
    // A guard that does not end has nothing to end either.
    let _ = guard.map(Guard::dismiss);
    if let Some(fault) = left.fault {
        return Err(fault);
    }
    left.journal.sync_handle().sync()?;
    leftovers.unlist();
    left.finished.ok_or_else(|| RunError::Internal("the session ended without a reason".into()))
}
