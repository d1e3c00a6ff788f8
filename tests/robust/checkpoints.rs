//! Promoted trials go on from their checkpoint, retried jobs from its state at their beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::lab::{HYPERBAND, JOBS, Lab};

fn resuming() -> Lab {
    Lab::new(&HYPERBAND.replace("seed: 7", "seed: 7\nresume: true"))
}

fn with_checkpoints(lab: &Lab) -> Vec<PathBuf> {
    let trials = fs::read_dir(lab.study().join("trials")).unwrap().flatten();
    trials.map(|trial| trial.path().join("checkpoint")).filter(|checkpoint| checkpoint.exists()).collect()
}

/// Epochs that each job printed.
fn steps(lab: &Lab) -> Vec<(u64, u64)> {
    let span = |end: &serde_json::Value| {
        let curve = end["curve"].as_array().unwrap();
        let step = |point: &serde_json::Value| point["step"].as_f64().unwrap() as u64;
        (step(curve.first().unwrap()), step(curve.last().unwrap()))
    };
    let mut steps: Vec<_> = lab.records("end").iter().map(span).collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

#[test]
fn a_promoted_trial_trains_only_what_it_has_not() {
    let lab = resuming();
    let ended = lab.run("-j 2", "checkpoint").exits(0);
    assert!(!ended.err.contains("starts over"), "{}", ended.err);
    assert_eq!(steps(&lab), [(1, 1), (1, 3), (1, 9), (2, 3), (4, 9)]);
}

#[test]
fn without_resume_every_job_finds_an_empty_directory() {
    let lab = Lab::hyperband();
    lab.run("-j 2", "checkpoint").exits(0);
    assert_eq!(steps(&lab), [(1, 1), (1, 3), (1, 9)]);
}

#[test]
fn a_retried_attempt_begins_with_the_checkpoint_of_the_job_s_beginning() {
    let lab = resuming();
    lab.run("-j 2 --retries 1 --keep-going", "spoil checkpoint").exits(0);
    let good: Vec<_> = lab.records("end").into_iter().filter(|e| e["status"] == "succeeded").collect();
    assert_eq!(good.len(), JOBS);
    assert!(good.iter().all(|e| e["attempt"] == 2));
}

#[test]
fn a_crash_in_a_promoted_job_brings_its_beginning_back() {
    let lab = resuming();
    let words = "checkpoint pace=20";
    for _ in 0..4 {
        let driver = lab.start("-j 2", words);
        let before = lab.records("end").len();
        lab.until("some ends", || lab.records("end").len() > before + 3 || lab.records("finish").len() == 1);
        std::thread::sleep(std::time::Duration::from_millis(15));
        driver.signal(9);
        driver.end();
        lab.nothing_lives();
    }
    lab.run("-j 2", words).exits(0);
    for end in lab.records("end").iter().filter(|e| e["status"] == "succeeded") {
        let first = end["curve"][0]["step"].as_u64().or(end["curve"][0]["step"].as_f64().map(|s| s as u64)).unwrap();
        assert!([1, 2, 4].contains(&first), "a job began from a half-written checkpoint: {end}");
    }
}

#[test]
fn dropped_trials_leave_no_checkpoints() {
    let kept = |keep: &str| {
        let lab = resuming();
        lab.run(&format!("-j 2 --keep-checkpoints {keep}"), "checkpoint").exits(0);
        with_checkpoints(&lab).len()
    };
    // 15 trials, of which 1 + 1 + 3 reach nine epochs.
    assert_eq!(["all", "promoted", "best", "none"].map(kept), [15, 5, 1, 0]);
}

#[test]
fn the_disk_holds_only_what_may_still_be_promoted() {
    let lab = resuming();
    let census = lab.path("census");
    // Trials that are dropped are gone when the next job looks: it counts those that may go on, the running one, and the best.
    lab.run("-j 1", &format!("checkpoint census={}", census.display())).exits(0);
    let counts: Vec<(u32, u32)> = fs::read_to_string(census).unwrap().lines().map(pair).collect();
    assert_eq!(counts.len(), JOBS);
    let live = live_and_finished(&lab);
    for (job, ((checkpoints, copies), live)) in counts.iter().zip(live).enumerate() {
        assert!(*checkpoints <= live, "{checkpoints} checkpoints of {live} at job {job}");
        assert!(*copies <= 1, "{copies} copies at job {job}");
    }
    let homes = fs::read_dir(lab.study().join("trials")).unwrap().flatten().map(|trial| trial.path());
    let copies = homes
        .flat_map(|home| fs::read_dir(home).unwrap().flatten())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("checkpoint."));
    assert_eq!(copies.count(), 0, "what was set aside is still there");
}

fn pair(line: &str) -> (u32, u32) {
    let (a, b) = line.split_once(' ').unwrap();
    (a.parse().unwrap(), b.parse().unwrap())
}

/// At each launch: trials that were launched before and not dropped since.
fn live_and_finished(lab: &Lab) -> Vec<u32> {
    let (mut live, mut counts) = (BTreeSet::new(), Vec::new());
    let mut reached = BTreeMap::new();
    for record in lab.journal() {
        let trial = record["trial"].as_u64();
        match record["type"].as_str() {
            Some("launch") => {
                counts.push(live.len() as u32);
                live.insert(trial);
                reached.insert(trial, record["resource"].as_f64());
            }
            Some("retired") if reached[&trial] != Some(9.0) => drop(live.remove(&trial)),
            _ => {}
        }
    }
    counts
}

#[test]
fn a_promoted_job_that_fails_for_good_leaves_nothing_set_aside() {
    let lab = resuming();
    lab.run("-j 2 --keep-going", "fail-promoted=3 checkpoint").exits(0);
    let homes = fs::read_dir(lab.study().join("trials")).unwrap().flatten().map(|trial| trial.path());
    let kept: Vec<_> = homes.filter(|home| fs::read_dir(home).unwrap().flatten().any(|e| e.path().is_dir())).collect();
    // Only the three trials that began at nine epochs ran to their end.
    assert_eq!(kept.len(), 3, "{kept:?}");
}

#[test]
fn a_script_that_ignores_its_checkpoint_is_told_on_once() {
    let lab = resuming();
    let ended = lab.run("-j 2", "").exits(0);
    assert_eq!(ended.err.matches("starts over").count(), 1, "{}", ended.err);
}
