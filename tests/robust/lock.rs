//! One driver per study; any number of readers.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use hypertune_test_support::{Lab, RunOutput, hypertune, is_root};

#[test]
fn a_second_driver_is_refused_with_the_pid_of_the_first() {
    let lab = Lab::random(2);
    let words = "sleep=600000";
    let driver = lab.start("-j 2", words);
    lab.wait_until("two jobs", || lab.job_processes().len() == 2);
    lab.run("-j 2", words).exits(2).stderr_contains(&driver.pid().to_string());
    for line in ["trials m.study", "best m.study", "export m.study"] {
        let read = lab.hypertune(line);
        assert!(read.status.code().is_some_and(|code| code == 0 || code == 3), "{line}: {read:?}");
    }
    driver.kill();
    lab.wait_for_no_processes();
}

#[test]
fn the_lock_of_a_killed_driver_is_reused() {
    let lab = Lab::random(2);
    let driver = lab.start("-j 2", "pace=50");
    lab.wait_until("a lock", || lab.study().join("lock").exists());
    driver.signal(9);
    let pid = driver.pid().to_string();
    driver.wait();
    lab.wait_for_no_processes();
    let left = fs::read_to_string(lab.study().join("lock")).unwrap();
    assert!(left.lines().next().is_none_or(|first| first == pid), "{left}");
    lab.run("-j 2", "pace=50").exits(0);
    assert_eq!(lab.outcome().values.len(), 2);
}

#[test]
fn a_removed_lock_file_does_not_allow_a_second_driver() {
    let lab = Lab::random(2);
    let words = "sleep=600000";
    let driver = lab.start("-j 2", words);
    lab.wait_until("two jobs", || lab.job_processes().len() == 2);
    for _ in 0..2 {
        fs::remove_file(lab.study().join("lock")).unwrap();
        lab.run("-j 2", words).exits(2).stderr_contains("driving this study");
        lab.run("-j 2 --overwrite", words).exits(2).stderr_contains("driving this study");
    }
    let shown = lab.hypertune("trials m.study");
    assert!(shown.stdout.contains("running"), "a reader sees that it is driven: {shown:?}");
    driver.kill();
    lab.wait_for_no_processes();
    // Nothing has succeeded, so another command line starts the study anew.
    lab.run("-j 2", "pace=1").exits(0).stderr_contains("it is discarded and a new one starts");
}

/// A study whose journal is displaced by `displace` after the first records.
fn displaced(displace: impl Fn(&Path)) -> (Lab, RunOutput) {
    let lab = Lab::random(100);
    let driver = lab.start("-j 2", "pace=50");
    lab.wait_until("records", || lab.records("end").len() > 2);
    displace(&lab.study().join("journal.jsonl"));
    let ended = driver.wait().exits(1);
    lab.wait_for_no_processes();
    (lab, ended)
}

#[test]
fn a_removed_journal_ends_the_session_and_is_rewritten() {
    let (lab, ended) = displaced(|journal| fs::remove_file(journal).unwrap());
    ended.stderr_contains("journal.jsonl was removed while the study ran");
    let before = lab.records("end").len();
    assert!(before > 2);
    lab.run("-j 2 --max-jobs 50", "pace=50").exits(4);
    assert!(lab.outcome().values.len() >= 50);
}

#[test]
fn a_replaced_journal_ends_the_session_and_both_are_kept() {
    let (lab, ended) = displaced(|journal| {
        fs::copy(journal, journal.with_extension("copy")).unwrap();
        fs::rename(journal.with_extension("copy"), journal).unwrap();
    });
    ended.stderr_contains("journal.displaced-1.jsonl");
    let kept = lab.study().join("journal.displaced-1.jsonl");
    let replaced = fs::read(lab.study().join("journal.jsonl")).unwrap();
    assert!(fs::read(&kept).unwrap().len() > replaced.len());
    fs::rename(kept, lab.study().join("journal.jsonl")).unwrap();
    lab.run("-j 2 --max-jobs 50", "pace=50").exits(4);
}

/// The jobs outlast every wait of the test: no record is written and nothing is synced after the journal is resized.
#[test]
fn a_journal_that_is_truncated_or_appended_to_ends_the_session_while_jobs_run() {
    for (bytes, message) in [(None, "truncated"), (Some("x\n"), "appended to")] {
        let lab = Lab::random(4);
        let driver = lab.start("-j 2", "pace=600000");
        lab.wait_until("jobs", || lab.records("launch").len() == 2);
        let journal = lab.study().join("journal.jsonl");
        let mut file = fs::OpenOptions::new().append(true).open(&journal).unwrap();
        match bytes {
            None => file.set_len(0).unwrap(),
            Some(text) => file.write_all(text.as_bytes()).unwrap(),
        }
        let started = Instant::now();
        driver.wait().exits(1).stderr_contains(&format!("another process {message} ")).stderr_contains("journal.jsonl");
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        lab.wait_for_no_processes();
    }
}

/// On a file system that is not known to be of one machine, and in a UTS namespace for each host.
#[test]
fn a_driver_on_another_host_is_named_and_its_lease_is_taken_over_once_it_is_stale() {
    let lab = Lab::random(2);
    lab.script("job.sh", "#!/bin/sh\nsleep \"$(cat pause)\"\necho '{\"loss\": 1}'\n");
    lab.file("pause", "300");
    let script = "mkdir m.study && mount -t ramfs ramfs m.study || exit 77
        on() { unshare --uts sh -c 'echo \"$1\" > /proc/sys/kernel/hostname || exit 77; shift; exec \"$@\"' sh \"$@\"; }
        on n1 \"$@\" 2> first &
        tries=0
        until grep -q '\"launch\"' m.study/journal.jsonl 2> errors; do
            sleep 0.1; tries=$((tries + 1)); [ $tries -lt 600 ] || exit 78
        done
        head -n 1 m.study/lock > pid
        on n2 \"$@\" 2> second; echo $? > second.code
        kill -9 \"$(cat pid)\"; wait; echo 0 > pause
        on n2 \"$@\" 2> third; echo $? > third.code";
    let mut command = lab.program("unshare");
    command.args(["--mount", "sh", "-c", script, "sh", &hypertune()]);
    command.args("run m.yaml -j 2 -- ./job.sh".split(' '));
    let output = RunOutput::of(&mut command);
    if !is_root() || output.code() == Some(77) {
        eprintln!("skipped: only root can mount a file system and set the name of a host\n{}", output.stderr);
        return;
    }
    let holder = format!("process {} on n1", lab.read("pid").trim());
    assert!(lab.read("second").contains(&format!("{holder} is driving this study")), "{}", lab.read("second"));
    assert_eq!((lab.read("second.code").trim(), lab.read("third.code").trim()), ("2", "0"), "{}", lab.read("third"));
    let third = lab.read("third");
    assert!(third.contains(&format!("names {holder} as its driver; waiting up to 30 s")), "{third}");
    assert!(third.contains(&format!("{holder} has not renewed its lease of this study for 30 s")), "{third}");
}
