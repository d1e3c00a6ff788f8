//! Ctrl-C, SIGTERM and SIGHUP: jobs end, the journal is completed, the study can be resumed.

use std::fs;
use std::process::{Command, Stdio};

use hypertune_test_support::{Driver, Lab, RunOutput, hypertune, send_signal, trainer};

const INT: i32 = 2;
const TERM: i32 = 15;
const HUP: i32 = 1;

/// Two jobs that run until they are ended.
fn started(lab: &Lab, options: &str, words: &str) -> Driver {
    started_with(lab, options, &format!("{words} log={} sleep=600000", lab.path("log").display()))
}

/// Two jobs that have run the word `log`.
fn started_with(lab: &Lab, options: &str, words: &str) -> Driver {
    let driver = lab.start(&format!("-j 2 {options}"), words);
    let both_started = || std::fs::read_to_string(lab.path("log")).unwrap_or_default().lines().count() == 2;
    lab.wait_until("two jobs", both_started);
    driver
}

/// Whether SIGHUP is ignored, as under `nohup`; hypertune then ignores it too.
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << (HUP - 1) != 0
}

fn assert_interrupted_by(lab: &Lab, signal: i32) {
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
fn each_signal_has_its_exit_code_and_leaves_no_process() {
    let ignored = |signal| signal == HUP && hangups_are_ignored();
    for (signal, code) in [(INT, 130), (TERM, 143), (HUP, 129)].into_iter().filter(|(signal, _)| !ignored(*signal)) {
        let lab = Lab::random(4);
        let driver = started(&lab, "", "child detached");
        driver.signal(signal);
        driver.wait().exits(code).stderr_contains("note: ending 2 jobs; ").stderr_contains("hypertune resume");
        assert_interrupted_by(&lab, signal);
        assert!(lab.job_processes().is_empty());
    }
}

/// `env` with `options` that change signals, then hypertune.
fn with_signals(lab: &Lab, options: &str, words: &str) -> Command {
    let mut command = lab.program("env");
    command.args(options.split_whitespace()).arg(hypertune());
    command.args(lab.run_line("-j 2", words).split_whitespace());
    command
}

#[test]
fn a_parent_that_ignores_sigchld_is_supported() {
    let lab = Lab::random(4);
    let ended = RunOutput::of(&mut with_signals(&lab, "--ignore-signal=CHLD", "signals"));
    ended.exits(0);
    assert_eq!(lab.outcome().values.len(), 4);
    let log = fs::read_to_string(lab.study().join("trials/0/rung-0.stdout.log")).unwrap();
    let mask = |name: &str| u64::from_str_radix(log.split_once(name).unwrap().1.split_whitespace().next().unwrap(), 16);
    assert_eq!(mask("SigIgn:").unwrap() & 1 << (17 - 1), 0, "the job ignores SIGCHLD: {log}");
}

#[test]
fn signals_blocked_by_the_parent_are_received() {
    let lab = Lab::random(4);
    let blocked = "--block-signal=HUP,INT,TERM,CHLD,TSTP";
    let mut command = with_signals(&lab, blocked, &format!("log={} sleep=600000", lab.path("log").display()));
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    lab.wait_until("two jobs", || lab.records("launch").len() == 2 && lab.job_processes().len() == 2);
    send_signal(child.id(), TERM);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_interrupted_by(&lab, TERM);
    lab.wait_for_no_processes();
}

#[test]
fn an_interrupted_study_can_be_resumed() {
    let lab = Lab::random(4);
    let words = format!("log={} pace=300", lab.path("log").display());
    let driver = lab.start("-j 2", &words);
    lab.wait_until("two jobs", || lab.records("launch").len() == 2);
    driver.signal(INT);
    driver.wait().exits(130);
    lab.run("-j 2", &words).exits(0);
    assert_eq!(lab.outcome().values.len(), 4);
    let attempts: Vec<u64> = lab.records("launch").iter().map(|l| l["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts.iter().filter(|a| **a == 2).count(), 2, "{attempts:?}");
    lab.assert_slots_are_exclusive();
}

#[test]
fn a_job_that_ignores_signals_is_killed_after_the_grace_period() {
    let lab = Lab::random(2);
    let driver = started(&lab, "--grace 100ms", "ignore=int ignore=term child");
    driver.signal(INT);
    driver.wait().exits(130);
    assert!(lab.records("end").iter().all(|e| e["signal"] == 9));
    assert!(lab.job_processes().is_empty());
}

#[test]
fn a_second_ctrl_c_kills_at_once() {
    let lab = Lab::random(2);
    let mut driver = started(&lab, "--grace 500s", "ignore=int ignore=term");
    // Signals within 250 ms count as one, and the first may be handled late on a busy machine.
    lab.wait_until("its end", || {
        driver.signal_if_running(INT);
        std::thread::sleep(std::time::Duration::from_millis(300));
        driver.has_exited()
    });
    driver.wait().exits(130);
    assert_interrupted_by(&lab, INT);
    assert!(lab.records("end").iter().all(|e| e["signal"] == 9));
    assert!(lab.job_processes().is_empty());
}

#[test]
fn repeated_signals_within_a_quarter_second_are_one() {
    // `timeout` signals its child and then its group.
    let lab = Lab::random(2);
    let words = format!("catch log={} save=400", lab.path("log").display());
    let driver = started_with(&lab, "--grace 500s", &words);
    let pid = driver.pid().to_string();
    let twice =
        Command::new("bash").args(["-c", "kill -TERM $0; kill -TERM $0; kill -TERM $0", &pid]).status().unwrap();
    assert!(twice.success());
    driver.wait().exits(143);
    assert_interrupted_by(&lab, TERM);
    assert!(lab.records("end").iter().all(|e| e["exit_code"] == 0), "no grace was given: {:?}", lab.records("end"));
}

#[test]
fn a_signal_to_every_process_at_once_is_no_failure_of_the_jobs() {
    // As in a shutdown: jobs may exit before hypertune handles the signal.
    let lab = Lab::random(4);
    let driver = started(&lab, "", "");
    let mut everybody: Vec<String> = lab.job_processes().iter().map(u32::to_string).collect();
    everybody.push(driver.pid().to_string());
    assert!(Command::new("kill").arg("-TERM").args(&everybody).status().unwrap().success());
    driver.wait().exits(143);
    assert_interrupted_by(&lab, TERM);
}

/// After the first job has started, a file system whose server never answers is mounted on the program's folder: the second `exec`
/// hangs.
#[test]
fn a_file_system_that_hangs_does_not_block_ctrl_c() {
    let lab = Lab::random(4);
    fs::create_dir(lab.path("programs")).unwrap();
    lab.copy_program(&trainer(), "programs/trainer");
    let script = r#"
        exec 3<>/dev/fuse || exit 90
        "$@" & hypertune=$!
        until [ -e log ]; do sleep 0.01; done
        mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 none programs || { kill $hypertune; wait; exit 90; }
        while [ "$(grep -c '"type":"launch"' m.study/journal.jsonl)" -lt 2 ]; do sleep 0.01; done
        sleep 0.3; kill -INT $hypertune; wait $hypertune"#;
    let mut command = lab.program("unshare");
    command.args(["--user", "--map-root-user", "--mount", "bash", "-c", script, "bash"]);
    command.arg(hypertune()).args(["run", "m.yaml", "-j", "1", "--", "programs/trainer", "log=log"]);
    let ended = RunOutput::of(command.arg("sleep=500"));
    if ended.status.code() == Some(90) || ended.stderr.contains("unshare failed") {
        eprintln!("skipped: this system lets an ordinary user mount no FUSE file system");
        return;
    }
    ended.exits(130);
    assert_eq!(lab.records("end").len(), 2);
    assert_eq!(lab.records("end")[1]["by"]["rule"], "interrupted");
}
