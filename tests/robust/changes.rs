//! Studies that are lengthened, or whose failed jobs run again, with the driver killed at random instants.

use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{Lab, rounds};

/// A matrix whose length is the field that `LENGTH` replaces.
fn matrix(kind: &str, length: &str, value: u64, rest: &str) -> String {
    let resource = if kind == "random" { "" } else { "maxIterations: 9\nresource: {name: epochs}\n" };
    format!(
        "kind: {kind}\n{length}: {value}\n{resource}{rest}metric: {{name: loss, optimization: minimize}}\nseed: 5\n\
         params:\n  lr: {{kind: uniform, value: [0, 1]}}\n"
    )
}

/// Starts `options` and kills the driver after so many milliseconds; false if it had exited before.
fn killed_after(lab: &Lab, options: &str, words: &str, delay: u64) -> bool {
    let mut driver = lab.start(options, words);
    sleep(Duration::from_millis(delay));
    if driver.has_exited() {
        return false;
    }
    driver.kill();
    lab.wait_for_no_processes();
    true
}

#[test]
fn a_study_lengthened_twice_and_killed_in_between_is_the_longer_study() {
    let mut killed = 0;
    for (kind, field, lengths) in
        [("random", "numRuns", [6, 15, 30]), ("hyperband", "rounds", [1, 2, 3]), ("asha", "numRuns", [8, 20, 40])]
    {
        let whole = Lab::in_memory(&matrix(kind, field, lengths[2], ""));
        whole.run("-q -j 1", "pace=1").exits(0);
        let wanted = whole.outcome();
        for round in 0..rounds() as u64 {
            let lab = Lab::in_memory(&matrix(kind, field, lengths[0], ""));
            for (length, delays) in lengths.into_iter().zip([[60, 90, 20], [40, 25, 70], [15, 30, 55]]) {
                lab.file("m.yaml", matrix(kind, field, length, ""));
                killed +=
                    delays.into_iter().filter(|ms| killed_after(&lab, "-q -j 1", "pace=1", ms + round % 13)).count();
            }
            lab.run("-q -j 1", "pace=1").exits(0);
            assert_eq!(lab.outcome(), wanted, "{kind}, round {round}");
            lab.assert_slots_are_exclusive();
            let check = lab.hypertune("resume m.study -q").exits(0);
            assert!(check.stdout.contains("best"), "{check:?}");
        }
    }
    assert!(killed >= 9, "{killed}");
}

#[test]
fn failed_jobs_run_again_whenever_the_driver_is_killed() {
    let matrix = matrix("random", "numRuns", 20, "");
    let whole = Lab::in_memory(&matrix);
    whole.run("-q -j 3", "").exits(0);
    let wanted = whole.outcome();
    for round in 0..2 * rounds() as u64 {
        let lab = Lab::in_memory(&matrix);
        lab.run("-q -j 3 --keep-going", "damage-odd").exits(0);
        assert_eq!(lab.outcome().values.len(), 10);
        for delay in [5, 15, 25, 35] {
            killed_after(&lab, "-q -j 3 --rerun failed", "damage-odd", delay + round % 11);
        }
        lab.run("-q -j 3 --rerun failed", "damage-odd").exits(0);
        let outcome = lab.outcome();
        assert_eq!((outcome.values, outcome.configurations), (wanted.values.clone(), wanted.configurations.clone()));
        assert_eq!(outcome.best.contains("\"ended\": true"), wanted.best.contains("\"ended\": true"));
    }
}

/// The first attempt of every job damages its checkpoint and fails.
#[test]
fn failed_promoted_jobs_start_from_the_checkpoint_before_them() {
    for keep in ["all", "promoted", "none"] {
        let lab = Lab::in_memory(&matrix("asha", "numRuns", 9, "resume: true\n"));
        let run = |options: &str| {
            lab.run(&format!("-q -j 2 --keep-going --keep-checkpoints {keep} {options}"), "checkpoint damage")
        };
        run("").exits(3);
        for _ in 0..3 {
            run("--rerun failed").exits(0);
        }
        let ends = lab.records("end");
        let at = |rung: u64, status: &str| ends.iter().filter(|e| e["rung"] == rung && e["status"] == status).count();
        assert_eq!([at(0, "failed"), at(0, "succeeded")], [9, 9], "{keep}");
        assert_eq!(at(1, "failed"), at(1, "succeeded"), "{keep}");
        assert!(at(2, "succeeded") > 0 && at(2, "failed") == at(2, "succeeded"), "{keep}");
    }
}
