//! Promoted trials continue from their checkpoint, retried jobs from its state before the job.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use hypertune_test_support::{HYPERBAND, HYPERBAND_JOBS, Lab, RunOutput, hypertune, is_root, trainer};

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
    assert!(!ended.stderr.contains("trains from scratch"), "{}", ended.stderr);
    assert_eq!(steps(&lab), [(1, 1), (1, 3), (1, 9), (2, 3), (4, 9)]);
}

#[test]
fn without_resume_every_job_finds_an_empty_directory() {
    let lab = Lab::hyperband();
    lab.run("-j 2", "checkpoint").exits(0);
    assert_eq!(steps(&lab), [(1, 1), (1, 3), (1, 9)]);
}

#[test]
fn a_retry_starts_with_the_checkpoint_from_before_the_job() {
    let lab = resuming();
    lab.run("-j 2 --retries 1 --keep-going", "damage checkpoint").exits(0);
    let succeeded: Vec<_> = lab.records("end").into_iter().filter(|e| e["status"] == "succeeded").collect();
    assert_eq!(succeeded.len(), HYPERBAND_JOBS);
    assert!(succeeded.iter().all(|e| e["attempt"] == 2));
}

#[test]
fn a_crash_in_a_promoted_job_restores_its_checkpoint() {
    let lab = resuming();
    let words = "checkpoint pace=20";
    for _ in 0..4 {
        let driver = lab.start("-j 2", words);
        let before = lab.records("end").len();
        lab.wait_until("some ends", || lab.records("end").len() > before + 3 || lab.records("finish").len() == 1);
        std::thread::sleep(std::time::Duration::from_millis(15));
        driver.kill();
        lab.wait_for_no_processes();
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

/// Longest time, in seconds, from a decision to the removal that follows from it: the journal is synced in between.
const REMOVED_AFTER: f64 = 2.0;

#[test]
fn the_disk_holds_only_what_may_still_be_promoted() {
    let lab = resuming();
    let counts = lab.path("counts");
    // Each job counts the existing checkpoints when it starts.
    lab.run("-j 1", &format!("checkpoint count-checkpoints={} sleep=250", counts.display())).exits(0);
    let counts: Vec<(u32, u32)> = fs::read_to_string(counts).unwrap().lines().map(pair).collect();
    assert_eq!(counts.len(), HYPERBAND_JOBS);
    let allowed = allowed(&lab);
    assert!(allowed.iter().max() < Some(&(15, 5)), "no job began long enough after a trial was dropped: {allowed:?}");
    for (job, (found, allowed)) in counts.iter().zip(allowed).enumerate() {
        assert!(found.0 <= allowed.0 && found.1 <= allowed.1, "{found:?} of {allowed:?} at job {job}");
    }
    let homes = fs::read_dir(lab.study().join("trials")).unwrap().flatten().map(|trial| trial.path());
    let copies = homes
        .flat_map(|home| fs::read_dir(home).unwrap().flatten())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("checkpoint."));
    assert_eq!(copies.count(), 0, "copies are left");
}

fn pair(line: &str) -> (u32, u32) {
    let (a, b) = line.split_once(' ').unwrap();
    (a.parse().unwrap(), b.parse().unwrap())
}

/// The most checkpoints and copies allowed at each launch: those of earlier trials that were not dropped more than [`REMOVED_AFTER`]
/// ago, and copies that were in use until then.
fn allowed(lab: &Lab) -> Vec<(u32, u32)> {
    let (mut live, mut dropped, mut copies) = (BTreeSet::new(), Vec::new(), Vec::new());
    let (mut reached, mut counts, mut now) = (BTreeMap::new(), Vec::new(), 0.0);
    for record in lab.journal() {
        let trial = record["trial"].as_u64();
        now = record["at"].as_f64().map_or(now, |nanoseconds| nanoseconds / 1e9);
        match record["type"].as_str() {
            Some("launch") => {
                copies.push(if record["previous"] == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY });
                let recent = |times: &[f64]| times.iter().filter(|at| **at + REMOVED_AFTER > now).count() as u32;
                counts.push((live.len() as u32 + recent(&dropped), recent(&copies)));
                live.insert(trial);
                reached.insert(trial, record["resource"].as_f64());
            }
            Some("end") => copies.iter_mut().filter(|at| **at == f64::INFINITY).for_each(|at| *at = now),
            Some("retired") if reached[&trial] != Some(9.0) && live.remove(&trial) => dropped.push(now),
            _ => {}
        }
    }
    counts
}

#[test]
fn a_promoted_job_without_retries_leaves_no_copy() {
    let lab = resuming();
    lab.run("-j 2 --keep-going", "fail-promoted=3 checkpoint").exits(0);
    let homes = fs::read_dir(lab.study().join("trials")).unwrap().flatten().map(|trial| trial.path());
    let kept: Vec<_> = homes.filter(|home| fs::read_dir(home).unwrap().flatten().any(|e| e.path().is_dir())).collect();
    // Only the three trials that started with nine epochs completed.
    assert_eq!(kept.len(), 3, "{kept:?}");
}

