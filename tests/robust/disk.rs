//! A full disk, a folder without write access, a journal that cannot be read.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hypertune_test_support::{HYPERBAND_JOBS, Lab, RunOutput, hypertune};

/// Runs a shell script in a new mount namespace; its `"$@"` is hypertune with its arguments.
fn in_shell(lab: &Lab, script: &str, options: &str, words: &str) -> RunOutput {
    let mut command = lab.program("unshare");
    command.args(["--user", "--map-root-user", "--mount", "bash", "-c", script, "bash", &hypertune()]);
    command.args(lab.run_line(options, words).split_whitespace());
    RunOutput::of(&mut command)
}

/// Runs with a file size limit of `kib`, beyond which a write fails with EFBIG.
fn with_small_files(lab: &Lab, kib: u32, options: &str, words: &str) -> RunOutput {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    let mut command = lab.program("bash");
    command.args(["-c", &script, "bash", &hypertune()]);
    command.args(lab.run_line(options, words).split_whitespace());
    RunOutput::of(&mut command)
}

/// Whether this system allows mounts in a user namespace.
fn can_mount() -> bool {
    let mut probe = Command::new("unshare");
    probe.args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]);
    probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn a_file_size_limit_is_reported_and_loses_nothing() {
    let whole = Lab::hyperband();
    whole.run("-j 2", "pace=1").exits(0);
    let lab = Lab::hyperband();
    let start = Instant::now();
    with_small_files(&lab, 4, "-j 2", "pace=1")
        .exits(1)
        .stderr_contains("m.study/journal.jsonl")
        .stderr_contains("raise the limit of file sizes")
        .stderr_contains("hypertune resume m.study");
    // A reserved slot without a process would be waited for until the time limit of a kill, 30 s.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(lab.job_processes().is_empty());
    let journalled = lab.records("end").len();
    assert!((1..HYPERBAND_JOBS).contains(&journalled), "{journalled}");
    lab.run("-j 2", "pace=1").exits(0);
    assert_eq!(lab.outcome(), whole.outcome());
    lab.assert_slots_are_exclusive();
}

/// A file system that another file nearly fills: with growing free space, the journal, then a log, then a trial's folder cannot
/// be written.
#[test]
fn a_full_file_system_loses_nothing() {
    if !can_mount() {
        return;
    }
    let whole = Lab::hyperband();
    whole.run("-j 2", "checkpoint").exits(0);
    for free_kib in [0, 4, 8, 16, 36, 64, 100] {
        let lab = Lab::hyperband();
        fs::create_dir(lab.study()).unwrap();
        let script = format!(
            "mount -t tmpfs -o size=1m,mode=755 none m.study || exit 90
             mkdir m.study/lost+found
             dd if=/dev/zero of=m.study/lost+found/ballast bs=1k count=$((1024 - {free_kib})) status=none 2> /dev/null
             \"$@\" > first 2>&1; echo $? > code; rm m.study/lost+found/ballast
             \"$@\"; code=$?; cp m.study/journal.jsonl .; exit $code"
        );
        in_shell(&lab, &script, "-j 2", "checkpoint").exits(0);
        let first = fs::read_to_string(lab.path("first")).unwrap();
        assert_eq!(fs::read_to_string(lab.path("code")).unwrap(), "1\n", "{free_kib} KiB: {first}");
        assert!(first.contains("m.study") && first.contains("No space left"), "{first}");
        assert!(
            first.contains("free space on the disk") && first.contains("run the same command line again"),
            "{first}"
        );
        fs::copy(lab.path("journal.jsonl"), lab.study().join("journal.jsonl")).unwrap();
        assert_eq!(lab.outcome(), whole.outcome(), "{free_kib} KiB");
        assert!(lab.job_processes().is_empty());
    }
}

/// The journal has space left for the end of the job, whose checkpoint fills the file system.
#[test]
fn a_job_that_fails_on_a_full_disk_ends_the_session_and_runs_again() {
    if !can_mount() {
        return;
    }
    let lab = Lab::random(2);
    fs::create_dir(lab.study()).unwrap();
    let fill = "head -c 4m /dev/zero > $HYPERTUNE_CHECKPOINT_DIR/model || exit 1\n";
    lab.script("job.sh", &format!("#!/bin/sh\n[ -e enough ] || {fill}echo '{{\"loss\": 1}}'\n"));
    let script = "mount -t tmpfs -o size=1m,mode=755 none m.study || exit 90
         \"$1\" run m.yaml -j 1 -q -- ./job.sh > first 2>&1; echo $? > code; cp m.study/journal.jsonl before
         touch enough; rm m.study/trials/*/checkpoint/model
         \"$1\" run m.yaml -j 1 -q -- ./job.sh; code=$?; cp m.study/journal.jsonl .; exit $code";
    in_shell(&lab, script, "", "").exits(0);
    let first = fs::read_to_string(lab.path("first")).unwrap();
    assert_eq!(fs::read_to_string(lab.path("code")).unwrap(), "1\n", "{first}");
    assert!(first.contains("No space left") && first.contains("free space on the disk"), "{first}");
    assert!(
        !fs::read_to_string(lab.path("before")).unwrap().contains("\"type\":\"end\""),
        "a failure of the trial is recorded"
    );
    fs::copy(lab.path("journal.jsonl"), lab.study().join("journal.jsonl")).unwrap();
    assert_eq!(lab.outcome().values.len(), 2);
}

#[test]
fn a_full_disk_under_a_log_ends_the_other_children_too() {
    let lab = Lab::random(2);
    let ended = with_small_files(&lab, 64, "-j 2", "flood=200000 sleep=600000");
    ended.exits(1).stderr_contains("stdout.log");
    assert!(lab.job_processes().is_empty());
}

#[test]
fn a_folder_without_write_access_is_reported() {
    let lab = Lab::random(1);
    lab.run("--study /proc/no.study", "").exits(1).stderr_contains("/proc/no.study");
}

#[test]
fn a_study_on_a_read_only_disk_is_shown_and_not_run() {
    if !can_mount() {
        return;
    }
    let lab = Lab::random(4);
    lab.run("-j 1 --max-jobs 2", "").exits(4);
    let protect = "mount --bind m.study m.study && mount -o remount,ro,bind m.study || exit 90; ";
    let refused = in_shell(&lab, &format!("{protect} \"$@\""), "-j 1", "").exits(1);
    assert!(refused.stderr_contains("m.study").stderr.contains("Read-only"));
    for line in ["best m.study", "trials m.study", "export m.study"] {
        in_shell(&lab, &format!("{protect} \"$1\" {line}"), "", "").exits(0);
    }
    lab.run("-j 1", "").exits(0);
    in_shell(&lab, &format!("{protect} \"$@\""), "-j 1", "").exits(0);
    assert_eq!(lab.outcome().values.len(), 4);
}

#[test]
fn an_unreadable_journal_is_reported() {
    let lab = Lab::random(1);
    fs::create_dir_all(lab.study().join("journal.jsonl")).unwrap();
    lab.run("", "").exits(2).stderr_contains("m.study/journal.jsonl");
    for line in ["best m.study", "resume m.study"] {
        lab.hypertune(line).exits(1).stderr_contains("journal.jsonl");
    }
}
