//! From a study's folder to its end: lock, journal, replay, guard, driver.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use super::checkpoints::Checkpoints;
use super::clock::{Clock, wall_time};
use super::core::{Core, Orders};
use super::driver::Driver;
use super::fault::RunFault;
use super::guard::Guard;
use super::job::Workshop;
use super::memory::OomWatch;
use super::options::{Existing, RunOptions};
use super::places::Places;
use super::retention::Retention;
use super::signals::Signals;
use super::starts_over::StartsOver;
use super::sweep::{self, Mark, SESSION_VARIABLE, STUDY_VARIABLE};
use super::tuner::Tuner;
use super::wake::Wake;
use super::watch::Watcher;
use crate::command::template::Renderer;
use crate::engine::Engine;
use crate::engine::event::FinishReason;
use crate::engine::experiment::Experiment;
use crate::engine::replay::Recovery;
use crate::journal::identity::{Identity, differences};
use crate::journal::layout::StudyFolder;
use crate::journal::record::{EndRecord, Header, Record, Usage};
use crate::journal::replay::{Standing, replay};
use crate::journal::writer::JournalWriter;
use crate::journal::{lock, reader};
use crate::words::ids::{JobId, JobKey, TrialId};
use crate::words::outcome::{Failure, Outcome, Readings};
use crate::words::units::{Moment, Resource};

/// What is driven.
pub struct Study<'a> {
    /// The checked input.
    pub experiment: Arc<Experiment>,
    /// Makes command lines.
    pub renderer: Renderer,
    /// Where it lies.
    pub folder: StudyFolder,
    /// Its identity; written if the study is new, compared with what is there otherwise.
    pub header: Header,
    /// Asked for configurations, if the sampler needs it.
    pub tuner: Option<&'a dyn Tuner>,
}

/// The study as its journal leaves it.
struct Opened {
    engine: Engine,
    retention: Retention,
    standing: Standing,
    /// Whether the header is in the journal.
    begun: bool,
    /// Checkpoints whose removal a crash may have forestalled.
    removals: Vec<TrialId>,
}

/// Runs the study, or goes on with it, until its end or a signal. A study that is over for good gives its reason again; nothing
/// is launched or written then.
///
/// # Errors
/// Whatever keeps the driver from going on. No child is left running.
pub fn run(study: &Study<'_>, options: &RunOptions, watcher: &dyn Watcher) -> Result<FinishReason, RunFault> {
    let root = study.folder.root();
    fs::create_dir_all(root).map_err(|source| RunFault::file(root, source))?;
    let folder = study.folder.absolute().map_err(|source| RunFault::file(root, source))?;
    let _lock = lock::acquire(&study.folder)?;
    if options.existing == Existing::Overwrite {
        study.folder.clear().map_err(|source| RunFault::file(root, source))?;
    }
    let opened = open(study, options, watcher)?;
    if let Some(reason) = opened.standing.finished {
        return Ok(reason);
    }
    match fs::create_dir(folder.trials()) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(RunFault::file(folder.trials(), e)),
        _ => {}
    }
    drive(study, options, watcher, &folder, opened)
}

fn open(study: &Study<'_>, options: &RunOptions, watcher: &dyn Watcher) -> Result<Opened, RunFault> {
    let experiment = &study.experiment;
    let direction = experiment.metric.as_ref().map(|m| m.direction);
    let slots = u32::try_from(options.slots.len()).unwrap_or(u32::MAX);
    let mut opened = Opened {
        engine: Engine::new(experiment.clone(), slots),
        retention: Retention::new(options.keep, experiment.method.schedule.full(), direction),
        standing: Standing::default(),
        begun: false,
        removals: Vec::new(),
    };
    if !study.folder.journal().exists() {
        return Ok(opened);
    }
    let Some((header, mut records)) = reader::open(&study.folder)? else { return Ok(opened) };
    check_identity(study, &header)?;
    reader::check_sampling_rules(&header, &study.folder)?;
    opened.begun = true;
    let show = |record: &Record| {
        watcher.record(record);
        study.tuner.iter().for_each(|tuner| tuner.record(record));
    };
    show(&Record::Study(Box::new(header)));
    let mut given: HashMap<JobKey, Resource> = HashMap::new();
    opened.standing = replay(&mut records, &study.folder, &mut opened.engine, |record| {
        match record {
            Record::Launch(launch) => drop(given.insert(launch.job.key, launch.resource)),
            Record::End(end) => {
                let resource = given.remove(&end.job.key).unwrap_or(Resource::ZERO);
                opened.retention.ended(end.job.key.trial, resource, &end.outcome);
            }
            Record::Retired { trial } => opened.removals.extend(opened.retention.retired(*trial)),
            _ => {}
        }
        show(record);
    })?;
    Ok(opened)
}