#[test]
fn a_restart_from_scratch_is_reported_once() {
    let lab = resuming();
    let ended = lab.run("-j 2", "").exits(0);
    assert_eq!(ended.stderr.matches("trains from scratch").count(), 1, "{}", ended.stderr);
}

/// Runs hypertune and its jobs as another user if the tests run as root, for whom permissions are not checked.
fn run_unprivileged(lab: &Lab, options: &str, words: &str) -> RunOutput {
    let mut command = lab.program(if is_root() { "setpriv" } else { "env" });
    if is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        lab.set_mode("", 0o777);
    }
    // The other user may not have access to the target folder.
    for (name, from) in [("hypertune", hypertune()), ("trainer", trainer())] {
        lab.copy_program(&from, name);
    }
    let line = format!("./hypertune run m.yaml {options} -- ./trainer {words}");
    RunOutput::of(command.args(line.split_whitespace()))
}

#[test]
fn a_checkpoint_without_permission_to_write_is_copied_and_removed() {
    let lab = resuming();
    let ended = run_unprivileged(&lab, "-j 2 --keep-checkpoints none", "checkpoint read-only").exits(0);
    assert!(!ended.stderr.contains("cannot remove"), "{}", ended.stderr);
    assert_eq!(steps(&lab), [(1, 1), (1, 3), (1, 9), (2, 3), (4, 9)]);
    assert_eq!(with_checkpoints(&lab), [""; 0].map(PathBuf::from));
}

#[test]
fn a_checkpoint_that_cannot_be_copied_fails_its_job_only() {
    let lab = resuming();
    run_unprivileged(&lab, "-j 2 --retries 1 --keep-going", "checkpoint unreadable").exits(0);
    let ends = lab.records("end");
    let (promoted, first): (Vec<_>, Vec<_>) = ends.iter().partition(|end| end["rung"] != 0);
    assert!(first.iter().all(|end| end["status"] == "succeeded"));
    assert!(promoted.iter().any(|end| end["attempt"] == 2));
    for end in promoted {
        let why = end["failure"].to_string();
        assert!(why.contains("checkpoint/secret/model: Permission denied"), "{end}");
    }
    assert_eq!(with_checkpoints(&lab).len(), 3, "those of the trials that began at the full resource");
}

/// An immutable file stays, and the study completes.
#[test]
fn a_checkpoint_that_cannot_be_removed_is_noted_once() {
    if !is_root() {
        println!("skipped: making a file immutable needs root");
        return;
    }
    let lab = resuming();
    let script = "d=$HYPERTUNE_CHECKPOINT_DIR; if [ $HYPERTUNE_TRIAL = 1 ] && touch $d/stuck; then chattr +i $d/stuck; fi; \
                  echo '{\"loss\": '$((99 - HYPERTUNE_TRIAL))'}'";
    let run = || {
        let mut command = lab.command("run m.yaml -j 2 --keep-checkpoints none -- sh -c");
        RunOutput::of(command.arg(script))
    };
    let first = run();
    let stuck = lab.study().join("trials/1/checkpoint/stuck");
    let freed = Command::new("chattr").arg("-i").arg(&stuck).status();
    if !freed.is_ok_and(|status| status.success()) {
        println!("skipped: this file system knows no immutable files");
        return;
    }
    let first = first.exits(0).stderr_contains("cannot remove");
    assert_eq!(first.stderr.matches("cannot remove").count(), 1, "{}", first.stderr);
    assert_eq!(with_checkpoints(&lab), [stuck.parent().unwrap()]);
}

/// A study that ends when a metric is reached leaves trials that were neither dropped nor finished.
#[test]
fn a_study_that_reached_its_metric_keeps_the_requested_checkpoints() {
    let kept = |keep: &str| {
        let condition = "earlyStopping: [{metric: loss, value: 1000, optimization: minimize}]";
        let lab = Lab::new(&HYPERBAND.replace("seed: 7", &format!("seed: 7\nresume: true\n{condition}")));
        lab.run(&format!("-j 2 --keep-checkpoints {keep}"), "checkpoint").exits(0);
        let copies = fs::read_dir(lab.study().join("trials")).unwrap().flatten().flat_map(|trial| {
            let entries = fs::read_dir(trial.path()).unwrap().flatten();
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("checkpoint.")).collect::<Vec<_>>()
        });
        assert_eq!(copies.count(), 0, "{keep}");
        with_checkpoints(&lab).len()
    };
    assert_eq!([kept("none"), kept("best")], [0, 1]);
    assert!(kept("all") >= 1);
}
