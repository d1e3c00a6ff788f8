//! `status`, of studies that run, ended, crashed and were copied.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use hypertune_test_support::{Lab, RunOutput};
use serde_json::Value;

fn status(lab: &Lab, arguments: &str) -> Value {
    lab.hypertune(&format!("status {arguments} --format json")).exits(0).json()
}

/// A study with two jobs that run until they are killed, after their first reading.
fn running() -> (Lab, hypertune_test_support::Driver) {
    let lab = Lab::hyperband();
    let driver = lab.start("-q -j 2", "lines=1 sleep=600000");
    lab.wait_until("two readings", || {
        fs::read_to_string(lab.study().join("readings.jsonl")).is_ok_and(|text| text.lines().count() == 2)
    });
    (lab, driver)
}

#[test]
fn a_running_study_shows_its_jobs_and_then_why_it_crashed() {
    let (lab, driver) = running();
    let now = status(&lab, "");
    assert_eq!((&now["state"], &now["pid"]), (&"running".into(), &driver.pid().into()));
    assert_eq!(
        (now["jobs"]["running"].as_u64(), now["done"].as_u64(), now["expected"].as_u64()),
        (Some(2), Some(0), Some(20))
    );
    let job = &now["running"][1];
    assert_eq!(
        (&job["trial"], &job["rung"], &job["slot"], &job["ranked"]),
        (&1.into(), &0.into(), &1.into(), &2.into())
    );
    assert!(job["reading"]["value"].is_f64() && job["elapsed_s"].as_f64() > Some(0.0), "{job}");
    let copy = Command::new("cp").arg("-r").args([lab.study(), lab.path("copy")]).status();
    assert!(copy.is_ok_and(|status| status.success()));
    assert_eq!(status(&lab, "copy")["state"], "copied");
    driver.kill();
    let after = status(&lab, "m.study");
    assert_eq!(
        (&after["state"], &after["pid"], &after["jobs"]["interrupted"]),
        (&"crashed".into(), &Value::Null, &2.into())
    );
    let text = lab.hypertune("status m.study").exits(0).stdout;
    assert!(text.contains("crashed") && text.contains("hypertune resume m.study"), "{text}");
}

#[test]
fn the_newest_study_is_the_default() {
    let lab = Lab::random(2);
    let none = lab.hypertune("status").exits(2).stderr;
    assert!(none.contains("there is no study in this folder"), "{none}");
    lab.run("-q --study old.study", "").exits(0);
    lab.run("-q --study new.study --seed 8", "").exits(0);
    let newest = status(&lab, "");
    assert_eq!((&newest["study"], &newest["state"]), (&"new.study".into(), &"finished".into()));
    assert_eq!(newest["finished"]["reason"], "completed");
}

#[test]
fn watching_prints_changes_and_ends_with_the_study() {
    let lab = Lab::random(6);
    let driver = lab.start("-q -j 1", "sleep=700");
    lab.wait_until("the study", || lab.study().join("journal.jsonl").exists() && !lab.records("launch").is_empty());
    let watched = lab.hypertune("status --watch").exits(0);
    driver.wait().exits(0);
    let (updates, last) = watched.stdout.split_at(watched.stdout.find("m.study  finished").expect("the last status"));
    assert!(updates.lines().count() >= 2 && updates.lines().all(|line| line.starts_with("m.study: ")), "{updates}");
    assert!(last.contains("6 of 6 done"), "{last}");
    let json = lab.hypertune("status --watch --format json").exits(0).json_lines();
    assert_eq!((json.len(), &json[0]["state"]), (1, &"finished".into()));
}

#[test]
fn ctrl_c_ends_watching_without_a_message() {
    let (lab, driver) = running();
    // A shell in the background starts its programs with SIGINT ignored.
    let mut watch = lab.program("env");
    watch.args(["--default-signal=INT", &hypertune_test_support::hypertune(), "status", "--watch"]);
    let mut watch = watch.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("hypertune starts");
    std::thread::sleep(Duration::from_millis(300));
    hypertune_test_support::send_signal(watch.id(), 2);
    lab.wait_until("the end of --watch", || watch.try_wait().expect("it can be waited for").is_some());
    let ended = watch.wait_with_output().expect("it can be waited for");
    assert!(ended.stderr.is_empty() && !ended.status.success());
    driver.kill();
}

#[test]
fn a_study_that_starts_is_not_disturbed() {
    let lab = Lab::random(1);
    lab.run("-q", "").exits(0);
    let mut watchers: Vec<_> = (0..4)
        .map(|_| {
            lab.program("sh")
                .args(["-c", "while :; do \"$0\" status m.study; done", &hypertune_test_support::hypertune()])
                .stdout(Stdio::null())
                .spawn()
        })
        .map(|child| child.expect("sh starts"))
        .collect();
    for runs in 2..12 {
        lab.file("m.yaml", lab.read("m.yaml").replace(&format!("numRuns: {}", runs - 1), &format!("numRuns: {runs}")));
        lab.run("-q", "").exits(0);
    }
    for watcher in &mut watchers {
        watcher.kill().and_then(|()| watcher.wait()).expect("sh ends");
    }
}

#[test]
fn a_closed_pipe_is_silent_for_every_command() {
    let lab = Lab::random(300);
    lab.run("-q -j 4", "").exits(0);
    for line in [
        "status",
        "trials m.study",
        "export m.study",
        "best m.study",
        "check m.study",
        "plan m.yaml -- true",
        "status --watch",
    ] {
        let script =
            format!("(sleep 0.2; {} {line}; echo \"exit $?\" >&2) | true", hypertune_test_support::hypertune());
        let ended = RunOutput::of(lab.program("sh").args(["-c", &script]));
        assert_eq!(ended.exits(0).stderr, "exit 0\n", "{line}");
    }
}

#[test]
fn colours_are_for_terminals_and_can_be_forced() {
    let lab = Lab::random(1);
    lab.run("-q", "").exits(0);
    let has_colours = |variables: &str, on_terminal: bool| {
        let line = format!("{variables} {} status m.study", hypertune_test_support::hypertune());
        let mut command = match on_terminal {
            true => lab.terminal(&line),
            false => lab.program("sh"),
        };
        if !on_terminal {
            command.args(["-c", &line]);
        }
        RunOutput::of(&mut command).exits(0).stdout.contains("\u{1b}[1m")
    };
    assert_eq!([has_colours("", false), has_colours("CLICOLOR_FORCE=1", false)], [false, true]);
    assert_eq!([has_colours("", true), has_colours("NO_COLOR=1", true)], [true, false]);
}

#[test]
fn the_output_of_the_first_job_is_shown_after_ten_seconds() {
    let lab = Lab::random(2);
    let driver = lab.start("-j 1", "say=loading sleep=600000");
    std::thread::sleep(Duration::from_secs(12));
    driver.signal(2);
    driver.wait().exits(130).stderr_contains("trial 0, rung 0, after 10s: loading");
}
