//! Whatever ends the driver, no child and no grandchild is left.

use std::fs;
use std::process::Command;

use crate::lab::{Ended, Lab, send};

#[test]
fn kill_9_takes_children_and_grandchildren_along() {
    let lab = Lab::random(2);
    let mut driver = lab.start("-j 2", "breed stray hold ignore=term sleep=600000");
    // Two jobs with three grandchildren each.
    lab.until("all processes", || lab.living().len() >= 8);
    assert!(!driver.is_over());
    driver.signal(9);
    driver.end();
    lab.nothing_lives();
}

#[test]
fn other_ends_that_nobody_can_refuse_leave_nothing_either() {
    // Ctrl-\, and an abort inside the driver.
    for signal in [3, 6] {
        let lab = Lab::random(2);
        let driver = lab.start("-j 2", "breed stray sleep=600000");
        lab.until("all processes", || lab.living().len() >= 6);
        driver.signal(signal);
        driver.end();
        lab.nothing_lives();
    }
}

#[test]
fn what_outlived_even_the_guard_is_ended_before_the_study_goes_on() {
    let lab = Lab::random(2);
    let log = lab.path("log");
    let words = format!("log={} fail-first=1", log.display());
    let driver = lab.start("-j 2", &format!("stray sleep=600000 {words}"));
    lab.until("all processes", || lab.living().len() == 4);
    let guard = guard_of(driver.pid());
    send(guard, 9);
    driver.signal(9);
    driver.end();
    assert_eq!(lab.living().len(), 4, "without a guard nobody ends them");
    let resumed = lab.start("-j 2", &format!("stray sleep=600000 {words}"));
    lab.until("two second attempts", || lab.records("launch").len() == 4);
    lab.until("their processes", || lab.living().len() == 4);
    resumed.signal(2);
    resumed.end().exits(130).complains("ended 4 processes that an earlier session had left running");
    lab.nothing_lives();
}

/// The process that ends jobs where their driver cannot.
fn guard_of(driver: u32) -> u32 {
    let found = Command::new("pgrep").args(["-P", &driver.to_string(), "-f", "hypertune-guard"]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn after_a_crash_no_job_is_said_to_run() {
    let lab = Lab::random(2);
    let states = || {
        let listed = Ended::of(lab.hypertune("export m.study --format jsonl").output().unwrap()).exits(0).out;
        let status = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["status"].to_string();
        listed.lines().map(status).collect::<Vec<_>>()
    };
    let driver = lab.start("-j 2", "sleep=600000");
    lab.until("two jobs", || lab.living().len() == 2);
    assert_eq!(states(), ["\"running\""; 2]);
    driver.signal(9);
    driver.end();
    assert_eq!(states(), ["\"lost\""; 2]);
    lab.nothing_lives();
}

#[test]
fn a_grandchild_that_holds_stdout_does_not_hold_the_study() {
    let lab = Lab::random(4);
    lab.run("-j 2", "hold").exits(0);
    assert_eq!(lab.records("end").len(), 4);
    // In a session of its own and the job ended well: it is the user's.
    lab.living().iter().for_each(|pid| send(*pid, 9));
}

#[test]
fn what_stays_in_the_group_goes_with_its_job() {
    let lab = Lab::random(2);
    lab.run("-j 2", "breed").exits(0);
    lab.nothing_lives();
}

#[test]
fn usage_is_journalled() {
    let lab = Lab::random(1);
    lab.run("", "sleep=20").exits(0);
    let end = &lab.records("end")[0];
    assert_eq!(end["exit_code"], 0);
    assert!(end["duration_s"].as_f64().unwrap() >= 0.02, "{end}");
    assert!(end["max_rss_bytes"].as_u64().unwrap() > 100_000, "{end}");
    assert!(end["cpu_s"].as_f64().unwrap() >= 0.0, "{end}");
}

#[test]
fn failures_are_told_apart() {
    for (words, kind) in [
        ("exit=3", "exit"),
        ("kill=10", "signal"),
        ("say=torch.cuda.OutOfMemoryError exit=1", "out_of_memory"),
        ("nothing", "no_metric"),
        ("value=NaN", "not_finite"),
        ("value=null", "no_metric"),
    ] {
        let lab = Lab::random(1);
        lab.run("", words).exits(3);
        assert_eq!(lab.records("end")[0]["failure"]["kind"], kind, "{words}");
    }
}

#[test]
fn jobs_find_their_variables_and_a_closed_stdin() {
    let lab = Lab::hyperband();
    lab.run("-j 1 --max-jobs 1", "variables").exits(4);
    let log = fs::read_to_string(lab.study().join("trials/0/rung-0.stdout.log")).unwrap();
    for variable in
        ["STUDY_DIR", "TRIAL=0", "TRIAL_DIR", "CHECKPOINT_DIR", "RESOURCE=1", "PREVIOUS_RESOURCE=0", "SLOT=0"]
    {
        assert!(log.contains(&format!("HYPERTUNE_{variable}")), "{variable} is not in\n{log}");
    }
}
