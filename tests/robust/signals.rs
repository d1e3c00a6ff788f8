//! Ctrl-C, SIGTERM and SIGHUP: children end, the journal is closed, the study goes on later.

use std::process::Command;

use crate::lab::{Driver, Lab};

const INT: i32 = 2;
const TERM: i32 = 15;
const HUP: i32 = 1;

/// Two jobs that run until they are ended.
fn started(lab: &Lab, options: &str, words: &str) -> Driver {
    started_with(lab, options, &format!("{words} log={} sleep=600000", lab.path("log").display()))
}

/// Two jobs that have come past the word `log`.
fn started_with(lab: &Lab, options: &str, words: &str) -> Driver {
    let driver = lab.start(&format!("-j 2 {options}"), words);
    let begun = || std::fs::read_to_string(lab.path("log")).unwrap_or_default().lines().count() == 2;
    lab.until("two jobs", begun);
    driver
}

/// Whether whoever started the tests has SIGHUP ignored, as `nohup` does: hypertune then leaves it so.
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << (HUP - 1) != 0
}

fn last_is_a_finish(lab: &Lab, signal: i32) {
    let journal = lab.journal();
    let last = journal.last().unwrap();
    assert_eq!(
        (&last["type"], &last["reason"], &last["signal"]),
        (&"finish".into(), &"interrupted".into(), &signal.into())
    );
    let ends = lab.records("end");
    assert!(ends.len() == 2 && ends.iter().all(|e| e["by"]["rule"] == "interrupted"), "{ends:?}");
}

#[test]
fn each_signal_has_its_exit_code_and_leaves_nothing() {
    let ignored = |signal| signal == HUP && hangups_are_ignored();
    for (signal, code) in [(INT, 130), (TERM, 143), (HUP, 129)].into_iter().filter(|(signal, _)| !ignored(*signal)) {
        let lab = Lab::random(4);
        let driver = started(&lab, "", "breed stray");
        driver.signal(signal);
        driver.end().exits(code).complains("note: ending 2 jobs; ").complains("hypertune resume");
        last_is_a_finish(&lab, signal);
        assert!(lab.living().is_empty());
    }
}

#[test]
fn an_interrupted_study_goes_on() {
    let lab = Lab::random(4);
    let words = format!("log={} pace=300", lab.path("log").display());
    let driver = lab.start("-j 2", &words);
    lab.until("two jobs", || lab.records("launch").len() == 2);
    driver.signal(INT);
    driver.end().exits(130);
    lab.run("-j 2", &words).exits(0);
    assert_eq!(lab.outcome().values.len(), 4);
    let attempts: Vec<u64> = lab.records("launch").iter().map(|l| l["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts.iter().filter(|a| **a == 2).count(), 2, "{attempts:?}");
    lab.no_slot_is_doubled();
}

#[test]
fn a_child_that_ignores_signals_is_killed_after_its_grace() {
    let lab = Lab::random(2);
    let driver = started(&lab, "--grace 100ms", "ignore=int ignore=term breed");
    driver.signal(INT);
    driver.end().exits(130);
    assert!(lab.records("end").iter().all(|e| e["signal"] == 9));
    assert!(lab.living().is_empty());
}

#[test]
fn a_second_ctrl_c_kills_at_once() {
    let lab = Lab::random(2);
    let mut driver = started(&lab, "--grace 500s", "ignore=int ignore=term");
    // Presses that follow at once are taken for one; nobody knows when the first is heard on a busy machine.
    lab.until("its end", || {
        driver.press(INT);
        std::thread::sleep(std::time::Duration::from_millis(300));
        driver.is_over()
    });
    driver.end().exits(130);
    last_is_a_finish(&lab, INT);
    assert!(lab.records("end").iter().all(|e| e["signal"] == 9));
    assert!(lab.living().is_empty());
}

#[test]
fn the_same_signal_sent_twice_at_once_is_one() {
    // `timeout` signals its child and then its group.
    let lab = Lab::random(2);
    let words = format!("catch log={} save=400", lab.path("log").display());
    let driver = started_with(&lab, "--grace 500s", &words);
    let pid = driver.pid().to_string();
    let twice =
        Command::new("bash").args(["-c", "kill -TERM $0; kill -TERM $0; kill -TERM $0", &pid]).status().unwrap();
    assert!(twice.success());
    driver.end().exits(143);
    last_is_a_finish(&lab, TERM);
    assert!(lab.records("end").iter().all(|e| e["exit_code"] == 0), "no grace was given: {:?}", lab.records("end"));
}

#[test]
fn a_signal_to_every_process_at_once_is_no_failure_of_the_jobs() {
    // As when a machine shuts down: jobs may be gone before hypertune has heard anything.
    let lab = Lab::random(4);
    let driver = started(&lab, "", "");
    let mut everybody: Vec<String> = lab.living().iter().map(u32::to_string).collect();
    everybody.push(driver.pid().to_string());
    assert!(Command::new("kill").arg("-TERM").args(&everybody).status().unwrap().success());
    driver.end().exits(143);
    last_is_a_finish(&lab, TERM);
}
