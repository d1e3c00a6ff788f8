mod odd;
mod order;

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::engine::event::Launch;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::{EndRecord, LaunchRecord, ProcessUsage, Record, SessionRecord};
use crate::launch::orphans::mark::SessionMark;
use crate::run::checkpoints::durable::Disk;
use crate::run::checkpoints::*;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome, Readings};
use crate::types::units::{Moment, Resource};

const TRIAL: TrialId = TrialId(0);
const SUCCEEDED: Outcome = Outcome::Succeeded { score: None };

/// A study with one trial.
struct Study {
    _dir: TempDir,
    folder: StudyFolder,
    promoted: PromotedStart,
    checkpoints: Checkpoints,
}

fn job(rung: u32, attempt: u32) -> JobId {
    JobId { key: JobKey { trial: TRIAL, rung: Rung(rung) }, attempt: Attempt(attempt) }
}

/// Rung 0 gets 1, rung 1 gets 4, rung 2 gets 7; before them the trial had 0, 1, 2.
fn launch(rung: u32, attempt: u32) -> Launch {
    Launch {
        job: job(rung, attempt),
        bracket: BracketId::default(),
        resource: Resource::new(f64::from(3 * rung + 1)).unwrap(),
        previous: Resource::new(f64::from(rung)).unwrap(),
        slot: Slot(0),
        assignment: Arc::new(Assignment::default()),
        origin: None,
    }
}

fn mark(text: &str) -> SessionMark {
    SessionMark::parse(text).unwrap()
}

fn session(mark: &str) -> Record {
    let mark = if mark.is_empty() { String::new() } else { format!("9-9/{mark}") };
    Record::Session(Box::new(SessionRecord { pid: 1, mark, concurrency: 1, ..SessionRecord::default() }))
}

fn launched(rung: u32, attempt: u32) -> Record {
    let Launch { job, bracket, resource, previous, slot, .. } = launch(rung, attempt);
    let at = Moment::default();
    Record::Launch(Box::new(LaunchRecord { job, bracket, resource, previous, slot, params: None, origin: None, at }))
}

fn ended(rung: u32, attempt: u32) -> Record {
    Record::End(Box::new(EndRecord {
        job: job(rung, attempt),
        outcome: Outcome::Succeeded { score: Score::new(0.5) },
        readings: Readings::default(),
        usage: ProcessUsage::default(),
        stderr_tail: String::new(),
        at: Moment::default(),
    }))
}

impl Study {
    fn new(promoted: PromotedStart) -> Study {
        Study::on(promoted, Arc::new(KernelDisk))
    }

    fn on(promoted: PromotedStart, disk: Arc<dyn Disk>) -> Study {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::create_dir(folder.trials()).unwrap();
        let checkpoints = Checkpoints::new(folder.clone(), promoted, &mark("8-8/1-1"), CopyHistory::default(), disk);
        Study { _dir: dir, folder, promoted, checkpoints }
    }

    /// Another session, that read `records` in the journal.
    fn resume(&mut self, name: &str, records: &[Record]) {
        let mut history = CopyHistory::default();
        records.iter().for_each(|record| history.read(record));
        self.checkpoints =
            Checkpoints::new(self.folder.clone(), self.promoted, &mark(name), history, Arc::new(KernelDisk));
    }

    /// Prepares the job and returns what it finds.
    fn begin(&self, rung: u32, attempt: u32) -> String {
        let _ = self.checkpoints.prepare(&launch(rung, attempt), &|| false).unwrap();
        fs::read_to_string(self.model()).unwrap_or_else(|_| "nothing".into())
    }

    fn leave(&self, state: &str) {
        fs::create_dir_all(self.model().parent().unwrap()).unwrap();
        fs::write(self.model(), state).unwrap();
    }

    fn home(&self) -> PathBuf {
        self.folder.trial(TRIAL)
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.checkpoint(TRIAL)
    }

    fn model(&self) -> PathBuf {
        self.checkpoint().join("deep/model")
    }

    fn copy(&self, name: &str) -> PathBuf {
        self.home().join(format!("checkpoint.before-rung-{name}"))
    }

    fn settle(&self, rung: u32) {
        self.checkpoints.remove(Removal::Copies(job(rung, 1).key)).unwrap();
    }

    /// What is in the trial's folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_promoted_trial_goes_on_from_what_it_left() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    assert_eq!(study.begin(0, 1), "nothing");
    study.leave("epoch 1");
    study.settle(0);
    assert_eq!(study.begin(1, 1), "epoch 1");
    study.leave("epoch 4");
    study.settle(1);
    assert_eq!(study.begin(2, 1), "epoch 4");
    assert_eq!(study.names(), ["checkpoint", "checkpoint.before-rung-2.1-1-1"]);
}

