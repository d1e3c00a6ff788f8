//! Whatever ends the driver, no child and no grandchild is left.

use std::fs;

use crate::lab::Lab;

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
fn a_grandchild_that_holds_stdout_does_not_hold_the_study() {
    let lab = Lab::random(4);
    lab.run("-j 2", "hold").exits(0);
    assert_eq!(lab.records("end").len(), 4);
    // In a session of its own and the job ended well: it is the user's.
    lab.living().iter().for_each(|pid| crate::lab::send(*pid, 9));
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
