//! Ctrl-C, SIGTERM and SIGHUP: children end, the journal is closed, the study goes on later.

use crate::lab::{Driver, Lab};

const INT: i32 = 2;
const TERM: i32 = 15;
const HUP: i32 = 1;

/// Two jobs that run until they are ended.
fn started(lab: &Lab, options: &str, words: &str) -> Driver {
    let driver =
        lab.start(&format!("-j 2 {options}"), &format!("{words} log={} sleep=600000", lab.path("log").display()));
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
        driver.end().exits(code).complains("hypertune resume");
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
    let driver = started(&lab, "--grace 500s", "ignore=int ignore=term");
    driver.signal(INT);
    lab.until("the first to be heard", || !lab.living().is_empty());
    std::thread::sleep(std::time::Duration::from_millis(50));
    driver.signal(INT);
    driver.end().exits(130);
    last_is_a_finish(&lab, INT);
    assert!(lab.living().is_empty());
}