#[test]
fn another_attempt_begins_where_the_job_began() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("half of epoch 1");
    assert_eq!(study.begin(0, 2), "nothing");
    study.leave("epoch 1");
    study.settle(0);
    for attempt in 1..4 {
        assert_eq!(study.begin(1, attempt), "epoch 1");
        study.leave("half of epoch 4");
    }
}

#[test]
fn a_crash_while_the_copy_is_made_loses_nothing() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    let partial = study.home().join("checkpoint.partial.0-0-1");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("half"), "").unwrap();
    assert_eq!(study.begin(1, 2), "epoch 1");
    assert_eq!(study.names(), ["checkpoint", "checkpoint.before-rung-1.1-1-2"]);
    assert!(!study.copy("1.1-1-2").join("half").exists());
}

/// Its session is of an earlier study in the folder, or it was made before the trial's last value.
#[test]
fn a_copy_of_another_life_is_not_used() {
    let mut study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("another life");
    study.begin(1, 1);
    study.leave("epoch 1");
    let unknown = [session("2-2"), launched(0, 1), ended(0, 1)];
    let before = [session("1-1"), launched(0, 1), session("2-2"), launched(0, 2), ended(0, 2)];
    for records in [&unknown[..], &before] {
        study.resume("3-3", records);
        assert_eq!(study.begin(1, 1), "epoch 1");
        assert_eq!(study.names(), ["checkpoint", "checkpoint.before-rung-1.3-3-1"]);
        fs::rename(study.copy("1.3-3-1"), study.copy("1.1-1-1")).unwrap();
    }
}

#[test]
fn a_copy_is_used_until_its_job_has_a_value() {
    let mut study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    study.begin(1, 1);
    study.leave("half of epoch 4");
    let first = [session("1-1"), launched(0, 1), ended(0, 1)];
    let mut records = first.to_vec();
    // A disk that did not keep what it reported as synced has lost the launch.
    for (mark, attempt) in [("2-2", 1), ("3-3", 2), ("4-4", 3)] {
        study.resume(mark, &records);
        assert_eq!(study.begin(1, attempt), "epoch 1");
        study.leave("half of epoch 4");
        assert_eq!(study.names(), ["checkpoint", "checkpoint.before-rung-1.1-1-1"]);
        records.extend([session(mark), launched(1, attempt)]);
    }
    records.push(ended(1, 3));
    study.resume("5-5", &records);
    assert_eq!(study.begin(2, 1), "half of epoch 4");
}

#[test]
fn a_copy_of_the_version_before_is_used_if_its_job_was_launched() {
    let mut study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    study.begin(1, 1);
    study.leave("half of epoch 4");
    fs::rename(study.copy("1.1-1-1"), study.copy("1")).unwrap();
    study.resume("2-2", &[session(""), launched(0, 1), ended(0, 1), launched(1, 1)]);
    assert_eq!(study.begin(1, 2), "epoch 1");
    study.leave("half of epoch 4");
    study.resume("2-2", &[session(""), launched(0, 1), ended(0, 1), session("1-1"), launched(1, 1)]);
    assert_eq!(study.begin(1, 2), "half of epoch 4");
    study.settle(1);
    assert_eq!(study.names(), ["checkpoint"]);
}

#[test]
fn an_empty_beginning_is_remembered_too() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.settle(0);
    assert_eq!(study.begin(1, 1), "nothing");
    study.leave("half of epoch 4");
    assert_eq!(study.begin(1, 2), "nothing");
}

#[test]
fn without_resume_every_job_begins_with_nothing() {
    let study = Study::new(PromotedStart::FromScratch);
    for (rung, attempt) in [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1)] {
        assert_eq!(study.begin(rung, attempt), "nothing");
        study.leave("something");
    }
}

#[test]
fn a_copy_keeps_the_order_of_its_files_in_time() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    for path in [study.model(), study.model().parent().unwrap().to_owned()] {
        File::open(path).unwrap().set_times(FileTimes::new().set_modified(long_ago)).unwrap();
    }
    study.begin(1, 1);
    study.begin(1, 2);
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(modified(&study.model()), long_ago);
    assert_eq!(modified(study.model().parent().unwrap()), long_ago);
}

#[test]
fn removal_leaves_logs_and_files_of_the_job() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    study.begin(1, 1);
    for name in ["rung-0.stdout.log", "checkpoint.pt"] {
        fs::write(study.home().join(name), "x").unwrap();
    }
    study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
    assert_eq!(study.names(), ["checkpoint.pt", "rung-0.stdout.log"]);
}

#[test]
fn removal_takes_full_and_empty_and_absent_directories() {
    for promoted in [PromotedStart::FromCheckpoint, PromotedStart::FromScratch] {
        let study = Study::new(promoted);
        study.begin(0, 1);
        study.leave("epoch 1");
        for _ in 0..2 {
            study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
            assert_eq!(study.names(), [""; 0]);
        }
        fs::create_dir(study.checkpoint()).unwrap();
        study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
        assert_eq!(study.names(), [""; 0]);
    }
}
