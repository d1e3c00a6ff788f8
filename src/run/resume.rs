//! Opens a study: replays its journal, and writes what the last session did not write.

use std::collections::HashMap;
use std::process;
use std::sync::Arc;

use super::change::Rerun;
use super::checkpoints::retention::{Keep, Retention};
use super::checkpoints::{Checkpoints, CopyHistory, KernelDisk, Removal, remove_pending};
use super::clock::wall_time;
use super::coordinator::{Coordinator, Effects};
use super::error::RunError;
use super::observer::Observer;
use super::options::RunOptions;
use super::output::session_files::StudyAge;
use super::study::StudyInput;
use super::tuner::Tuner;
use crate::engine::Engine;
use crate::engine::replay::Recovery;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::{EndRecord, Header, ProcessUsage, Record, SessionLimits, SessionRecord};
use crate::journal::replay::{ReplayedState, replay};
use crate::launch::orphans::mark::SessionMark;
use crate::launch::orphans::unfinished::UnfinishedSessions;
use crate::types::allocation::PromotedStart;
use crate::types::ids::{JobId, JobKey};
use crate::types::outcome::{Failure, Outcome, Readings};
use crate::types::units::{Moment, Resource};

/// A study after the replay of its journal.
pub struct ReplayedStudy {
    /// The engine after the replay.
    pub engine: Engine,
    /// Decides which checkpoints are kept.
    pub retention: Retention,
    /// Time and end of the journal.
    pub state: ReplayedState,
    /// Whether the journal has a header.
    pub age: StudyAge,
    /// Whether it has launched a job.
    pub launched: bool,
    /// Directories that the last session may not have removed before it was killed.
    pub removals: Vec<Removal>,
    /// Records of what this session changes in the study.
    pub changes: Vec<Record>,
    /// Which copies of checkpoints may be used.
    pub copies: CopyHistory,
    /// Sessions that were killed.
    pub unfinished: UnfinishedSessions,
}

impl ReplayedStudy {
    /// A study without a journal.
    pub fn new(study: &StudyInput<'_>, options: &RunOptions) -> ReplayedStudy {
        let experiment = &study.experiment;
        let direction = experiment.metric.as_ref().map(|m| m.direction);
        ReplayedStudy {
            engine: Engine::new(experiment.clone(), options.slot_count()),
            retention: Retention::new(options.keep, experiment.method.schedule.max_resource(), direction),
            state: ReplayedState::default(),
            age: StudyAge::New,
            launched: false,
            removals: Vec::new(),
            changes: Vec::new(),
            copies: CopyHistory::default(),
            unfinished: UnfinishedSessions::default(),
        }
    }
}

/// Completes removals of a killed session, in a study that cannot be resumed. Removes checkpoints only if `--keep-checkpoints` keeps fewer
/// than the default: the journal does not record the option of the killed session.
pub fn remove_unneeded(
    replayed: ReplayedStudy,
    study: &StudyInput<'_>,
    keep: Keep,
    folder: StudyFolder,
    observer: &dyn Observer,
) {
    let mut removals = replayed.removals;
    if matches!(keep, Keep::All | Keep::Promoted) {
        removals.retain(|removal| !matches!(removal, Removal::Checkpoint(_)));
    }
    let journal = folder.journal();
    let (promoted, mark) = (study.experiment.promoted, SessionMark::new());
    if promoted == PromotedStart::FromCheckpoint || matches!(keep, Keep::Best | Keep::None) {
        let checkpoints = Checkpoints::new(folder, promoted, &mark, replayed.copies, Arc::new(KernelDisk));
        remove_pending(&checkpoints, removals, &journal, |text| observer.note(text));
    }
}

