//! The state of a study at one moment, read from its folder without its locks.

use std::path::Path;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use anyhow::Context;
use jiff::Timestamp;

use super::slurm;
use crate::cli::error::CliError;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::view::{self, journal_error};
use crate::engine::experiment::Experiment;
use crate::journal::error::JournalError;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader::{self, JournalReader};
use crate::journal::readings::{self, ReadingRecord};
use crate::journal::record::{Header, Record};
use crate::launch::orphans::driver::{self, DriverState};
use crate::report::status::{SlurmFacts, StatusInput, StudyState};
use crate::report::study_progress::StudyProgress;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::report::view::{JobStatus, StudyView, ViewBuilder, ViewDetail};
use crate::schedule::{Plan, finite};
use crate::types::units::Moment;

/// How often a study is read again because its driver ended while it was read.
const READS: u32 = 3;
/// Ends of `readings.jsonl` of these sizes, in bytes, are searched in turn for the last reading of each running job.
const TAILS: [u64; 3] = [256 << 10, 4 << 20, 32 << 20];

/// Records that are passed from one thread to another at once, and how often before the other thread has taken them.
const BATCH: usize = 512;
const BATCHES: usize = 16;

/// A study at one moment.
#[derive(Debug)]
pub struct StudySnapshot {
    pub view: StudyView,
    pub progress: StudyProgress,
    /// Whether its driver runs.
    pub driver: DriverState,
    /// The current study time; of a study that is not running, that of its last record.
    pub now: Moment,
    schedule: Option<(Plan, &'static str)>,
    readings: Vec<ReadingRecord>,
    /// What Slurm says; nothing unless [`StudySnapshot::ask_slurm`] was called.
    slurm: SlurmFacts,
}

impl StudySnapshot {
    /// Reads the study in folder `study`.
    pub fn read(study: &Path) -> Result<StudySnapshot, CliError> {
        StudySnapshot::read_with(study, ViewDetail::Values)
    }

    /// Reads the study in folder `study`, with at least `detail`.
    pub fn read_with(study: &Path, detail: ViewDetail) -> Result<StudySnapshot, CliError> {
        let mut snapshot = StudySnapshot::read_once(study, detail)?;
        for _ in 1..READS {
            // A driver that ended in between wrote the end of the study after its journal was read.
            if !snapshot.misses_the_end(study) {
                break;
            }
            snapshot = StudySnapshot::read_once(study, detail)?;
        }
        if detail == ViewDetail::Curves {
            view::add_curves(&mut snapshot.view, &StudyFolder::new(study));
        }
        Ok(snapshot)
    }

    fn misses_the_end(&self, study: &Path) -> bool {
        let has_running = self.view.jobs.iter().any(|job| job.status == JobStatus::Running);
        has_running && driver::find(&StudyFolder::new(study), self.view.last_session.as_ref()) != self.driver
    }

    fn read_once(study: &Path, detail: ViewDetail) -> Result<StudySnapshot, CliError> {
        let folder = StudyFolder::new(study);
        let before = driver::find(&folder, None);
        let detail = match before {
            DriverState::Running(_) => ViewDetail::Curves,
            _ => detail,
        };
        let mut records = read_records(&folder, detail, None)?;
        if records.view.initial_length.is_some() {
            // The plan is that of the last change of length.
            let header = records.view.header.clone();
            records = read_records(&folder, detail, Some(header))?;
        }
        let Records { mut view, progress, schedule } = records;
        let driver = match driver::find(&folder, view.last_session.as_ref()) {
            DriverState::NotFound if matches!(before, DriverState::Running(_)) && view.finish.is_none() => before,
            found => found,
        };
        let is_running = StudyState::of(&view, driver) == StudyState::Running;
        if !is_running {
            ViewBuilder::lose_running(&mut view.jobs);
        }
        let readings = if is_running { last_readings(&folder, &view) } else { Vec::new() };
        let now = if is_running { current_time(&view) } else { view.last };
        let slurm = SlurmFacts::default();
        Ok(StudySnapshot { view, progress, driver, now, schedule, readings, slurm })
    }

    /// Asks Slurm about the jobs and the driver of the study, if it runs any of them. Takes a few seconds at most.
    pub fn ask_slurm(&mut self) {
        self.slurm = slurm::facts(&self.view, StudyState::of(&self.view, self.driver));
    }