/// The last word against going on with another study: between a first look and the lock somebody may have begun one.
fn check_identity(study: &Study<'_>, recorded: &Header) -> Result<(), RunFault> {
    let Header { matrix, command, options, seed, .. } = &study.header;
    let found = differences(recorded, &Identity { matrix, command, options, seed: Some(*seed) });
    if found.is_empty() { Ok(()) } else { Err(RunFault::Changed(found)) }
}

fn drive(
    study: &Study<'_>,
    options: &RunOptions,
    watcher: &dyn Watcher,
    folder: &StudyFolder,
    opened: Opened,
) -> Result<FinishReason, RunFault> {
    let Opened { mut engine, retention, standing, begun, removals } = opened;
    let experiment = &*study.experiment;
    let system = |wanted| move |source| RunFault::System { wanted, source };
    let mut signals = Signals::catch().map_err(system("catch signals"))?;
    let journal = JournalWriter::open_at(&study.folder.journal(), standing.length)?;
    let slots = u32::try_from(options.slots.len()).unwrap_or(u32::MAX);
    let session = format!("{}-{}", process::id(), jiff::Timestamp::now().as_nanosecond());
    let places = Places::new(slots, options.grace, experiment.job_timeout);
    let checkpoints = Checkpoints::new(folder.clone(), experiment.promoted);
    let guard = Guard::post(&options.guard, &session).map_err(system("start the guard process"))?;
    let recovery = engine.recover();
    let workshop = Workshop {
        experiment,
        renderer: &study.renderer,
        folder,
        session: &session,
        slots: &options.slots,
        log_limit: options.log_limit,
        checkpoints: &checkpoints,
        places: &places,
        guard: &guard,
        oom: OomWatch::begin(),
        programs: Mutex::default(),
    };
    let listens = engine.wants_readings();
    let mut core = Core {
        engine,
        journal,
        retention,
        clock: Clock::from(standing.at),
        starts_over: StartsOver::new(experiment.promoted),
        watcher,
        tuner: study.tuner,
        places: &places,
        wake_at: None,
        finished: None,
        fault: None,
    };
    end_leftovers(&recovery, folder, watcher);
    let mut orders = take_up(&mut core, study, slots, begun, recovery);
    orders.removals.extend(removals);
    let driver =
        Driver { core: Mutex::new(core), workshop, wake: Wake::new().map_err(system("make a pipe"))?, listens };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(slots as usize).thread_name(|i| format!("slot-{i}")).build();
    let pool = pool.map_err(|e| RunFault::System { wanted: "start a thread per slot", source: io::Error::other(e) })?;
    pool.in_place_scope(|scope| driver.drive(scope, &mut signals, orders));
    let Core { journal, finished, fault, .. } = driver.core.into_inner().unwrap_or_else(PoisonError::into_inner);
    close(Left { journal, finished, fault }, guard, &session)
}

/// What a session leaves.
struct Left {
    journal: JournalWriter,
    finished: Option<FinishReason>,
    fault: Option<RunFault>,
}

/// After a crash that took the guard too (a killed control group, say), children of the last session may live on.
fn end_leftovers(recovery: &Recovery, folder: &StudyFolder, watcher: &dyn Watcher) {
    if recovery.lost.is_empty() {
        return;
    }
    let ended = sweep::end(&[], &Mark::new(STUDY_VARIABLE, folder.root()));
    if ended > 0 {
        watcher.note(&format!("ended {ended} processes that an earlier session had left running"));
    }
}

/// Journals the header if the study is new, this session, and what the last one left unsaid.
fn take_up(core: &mut Core<'_>, study: &Study<'_>, slots: u32, begun: bool, recovery: Recovery) -> Orders {
    let now = core.clock.now();
    if !begun {
        core.write(Record::Study(Box::new(study.header.clone())));
    }
    let started_at = wall_time();
    core.write(Record::Session { pid: process::id(), concurrency: slots, started_at, at: now });
    for job in recovery.lost {
        core.write(Record::End(Box::new(lost(job, now))));
    }
    let mut orders = Orders::default();
    core.obey(recovery.unrecorded, now, &mut orders);
    orders
}

fn lost(job: JobId, at: Moment) -> EndRecord {
    EndRecord {
        job,
        outcome: Outcome::Failed { failure: Failure::Lost },
        readings: Readings::default(),
        usage: Usage::default(),
        stderr_tail: String::new(),
        at,
    }
}

/// Nothing runs any more. After an interruption not even what had left its process group.
fn close(mut left: Left, guard: Guard, session: &str) -> Result<FinishReason, RunFault> {
    if left.fault.is_some() || matches!(left.finished, Some(FinishReason::Interrupted { .. })) {
        sweep::end(&[], &Mark::new(SESSION_VARIABLE, session));
    }
    // A guard that is gone already needs no goodbye.
    let _ = guard.dismiss();
    if let Some(fault) = left.fault {
        return Err(fault);
    }
    left.journal.sync()?;
    left.finished.ok_or_else(|| RunFault::Internal("the session ended without a reason".into()))
}
