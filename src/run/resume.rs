//! Opens a study: replays its journal, and records what the last session left unrecorded.

use std::collections::HashMap;
use std::process;
use std::sync::Arc;

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
use crate::engine::experiment::PromotedStart;
use crate::engine::replay::Recovery;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::{EndRecord, Header, ProcessUsage, Record};
use crate::journal::replay::{ReplayedState, replay};
use crate::launch::orphans::leftovers::Unfinished;
use crate::launch::orphans::mark::SessionMark;
use crate::types::ids::{JobId, JobKey};
use crate::types::outcome::{Failure, Outcome, Readings};
use crate::types::units::{Moment, Resource};

/// The study as its journal leaves it.
pub struct ReplayedStudy {
    /// Knows all that is recorded.
    pub engine: Engine,
    /// Knows whose checkpoints are kept.
    pub retention: Retention,
    /// How far the journal is.
    pub standing: ReplayedState,
    /// Whether there is anything recorded yet.
    pub age: StudyAge,
    /// Whether it has launched a job.
    pub launched: bool,
    /// What is of no use any more by the journal; a crash may have come before its removal.
    pub removals: Vec<Removal>,
    /// Which copies of checkpoints may be used.
    pub copies: CopyHistory,
    /// Sessions that did not end in order.
    pub unfinished: Unfinished,
}

impl ReplayedStudy {
    /// A study of which nothing is recorded.
    pub fn new(study: &StudyInput<'_>, options: &RunOptions) -> ReplayedStudy {
        let experiment = &study.experiment;
        let direction = experiment.metric.as_ref().map(|m| m.direction);
        ReplayedStudy {
            engine: Engine::new(experiment.clone(), options.slot_count()),
            retention: Retention::new(options.keep, experiment.method.schedule.max_resource(), direction),
            standing: ReplayedState::default(),
            age: StudyAge::New,
            launched: false,
            removals: Vec::new(),
            copies: CopyHistory::default(),
            unfinished: Unfinished::default(),
        }
    }
}

/// Removes what the last session of a study that cannot go on was to remove when it was killed. Checkpoints only where `--keep-checkpoints`
/// names fewer than the default: the study may have been run with another choice, and the journal does not say with which.
pub fn remove_unneeded(
    opened: ReplayedStudy,
    study: &StudyInput<'_>,
    keep: Keep,
    folder: StudyFolder,
    watcher: &dyn Observer,
) {
    let mut removals = opened.removals;
    if matches!(keep, Keep::All | Keep::Promoted) {
        removals.retain(|removal| !matches!(removal, Removal::Checkpoint(_)));
    }
    let journal = folder.journal();
    let (promoted, mark) = (study.experiment.promoted, SessionMark::new());
    if promoted == PromotedStart::FromCheckpoint || matches!(keep, Keep::Best | Keep::None) {
        let checkpoints = Checkpoints::new(folder, promoted, &mark, opened.copies, Arc::new(KernelDisk));
        remove_pending(&checkpoints, removals, &journal, |text| watcher.note(text));
    }
}

/// Reads the journal, if there is one, into a fresh engine.
pub fn open(
    study: &StudyInput<'_>,
    options: &RunOptions,
    watcher: &dyn Observer,
    tuner: Option<&Tuner>,
) -> Result<ReplayedStudy, RunError> {
    let mut opened = ReplayedStudy::new(study, options);
    let Some((header, mut records)) = reader::open(&study.folder)? else { return Ok(opened) };
    check_identity(study, &header)?;
    reader::check_sampling_rules(&header, &study.folder)?;
    opened.age = StudyAge::Resumed;
    let show = |record: &Record| {
        watcher.record(record);
        tuner.iter().for_each(|tuner| tuner.record(record));
    };
    show(&Record::Study(Box::new(header)));
    let mut given: HashMap<JobKey, (Resource, Resource)> = HashMap::new();
    opened.standing = replay(&mut records, &study.folder, &mut opened.engine, |engine, record| {
        engine.decisive().into_iter().for_each(|job| opened.retention.decided(job));
        opened.unfinished.record(record);
        match record {
            Record::Launch(launch) => {
                opened.launched = true;
                given.insert(launch.job.key, (launch.resource, launch.previous));
                opened.retention.launched(launch.job.key);
            }
            Record::End(end) => {
                let key = end.job.key;
                let (resource, previous) = given.remove(&key).unwrap_or((Resource::ZERO, Resource::ZERO));
                let allocation = engine.promoted().allocation(resource, Some(previous));
                opened.retention.ended(key, allocation, &end.outcome, end.readings.step(engine.resource()));
                if previous > Resource::ZERO && end.outcome.score().is_some() && !end.outcome.runs_again() {
                    opened.removals.push(Removal::Copies(key));
                }
            }
            Record::Retired { trial } => {
                opened.removals.extend(opened.retention.retired(*trial).into_iter().map(Removal::Checkpoint));
            }
            Record::Finish { reason, .. } => opened.removals.extend(opened.retention.finished(reason)),
            _ => {}
        }
        opened.copies.read(record);
        show(record);
    })?;
    Ok(opened)
}

/// Between the first look at the journal and its lock another process may have begun a study.
fn check_identity(study: &StudyInput<'_>, recorded: &Header) -> Result<(), RunError> {
    if *recorded == study.header { Ok(()) } else { Err(RunError::ConcurrentStart(study.folder.root().to_owned())) }
}

/// Journals the header if the study is new, this session, and what the last one left unsaid.
pub fn take_up(
    core: &mut Coordinator<'_>,
    study: &StudyInput<'_>,
    mark: &SessionMark,
    options: &RunOptions,
    age: StudyAge,
    recovery: Recovery,
) -> Effects {
    let now = core.clock.now();
    if age == StudyAge::New {
        core.write(Record::Study(Box::new(study.header.clone())));
    }
    core.write(Record::Session {
        pid: process::id(),
        mark: mark.to_string(),
        concurrency: options.slot_count(),
        launcher: options.launcher.name().to_owned(),
        retries: study.experiment.retries.max,
        started_at: wall_time(),
        at: now,
    });
    for job in recovery.lost {
        core.write(Record::End(Box::new(lost(job, now))));
    }
    let mut orders = Effects::default();
    core.execute(recovery.unrecorded, now, &mut orders);
    orders
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
