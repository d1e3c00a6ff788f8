//! A slot's directory passes from job to job while it is untouched.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use super::*;

/// The first job of a trial.
fn job_of(trial: u64, slot: u32) -> Launch {
    let mut launch = launch(0, 1);
    (launch.job.key.trial, launch.slot) = (TrialId(trial), Slot(slot));
    launch
}

fn prepare(study: &Study, launch: &Launch) -> PathBuf {
    assert_eq!(study.checkpoints.prepare(launch, &|| false).unwrap(), Prepared::Ready);
    let checkpoint = study.folder.checkpoint(launch.job.key.trial);
    assert_eq!(fs::read_dir(&checkpoint).unwrap().count(), 0, "the directory of {} is not empty", launch.job);
    checkpoint
}

/// The directory after a job that did `work` in it.
fn run(study: &Study, launch: &Launch, work: impl FnOnce(&Path)) -> PathBuf {
    let checkpoint = prepare(study, launch);
    work(&checkpoint);
    study.checkpoints.job_ended(launch, &SUCCEEDED).unwrap();
    checkpoint
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[test]
fn an_untouched_directory_is_renamed_for_the_next_job_of_its_slot() {
    let study = Study::new(PromotedStart::FromScratch);
    let first = run(&study, &job_of(0, 0), |_| ());
    let only = inode(&first);
    for trial in 1..4 {
        let next = run(&study, &job_of(trial, 0), |_| ());
        assert_eq!(inode(&next), only);
        assert!(!study.folder.checkpoint(TrialId(trial - 1)).exists());
    }
    study.checkpoints.session_ended();
    assert!(!study.folder.checkpoint(TrialId(3)).exists());
}

#[test]
fn the_directory_of_a_running_job_stays() {
    let study = Study::new(PromotedStart::FromScratch);
    let running = prepare(&study, &job_of(0, 0));
    run(&study, &job_of(1, 1), |_| ());
    prepare(&study, &job_of(2, 1));
    prepare(&study, &job_of(3, 0));
    study.checkpoints.session_ended();
    assert!(running.exists());
}

#[test]
fn a_directory_that_was_touched_stays_with_its_trial() {
    let study = Study::new(PromotedStart::FromScratch);
    let works: [fn(&Path); 4] = [
        |path| fs::write(path.join("model"), "x").unwrap(),
        |path| fs::create_dir(path.join(".hidden")).unwrap(),
        |path| fs::set_permissions(path, fs::Permissions::from_mode(0o500)).unwrap(),
        |path| {
            fs::remove_dir(path).unwrap();
            symlink("/", path).unwrap();
        },
    ];
    for (trial, work) in (0..).zip(works) {
        let touched = run(&study, &job_of(trial, 0), work);
        let entries = fs::read_dir(&touched).unwrap().count();
        let next = prepare(&study, &job_of(trial + 10, 0));
        assert_ne!(inode(&next), inode(&touched));
        assert_eq!(fs::read_dir(&touched).unwrap().count(), entries);
    }
    study.checkpoints.session_ended();
    assert!(study.folder.checkpoint(TrialId(0)).join("model").exists());
}

/// The trial's next job may run on another slot.
#[test]
fn a_directory_is_not_taken_from_a_later_job_of_its_trial() {
    let study = Study::new(PromotedStart::FromScratch);
    run(&study, &job_of(0, 0), |_| ());
    let mut promoted = launch(1, 1);
    promoted.slot = Slot(1);
    let running = prepare(&study, &promoted);
    prepare(&study, &job_of(1, 0));
    assert!(running.exists());
    let mut retried = launch(1, 2);
    retried.slot = Slot(2);
    assert_eq!(run(&study, &retried, |_| ()), running);
    prepare(&study, &job_of(2, 1));
    assert!(running.exists());
}

#[test]
fn a_directory_that_a_link_leads_to_is_not_taken() {
    let study = Study::new(PromotedStart::FromScratch);
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("checkpoint")).unwrap();
    run(&study, &job_of(0, 0), |_| {
        fs::remove_dir_all(study.home()).unwrap();
        symlink(outside.path(), study.home()).unwrap();
    });
    prepare(&study, &job_of(1, 0));
    run(&study, &job_of(2, 1), |_| ());
    study.checkpoints.session_ended();
    let _ = study.checkpoints.remove(Removal::Checkpoint(TRIAL));
    assert!(outside.path().join("checkpoint").exists());
}

#[test]
fn a_removed_directory_is_made_again() {
    let study = Study::new(PromotedStart::FromScratch);
    run(&study, &job_of(0, 0), |_| ());
    study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
    run(&study, &job_of(1, 0), |_| fs::remove_dir_all(study.folder.trials()).unwrap());
    fs::create_dir(study.folder.trials()).unwrap();
    prepare(&study, &job_of(2, 0));
}

/// A process that outlived its job writes to the path it was given, which is never that of another trial.
#[test]
fn a_process_that_outlives_its_job_writes_into_no_other_trial_s_directory() {
    let study = Study::new(PromotedStart::FromScratch);
    let checkpoint = prepare(&study, &job_of(0, 0));
    let script = "while :; do echo late > $0/model; done 2>/dev/null";
    let writer = Command::new("sh").args(["-c", script]).arg(&checkpoint).stderr(Stdio::null()).spawn();
    let mut writer = writer.unwrap();
    study.checkpoints.job_ended(&job_of(0, 0), &SUCCEEDED).unwrap();
    let directories: Vec<PathBuf> = (1..200).map(|trial| run(&study, &job_of(trial, 0), |_| ())).collect();
    writer.kill().unwrap();
    writer.wait().unwrap();
    for directory in directories {
        assert!(!directory.join("model").exists(), "{}", directory.display());
    }
}
