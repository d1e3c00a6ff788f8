//! Runs a session of a study: lock, journal, guard, threads.

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
use super::output::metric_notes::MetricNotes;
use super::output::result_checks::ResultChecks;
use super::output::session_files::SessionFiles;
use super::process::ports::Ports;
use super::process::programs::Programs;
use super::process::slot_table::SlotTable;
use super::process::start_retry::StartRetry;
use super::process::wakeup::Wakeup;
use super::process::working_directory::WorkingDirectory;
use super::resume::{ReplayedStudy, change, open, remove_unneeded, start_session};
use super::study::StudyInput;
use super::tuner::{Tuner, TunerContext};
use crate::command::template::Renderer;
use crate::engine::event::FinishReason;
use crate::engine::experiment::Experiment;
use crate::journal::folder::claim;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::folder::lock;
use crate::journal::writer::JournalWriter;
use crate::launch::launcher::Launcher;
use crate::launch::oom::OomMonitor;
use crate::launch::orphans::guard::Guard;
use crate::launch::orphans::leftovers::{EndedLeftovers, Leftovers};
use crate::launch::orphans::mark::{Mark, SessionMark};
use crate::launch::orphans::marked_processes::SearchScope;
use crate::launch::orphans::process_groups::ProcessGroups;
use crate::launch::process::pidfd::{check_kernel, probe_pidfd};
use crate::launch::process::signals::Signals;
use crate::types::allocation::PromotedStart;
use crate::types::ids::Slot;

/// Starts or resumes the study and runs it until it finishes or a signal comes. For a study that cannot be resumed it returns the
/// recorded reason; it launches and writes nothing, but completes removals of checkpoints that a killed session did not finish.
///
/// # Errors
/// The driver cannot continue. No child process is left.
pub fn run(study: &StudyInput<'_>, options: &RunOptions, observer: &dyn Observer) -> Result<FinishReason, RunError> {
    check_kernel(probe_pidfd())?;
    let root = study.folder.root();
    claim::check(&study.folder)?;
    fs::create_dir_all(root).map_err(|source| RunError::file(root, source))?;
    let folder = study.folder.absolute().map_err(|source| RunError::file(root, source))?;
    let mut lock = lock::acquire(&study.folder, &mut |text| observer.warn(text))?;
    let leftovers = Leftovers::new(&study.folder, &*options.launcher);
    note_ended(observer, leftovers.end_listed());
    let tuner = study.tuner.clone().map(|program| Tuner::new(program, study.experiment.clone())).transpose();
    let tuner = tuner.map_err(|source| RunError::System { operation: "make a pipe", source })?;
    let replayed = match options.existing {
        Existing::Continue => {
            let mut replayed = open(study, options, observer, tuner.as_ref())?;
            change(study, &mut replayed, observer)?;
            replayed
        }
        Existing::Overwrite => ReplayedStudy::new(study, options),
    };
    if let Some(reason) = replayed.state.finished.clone() {
        remove_unneeded(replayed, study, options.keep, folder, observer);
        leftovers.unstopped_warning().iter().for_each(|text| observer.warn(text));
        leftovers.close()?;
        return Ok(reason);
    }
    let session = Session::open(study, options, folder, tuner)?;
    if options.existing == Existing::Overwrite {
        note_ended(observer, leftovers.end_journalled());
    }
    discard(&mut lock, &study.folder, options.existing, &replayed)?;
    let journal = study.folder.journal();
    let file = lock.journal().map_err(|source| RunError::file(&journal, source))?;
    let journal = JournalWriter::from_file(&journal, file, replayed.state.end)?;
    session.run(study, options, observer, &leftovers, replayed, journal)
}

/// The resources of a session besides engine and journal.
struct Session {
    folder: StudyFolder,
    mark: SessionMark,
    signals: Signals,
    groups: ProcessGroups,
    guard: Option<Guard>,
    launcher: Arc<dyn Launcher>,
    slot_table: SlotTable,
    wakeup: Wakeup,
    abandon: Wakeup,
    pool: ThreadPool,
    tuner: Option<Tuner>,
    working_directory: WorkingDirectory,
}