/// Replays the journal, if there is one, into a new engine.
pub fn open(
    study: &StudyInput<'_>,
    options: &RunOptions,
    observer: &dyn Observer,
    tuner: Option<&Tuner>,
) -> Result<ReplayedStudy, RunError> {
    let mut replayed = ReplayedStudy::new(study, options);
    let Some((header, mut records)) = reader::open(&study.folder)? else { return Ok(replayed) };
    check_identity(study, &header)?;
    reader::check_sampling_rules(&header, study.experiment.method.rules(), &study.folder)?;
    replayed.age = StudyAge::Resumed;
    if let Some(length) = study.change.initial_length {
        replayed.engine.start_with_length(length);
    }
    let publish = |record: &Record| {
        observer.record(record);
        tuner.iter().for_each(|tuner| tuner.record(record));
    };
    publish(&Record::Study(Box::new(header)));
    let mut launched: HashMap<JobKey, (Resource, Resource)> = HashMap::new();
    replayed.state = replay(&mut records, &study.folder, &mut replayed.engine, |engine, record| {
        engine.decisive().into_iter().for_each(|job| replayed.retention.decided(job));
        replayed.unfinished.record(record);
        match record {
            Record::Launch(launch) => {
                replayed.launched = true;
                launched.insert(launch.job.key, (launch.resource, launch.previous));
                replayed.retention.launched(launch.job.key);
            }
            Record::End(end) => {
                let key = end.job.key;
                let (resource, previous) = launched.remove(&key).unwrap_or((Resource::ZERO, Resource::ZERO));
                let allocation = engine.promoted().allocation(resource, Some(previous));
                replayed.retention.ended(key, allocation, &end.outcome, end.readings.step(engine.resource()));
                if previous > Resource::ZERO && end.outcome.score().is_some() && !end.outcome.runs_again() {
                    replayed.removals.push(Removal::Copies(key));
                }
            }
            Record::Retired { trial } => {
                replayed.removals.extend(replayed.retention.retired(*trial).into_iter().map(Removal::Checkpoint));
            }
            Record::Finish { reason, .. } => replayed.removals.extend(replayed.retention.finished(reason)),
            Record::Length(_) | Record::RunAgain { .. } => keep_needed(&mut replayed.removals, engine),
            _ => {}
        }
        replayed.copies.read(record);
        publish(record);
    })?;
    Ok(replayed)
}

/// Makes the changes of `study` in its replayed state, and queues their records.
///
/// # Errors
/// [`RunError::ConcurrentStart`], if another session has changed the study since its journal was first read.
pub fn change(study: &StudyInput<'_>, replayed: &mut ReplayedStudy, observer: &dyn Observer) -> Result<(), RunError> {
    let engine = &mut replayed.engine;
    if let Some(change) = study.change.length.as_ref().filter(|change| change.before == engine.length()) {
        engine.set_length(change.length);
        replayed.changes.push(Record::Length(change.clone()));
    }
    if engine.length() != study.experiment.method.schedule.length().amount() {
        return Err(RunError::ConcurrentStart(study.folder.root().to_owned()));
    }
    if study.change.rerun == Some(Rerun::Failed) {
        let jobs = engine.failed_jobs();
        match jobs.is_empty() {
            true => observer.note("no failed job can run again"),
            false => {
                engine.run_again(&jobs);
                replayed.changes.push(Record::RunAgain { jobs });
            }
        }
    }
    if !replayed.changes.is_empty() {
        replayed.state.finished = engine.final_reason().cloned();
        keep_needed(&mut replayed.removals, &replayed.engine);
    }
    Ok(())
}

/// Cancels removals of directories whose trials may run again after a change.
fn keep_needed(removals: &mut Vec<Removal>, engine: &Engine) {
    removals.retain(|removal| match removal {
        Removal::Checkpoint(trial) | Removal::AllCopies(trial) => !engine.may_run(*trial),
        Removal::Copies(_) => true,
    });
}

/// Another process may have started a study after the journal was first read and before it was locked.
fn check_identity(study: &StudyInput<'_>, recorded: &Header) -> Result<(), RunError> {
    // The definition of a study that was lengthened is in a later record.
    let is_same = (recorded.seed, &recorded.started_at) == (study.header.seed, &study.header.started_at);
    if is_same { Ok(()) } else { Err(RunError::ConcurrentStart(study.folder.root().to_owned())) }
}

/// Writes the header of a new study, the session record, and the ends of jobs and commands that the last session did not write.
pub fn start_session(
    coordinator: &mut Coordinator<'_>,
    study: &StudyInput<'_>,
    mark: &SessionMark,
    options: &RunOptions,
    age: StudyAge,
    recovery: Recovery,
) -> Effects {
    let now = coordinator.clock.now();
    if age == StudyAge::New {
        coordinator.write(Record::Study(Box::new(study.header.clone())));
    }
    coordinator.write(Record::Session(Box::new(SessionRecord {
        pid: process::id(),
        mark: mark.to_string(),
        concurrency: options.slot_count(),
        launcher: options.launcher.name().to_owned(),
        launcher_options: options.launcher.options(),
        batch_job: options.batch_job.clone(),
        retries: study.experiment.retries.max,
        devices: options.devices(),
        limits: SessionLimits::of(&study.experiment.limits),
        files: study.files.clone(),
        started_at: wall_time(),
        at: now,
    })));
    for job in recovery.lost {
        coordinator.write(Record::End(Box::new(lost(job, now))));
    }
    let mut effects = Effects::default();
    coordinator.execute(recovery.unrecorded, now, &mut effects);
    effects
}

fn lost(job: JobId, at: Moment) -> EndRecord {
    EndRecord {
        job,
        outcome: Outcome::Failed { failure: Failure::Lost },
        readings: Readings::default(),
        usage: ProcessUsage::default(),
        stderr_tail: String::new(),
        at,
    }
}