    /// The input of a [`StudyStatus`](crate::report::status::StudyStatus).
    pub fn input(&self) -> StatusInput<'_> {
        StatusInput {
            view: &self.view,
            progress: &self.progress,
            plan: self.schedule.as_ref().map(|(plan, _)| plan),
            kind: self.schedule.as_ref().map(|(_, kind)| *kind),
            driver: self.driver,
            now: self.now,
            readings: &self.readings,
            slurm: &self.slurm,
        }
    }
}

/// What is computed from each record of the journal.
struct Records {
    view: StudyView,
    progress: StudyProgress,
    schedule: Option<(Plan, &'static str)>,
}

/// Reads the journal once. `definition` has the study's definition if it is not that of the journal's header.
fn read_records(folder: &StudyFolder, detail: ViewDetail, definition: Option<Header>) -> Result<Records, CliError> {
    let opened = reader::open(folder).map_err(journal_error)?;
    let empty = || anyhow::anyhow!("{} has no study yet: its journal is empty", folder.root().display());
    let (header, records) = opened.ok_or_else(|| CliError::no_result(empty()))?;
    let definition = definition.as_ref().unwrap_or(&header);
    // The plan is optional output: a missing component file must not hide the state.
    let study = StudyDefinition::recorded(definition, folder.clone()).ok();
    let experiment = study.as_ref().map(|study| &*study.experiment);
    let (mut progress, schedule) = progress(experiment, definition);
    let mut builder = ViewBuilder::new(detail);
    let header = Record::Study(Box::new(header));
    progress.record(&header);
    builder.push(header);
    for_each(records, |record| {
        if let (Record::Session(session), Some(experiment)) = (&record, experiment) {
            progress.set_limits(experiment, &session.limits.limits());
        }
        progress.record(&record);
        builder.push(record);
    })?;
    let view = builder.finish(folder.root()).map_err(CliError::internal)?;
    Ok(Records { view, progress, schedule })
}

/// Calls `apply` with each of `records`, which another thread reads and parses in the meantime.
fn for_each(records: JournalReader, mut apply: impl FnMut(Record)) -> Result<(), CliError> {
    let (sender, receiver) = mpsc::sync_channel(BATCHES);
    let parser = thread::Builder::new().name("journal".into()).spawn(move || send_batches(records, &sender));
    parser.context("cannot start a thread").map_err(CliError::internal)?;
    for batch in receiver {
        for record in batch {
            apply(record.map_err(journal_error)?);
        }
    }
    Ok(())
}

fn send_batches(records: JournalReader, sender: &SyncSender<Vec<Result<Record, JournalError>>>) {
    let mut records = records.peekable();
    while records.peek().is_some() {
        // Without a receiver the result is not needed any more.
        if sender.send(records.by_ref().take(BATCH).collect()).is_err() {
            return;
        }
    }
}

/// The counts of a study without records, and its plan with the name of its kind.
fn progress(experiment: Option<&Experiment>, header: &Header) -> (StudyProgress, Option<(Plan, &'static str)>) {
    let Some(experiment) = experiment else {
        let jobs = finite(header.plan.jobs);
        let resource = jobs.map(|_| header.plan.resource);
        let plan = Plan { brackets: Vec::new(), rounds: 1, open_ended: false };
        return (StudyProgress::new(&plan, ExpectedTotals { jobs, resource, ..ExpectedTotals::default() }), None);
    };
    (StudyProgress::of(experiment), Some((experiment.plan(), experiment.method.kind)))
}

/// Study time now, in a running study.
fn current_time(view: &StudyView) -> Moment {
    let since_start = |session: &crate::journal::record::SessionRecord| {
        let started: Timestamp = session.started_at.parse().ok()?;
        let elapsed = Timestamp::now().duration_since(started);
        Some(session.at.after(elapsed.try_into().unwrap_or_default()))
    };
    view.last_session.as_ref().and_then(since_start).map_or(view.last, |now| now.max(view.last))
}

/// The readings at the end of `readings.jsonl`, as many as needed for each running job to have one, as far as they are found.
fn last_readings(folder: &StudyFolder, view: &StudyView) -> Vec<ReadingRecord> {
    let running: Vec<_> = view.jobs.iter().filter(|job| job.status == JobStatus::Running).map(|job| job.job).collect();
    let mut found = Vec::new();
    for bytes in TAILS.into_iter().take_while(|_| !running.is_empty()) {
        // Readings are optional output, and may be missing.
        let Ok((readings, is_all)) = readings::read_tail(folder, bytes) else { break };
        found = readings;
        found.retain(|reading| running.contains(&reading.job));
        if is_all || running.iter().all(|job| found.iter().any(|reading| reading.job == *job)) {
            break;
        }
    }
    found
}