impl Session {
    fn open(
        study: &StudyInput<'_>,
        options: &RunOptions,
        folder: StudyFolder,
        tuner: Option<Tuner>,
    ) -> Result<Session, RunError> {
        let system = |operation| move |source| RunError::System { operation, source };
        let mark = SessionMark::new();
        let slots = options.slot_count();
        // A trial runs one job at a time, so more threads than trials would be idle.
        let trials = study.experiment.plan().trials().clamp(1, u64::from(slots));
        let pool = ThreadPoolBuilder::new().num_threads(trials as usize).thread_name(|i| format!("slot-{i}")).build();
        let signals = Signals::catch().map_err(system("catch signals"))?;
        let launcher = options.launcher.clone();
        let groups = ProcessGroups::new().map_err(system("start the guard process"))?;
        let guard = options.guard.as_ref().map(|program| Guard::start(program, &mark, &groups)).transpose();
        let guard = guard.map_err(system("start the guard process"))?;
        launcher.prepare(&signals).map_err(system("prepare for spawning"))?;
        Ok(Session {
            groups,
            guard,
            slot_table: SlotTable::new(slots, options.grace, study.experiment.job_timeout, launcher.clone()),
            launcher,
            wakeup: Wakeup::new().map_err(system("make a pipe"))?,
            abandon: Wakeup::new().map_err(system("make a pipe"))?,
            signals,
            pool: pool.map_err(|e| system("start a thread per slot")(os_error(e)))?,
            folder,
            mark,
            tuner,
            working_directory: WorkingDirectory::current().map_err(system("find the working directory"))?,
        })
    }

    fn run(
        self,
        study: &StudyInput<'_>,
        options: &RunOptions,
        observer: &dyn Observer,
        leftovers: &Leftovers<'_>,
        mut replayed: ReplayedStudy,
        journal: JournalWriter,
    ) -> Result<FinishReason, RunError> {
        let recovery = replayed.engine.recover();
        // What is discarded was ended before, with the journal that has it.
        if options.existing == Existing::Continue {
            note_ended(observer, leftovers.end_recorded(&replayed.unfinished));
        }
        leftovers.write_list(&self.mark)?;
        let (age, removals) = (replayed.age, std::mem::take(&mut replayed.removals));
        let changes = std::mem::take(&mut replayed.changes);
        let promoted = study.experiment.promoted;
        let copies = std::mem::take(&mut replayed.copies);
        let checkpoints = Checkpoints::new(self.folder.clone(), promoted, &self.mark, copies, Arc::new(KernelDisk));
        let mut coordinator = self.coordinator(study, observer, replayed, journal);
        changes.into_iter().for_each(|change| coordinator.write(change));
        let mut effects = start_session(&mut coordinator, study, &self.mark, options, age, recovery);
        effects.removals.extend(removals);
        let files = match coordinator.error.take() {
            Some(error) => Err(error),
            None => SessionFiles::open(&self.folder, age, checkpoints, coordinator.journal.sync_handle().clone()),
        }?;
        let readings_path = self.folder.readings();
        let had_error = files.note_readings_error(&readings_path, observer);
        let ended = self.run_jobs(study, options, &files, leftovers, coordinator, effects);
        self.launcher.close();
        let Coordinator { journal, finish, error, .. } = ended?;
        let closed =
            close(SessionEnd { journal, finish, error }, self.guard, self.mark, &*self.launcher, leftovers, observer);
        self.signals.release();
        if !had_error {
            files.note_readings_error(&readings_path, observer);
        }
        closed
    }

