use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, JobId, Rung, Slot};

struct Study {
    _dir: TempDir,
    folder: StudyFolder,
    checkpoints: Checkpoints,
}

impl Study {
    fn new(promoted: Promoted) -> Study {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::create_dir(folder.trials()).unwrap();
        Study { checkpoints: Checkpoints::new(folder.clone(), promoted), folder, _dir: dir }
    }

    /// Prepares the job and tells what it finds.
    fn begin(&self, rung: u32, attempt: u32) -> String {
        let job = JobId { key: JobKey { trial: TrialId(0), rung: Rung(rung) }, attempt: Attempt(attempt) };
        let launch = Launch {
            job,
            bracket: BracketId::default(),
            resource: Resource::new(f64::from(3 * rung + 1)).unwrap(),
            previous: Resource::new(f64::from(rung)).unwrap(),
            slot: Slot(0),
            assignment: Arc::new(Assignment::default()),
        };
        self.checkpoints.prepare(&launch).unwrap();
        fs::read_to_string(self.model()).unwrap_or_else(|_| "nothing".into())
    }

    fn leave(&self, state: &str) {
        fs::create_dir_all(self.model().parent().unwrap()).unwrap();
        fs::write(self.model(), state).unwrap();
    }

    fn model(&self) -> PathBuf {
        self.folder.checkpoint(TrialId(0)).join("deep/model")
    }

    fn settle(&self, rung: u32) {
        let key = JobKey { trial: TrialId(0), rung: Rung(rung) };
        self.checkpoints.settled(key, Resource::new(f64::from(rung)).unwrap()).unwrap();
    }
}

#[test]
fn a_promoted_trial_goes_on_from_what_it_left() {
    let study = Study::new(Promoted::Continue);
    assert_eq!(study.begin(0, 1), "nothing");
    study.leave("epoch 1");
    study.settle(0);
    assert_eq!(study.begin(1, 1), "epoch 1");
    study.leave("epoch 4");
    study.settle(1);
    assert_eq!(study.begin(2, 1), "epoch 4");
    assert!(!study.folder.snapshot(TrialId(0), Rung(1)).exists());
}

#[test]
fn another_attempt_begins_where_the_job_began() {
    let study = Study::new(Promoted::Continue);
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
    let study = Study::new(Promoted::Continue);
    study.begin(0, 1);
    study.leave("epoch 1");
    let partial = study.folder.snapshot(TrialId(0), Rung(1)).with_extension("partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("half"), "").unwrap();
    assert_eq!(study.begin(1, 2), "epoch 1");
    assert!(!study.folder.snapshot(TrialId(0), Rung(1)).join("half").exists());
}

#[test]
fn an_empty_beginning_is_remembered_too() {
    let study = Study::new(Promoted::Continue);
    study.begin(0, 1);
    study.settle(0);
    assert_eq!(study.begin(1, 1), "nothing");
    study.leave("half of epoch 4");
    assert_eq!(study.begin(1, 2), "nothing");
}

#[test]
fn without_resume_every_job_begins_with_nothing() {
    let study = Study::new(Promoted::StartOver);
    for (rung, attempt) in [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1)] {
        assert_eq!(study.begin(rung, attempt), "nothing");
        study.leave("something");
    }
}

#[test]
fn a_copy_keeps_the_order_of_its_files_in_time() {
    let study = Study::new(Promoted::Continue);
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
fn removal_takes_what_was_set_aside_for_a_job_that_never_succeeded() {
    let study = Study::new(Promoted::Continue);
    study.begin(0, 1);
    study.leave("epoch 1");
    study.begin(1, 1);
    fs::write(study.folder.trial(TrialId(0)).join("rung-0.stdout.log"), "x").unwrap();
    study.checkpoints.remove(TrialId(0)).unwrap();
    let left: Vec<_> = fs::read_dir(study.folder.trial(TrialId(0))).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["rung-0.stdout.log"]);
}

#[test]
fn removal_takes_full_and_empty_and_absent_directories() {
    let study = Study::new(Promoted::Continue);
    study.begin(0, 1);
    study.leave("epoch 1");
    study.checkpoints.remove(TrialId(0)).unwrap();
    study.checkpoints.remove(TrialId(0)).unwrap();
    assert!(!study.folder.checkpoint(TrialId(0)).exists());
    assert!(study.folder.trial(TrialId(0)).exists());
}
