//! stdout and stderr that are not read, full or closed: a study never waits for stderr, and signals always end hypertune.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use hypertune_test_support::{Lab, hypertune, send_signal, trainer};

const INT: i32 = 2;
const TERM: i32 = 15;

/// Longest time from a signal to the exit of a driver whose jobs exit at once.
const BOUND: Duration = Duration::from_secs(20);

/// A pipe that stays full until its reader is dropped.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = io::pipe().unwrap();
    let stdio = writer.try_clone().unwrap().into();
    std::thread::spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
    (reader, stdio)
}

fn full_device() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

fn wait_for_exit(lab: &Lab, mut child: Child) -> ExitStatus {
    lab.wait_until("the end of hypertune", || child.try_wait().unwrap().is_some());
    child.wait().unwrap()
}

/// Signals `pid`, the driver, and fails the test unless `child` exits within [`BOUND`].
fn exits_after(signal: i32, pid: u32, mut child: Child) -> ExitStatus {
    let started = Instant::now();
    send_signal(pid, signal);
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > BOUND {
            child.kill().unwrap();
            panic!("signal {signal} was not noticed");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait().unwrap()
}

#[test]
fn a_study_completes_if_its_stderr_is_not_read() {
    for options in ["", "-v", "-v --format json"] {
        let lab = Lab::random(30);
        let (_reader, stderr) = full_pipe();
        let mut command = lab.command(&lab.run_line(options, ""));
        let child = command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
        assert_eq!(wait_for_exit(&lab, child).code(), Some(0));
        assert_eq!(lab.records("end").len(), 30);
    }
}

#[test]
fn signals_end_a_study_whose_output_is_not_read() {
    for (signal, code) in [(TERM, 143), (INT, 130)] {
        let lab = Lab::random(4);
        let (_err, stderr) = full_pipe();
        let (_out, stdout) = full_pipe();
        let mut command = lab.command(&lab.run_line("-v -j 2", "pace=600000"));
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        lab.wait_until("two jobs", || lab.job_processes().len() == 2);
        let pid = child.id();
        assert_eq!(exits_after(signal, pid, child).code(), Some(code));
        assert_eq!(lab.records("finish").len(), 1);
        lab.wait_for_no_processes();
    }
}

#[test]
fn a_signal_ends_a_driver_that_waits_to_print_its_result() {
    let lab = Lab::random(2);
    let (_out, stdout) = full_pipe();
    let child = lab.command(&lab.run_line("-q", "")).stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
    lab.wait_until("the end of the study", || !lab.records("finish").is_empty());
    // The session's handlers stay until its jobs are reaped; its threads have ended when it prints.
    lab.wait_until("one thread", || std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().count() == 1);
    let pid = child.id();
    assert!(!exits_after(TERM, pid, child).success());
}

#[test]
fn a_blocked_terminal_does_not_stop_a_study() {
    for signal in [None, Some(TERM), Some(INT)] {
        let lab = Lab::random(30);
        let words = if signal.is_some() { "pace=600000" } else { "" };
        let run = format!("{} {}", hypertune(), lab.run_line("-v -j 2", words));
        let out = lab.path("out");
        let run = if signal.is_none() { format!("{run} >{}", out.display()) } else { run };
        let line = format!("head -c 1000000 /dev/zero | tr '\\0' x & sleep 0.3; {run}; kill $!");
        let mut script = lab.terminal(&line);
        // `script` stops reading the terminal once its own output is full.
        let (_reader, stdout) = full_pipe();
        let mut script = script.stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
        let driver = || lab.records("session").first().and_then(|s| s["pid"].as_u64()).map(|pid| pid as u32);
        let is_over = |pid| !std::path::Path::new(&format!("/proc/{pid}/exe")).exists();
        lab.wait_until("a session", || driver().is_some());
        let pid = driver().unwrap();
        if let Some(signal) = signal {
            lab.wait_until("two jobs", || lab.job_processes().len() == 2);
            send_signal(pid, signal);
        }
        let started = Instant::now();
        lab.wait_until("the end of hypertune", || is_over(pid));
        assert!(started.elapsed() < BOUND || signal.is_none());
        assert_eq!(lab.records("finish").len(), 1);
        assert!(signal.is_some() || lab.records("end").len() == 30);
        script.kill().unwrap();
        script.wait().unwrap();
    }
}

#[test]
fn a_stderr_that_is_full_changes_nothing() {
    let lab = Lab::random(2);
    let line = lab.run_line("-v", "");
    // The first run, the finished study, and a resume.
    for line in [line.as_str(), line.as_str(), "resume m.study"] {
        let output = lab.command(line).stderr(full_device()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("best: trial"), "{line}");
    }
    let wrong = lab.command("run no.yaml").stderr(full_device()).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    let wrong = lab.command("run --nonsense").stderr(full_device()).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_full_stdout_is_an_error_with_a_message() {
    let lab = Lab::random(2);
    lab.run("-q", "").exits(0);
    let plan = format!("plan m.yaml -- {}", trainer());
    let lines = [
        &lab.run_line("-q", ""),
        "best m.study",
        "best m.study --format json",
        "trials m.study",
        "export m.study",
        "export m.study --format csv",
        "resume m.study --format json",
        "check m.yaml",
        &plan,
        "--help",
        "--version",
        "run --help",
    ];
    for line in lines {
        let output = lab.command(line).stdout(full_device()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        assert!(err.contains("error: cannot write to stdout: No space left on device"), "{line}: {err}");
        assert!(!err.contains("panic"), "{line}: {err}");
    }
}