    /// Runs jobs until the study is over or the driver cannot continue.
    fn run_jobs<'a>(
        &'a self,
        study: &'a StudyInput<'_>,
        options: &'a RunOptions,
        files: &'a SessionFiles,
        leftovers: &'a Leftovers<'a>,
        coordinator: Coordinator<'a>,
        recovered: Effects,
    ) -> Result<Coordinator<'a>, RunError> {
        let (observer, wants_readings) = (coordinator.observer, coordinator.engine.wants_readings());
        let deferred = study.experiment.promoted == PromotedStart::FromCheckpoint || options.keep == Keep::Best;
        let (queue, due) = RemovalQueue::new();
        let context = self.tuner_context(options);
        let event_loop = EventLoop {
            coordinator: Mutex::new(coordinator),
            job_runner: self.job_runner(study, options, files, leftovers, observer),
            removal_queue: deferred.then_some(queue),
            tuner: self.tuner.as_ref().map(|tuner| (tuner, context)),
            wakeup: &self.wakeup,
            wants_readings,
        };
        thread::scope(|threads| {
            if deferred {
                let sync = || files.journal.sync();
                let remove = move || remove_after_sync(&files.checkpoints, &due, sync, |text| observer.note(text));
                let spawned = thread::Builder::new().name("remover".into()).spawn_scoped(threads, remove);
                spawned.map_err(|source| RunError::System { operation: "start a thread", source })?;
            }
            self.pool.in_place_scope(|scope| event_loop.run(scope, &self.signals, recovered));
            self.tuner.iter().for_each(|tuner| tuner.shut_down(&context));
            let EventLoop { coordinator, removal_queue, .. } = event_loop;
            // The scope waits for the thread, which removes what is still queued.
            drop(removal_queue);
            Ok(coordinator.into_inner().unwrap_or_else(PoisonError::into_inner))
        })
    }

    fn coordinator<'a>(
        &'a self,
        study: &StudyInput<'a>,
        observer: &'a dyn Observer,
        replayed: ReplayedStudy,
        journal: JournalWriter,
    ) -> Coordinator<'a> {
        Coordinator {
            engine: replayed.engine,
            journal,
            unwritten: Vec::new(),
            retention: replayed.retention,
            clock: Clock::starting_at(replayed.state.at),
            restart_check: RestartCheck::new(study.experiment.promoted),
            result_checks: result_checks(&study.experiment, study.renderer),
            observer,
            tuner: self.tuner.as_ref(),
            slot_table: &self.slot_table,
            wake_at: None,
            finish: None,
            error: None,
        }
    }

    /// The tuner uses the slot after the last one of the jobs.
    fn tuner_context(&self, options: &RunOptions) -> TunerContext<'_> {
        let slot = Slot(options.slot_count());
        TunerContext { folder: &self.folder, session: &self.mark, groups: &self.groups, slot }
    }

    fn job_runner<'a>(
        &'a self,
        study: &'a StudyInput<'_>,
        options: &'a RunOptions,
        files: &'a SessionFiles,
        leftovers: &'a Leftovers<'a>,
        observer: &'a dyn Observer,
    ) -> JobRunner<'a> {
        JobRunner {
            experiment: &study.experiment,
            renderer: study.renderer,
            folder: &self.folder,
            session: &self.mark,
            slots: &options.slots,
            defaults: &options.defaults,
            ports: Ports::new(options.slot_count()),
            readings: &files.readings,
            log_limit: options.log_limit,
            checkpoints: &files.checkpoints,
            journal: &files.journal,
            slot_table: &self.slot_table,
            signals: &self.signals,
            groups: &self.groups,
            launcher: &*self.launcher,
            leftovers,
            oom: OomMonitor::start(),
            abandon: &self.abandon,
            programs: Programs::new(study.known_program(self.working_directory.path())),
            working_directory: &self.working_directory,
            start_retry: StartRetry::new(&self.slot_table, options.launch_timeout),
            collector: study.experiment.collector(),
            metric_path: study.metric_path(),
            metric_notes: MetricNotes::default(),
            is_abandoned_log_reported: AtomicBool::new(false),
            observer,
        }
    }
}

fn result_checks(experiment: &Experiment, renderer: &Renderer) -> ResultChecks {
    let parameter = renderer.names().params.first().map(|(name, _)| renderer.source_of(name));
    let resource = experiment.resource.as_ref().map(|spec| (spec.name.as_str(), renderer.source_of(&spec.name)));
    ResultChecks::new(experiment.promoted, experiment.plan().trials(), parameter, resource)
}

fn note_ended(observer: &dyn Observer, EndedLeftovers { count, warnings }: EndedLeftovers) {
    warnings.iter().for_each(|text| observer.warn(text));
    if count > 0 {
        let processes = if count == 1 { "1 process".to_owned() } else { format!("{count} processes") };
        observer.note(&format!("ended {processes} that an earlier session had left running"));
    }
}

/// The error of the operating system that caused `error`.
fn os_error(error: ThreadPoolBuildError) -> io::Error {
    let code = error.source().and_then(|source| source.downcast_ref::<io::Error>()?.raw_os_error());
    code.map_or_else(|| io::Error::other(error), io::Error::from_raw_os_error)
}

/// The result of running the jobs.
struct SessionEnd {
    journal: JournalWriter,
    finish: Option<FinishReason>,
    error: Option<RunError>,
}

/// Ends the session, whose jobs have ended. After an error of the driver also what had left a job's process group.
fn close(
    end: SessionEnd,
    guard: Option<Guard>,
    session: SessionMark,
    launcher: &dyn Launcher,
    leftovers: &Leftovers<'_>,
    observer: &dyn Observer,
) -> Result<FinishReason, RunError> {
    if end.error.is_some() {
        launcher.end_leftovers(vec![Mark::Session(session)], SearchScope::CurrentSession);
    }
    launcher.take_warnings().iter().for_each(|text| observer.warn(text));
    leftovers.unstopped_warning().iter().for_each(|text| observer.warn(text));
    // A guard that does not end has nothing to end either.
    let _ = guard.map(Guard::dismiss);
    if let Some(error) = end.error {
        // The first error is more important than one of the list.
        let _ = leftovers.record_unstopped();
        return Err(error);
    }
    end.journal.sync_handle().sync()?;
    leftovers.close()?;
    end.finish.ok_or_else(|| RunError::Internal("the session ended without a finish reason".into()))
}
