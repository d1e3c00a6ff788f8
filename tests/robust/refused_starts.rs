//! Starts that the system refuses are not failures of configurations: they are retried, then the study stops and can be resumed.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hypertune_test_support::{Driver, Lab, RunOutput, can_change_user, hypertune, trainer};

const TERM: i32 = 15;

/// A lab with a copy of the trainer as `job`.
fn with_own_program(runs: u32) -> (Lab, PathBuf) {
    let lab = Lab::random(runs);
    lab.copy_program(&trainer(), "job");
    let program = lab.path("job");
    (lab, program)
}

fn start(lab: &Lab, options: &str, words: &str) -> Driver {
    lab.start_line(&format!("run m.yaml {options} -- ./job {words}"))
}

/// Runs hypertune from a shell that has set its limits with `limits`.
fn with_limits(lab: &Lab, limits: &str, options: &str, job: &[&str]) -> RunOutput {
    let mut command = lab.program("sh");
    command.args(["-c", &format!("{limits}; exec \"$@\""), "sh", &hypertune(), "run", "m.yaml"]);
    RunOutput::of(command.args(options.split_whitespace()).arg("--").args(job))
}

fn ends(lab: &Lab) -> usize {
    lab.records("end").len()
}

fn nothing_failed(lab: &Lab) {
    let failed: Vec<_> = lab.records("end").into_iter().filter(|end| end["status"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn the_limit_of_open_files_is_raised_for_the_driver_and_restored_for_jobs() {
    let lab = Lab::random(60);
    let job = ["sh", "-c", "ulimit -n; sleep 0.2; echo '{\"loss\": 1}'"];
    let ended = with_limits(&lab, "ulimit -Sn 64", "-j 60", &job).exits(0);
    assert!(!ended.stderr.contains("open files"), "{}", ended.stderr);
    assert_eq!(lab.records("session")[0]["concurrency"], 60);
    nothing_failed(&lab);
    for trial in [0, 59] {
        let log = fs::read_to_string(lab.study().join(format!("trials/{trial}/rung-0.stdout.log"))).unwrap();
        assert_eq!(log.lines().next(), Some("64"));
    }
}

#[test]
fn a_low_limit_of_open_files_reduces_slots_or_is_refused() {
    let lab = Lab::random(40);
    let job = ["sh", "-c", "sleep 0.01; echo '{\"loss\": 1}'"];
    with_limits(&lab, "ulimit -n 80", "-j 16", &job)
        .exits(0)
        .stderr_contains("note: the limit of open files is 80, enough for");
    let slots = lab.records("session")[0]["concurrency"].as_u64().unwrap();
    assert!((1..16).contains(&slots), "{slots}");
    nothing_failed(&lab);
    let refused = with_limits(&lab, "ulimit -n 20", "-j 2 --study other.study", &job).exits(2);
    refused.stderr_contains("the limit of open files is 20, and one job needs");
    assert!(!lab.path("other.study").exists());
}

#[test]
fn a_temporary_lack_of_descriptors_fails_no_job() {
    let (lab, _) = with_own_program(200);
    let driver = start(&lab, "-j 2", "pace=2");
    lab.wait_until("some ends", || ends(&lab) >= 5);
    let limit = |soft: &str| {
        let pid = driver.pid().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={soft}:")]).status().unwrap();
        assert!(set.success());
    };
    limit("10");
    sleep(Duration::from_millis(500));
    let reached = ends(&lab);
    assert!(reached < 200, "all was over before");
    limit("1024");
    driver.wait().exits(0);
    assert_eq!(ends(&lab), 200);
    nothing_failed(&lab);
}

#[test]
fn a_temporary_lack_of_processes_fails_no_job() {
    if !can_change_user() {
        println!("skipped: changing the user needs root and setpriv");
        return;
    }
    let (lab, _) = with_own_program(200);
    lab.set_mode("", 0o777);
    // The limit does not apply to root. The other user may not have access to the target folder.
    lab.copy_program(&hypertune(), "hypertune");
    let mut command = lab.program("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "./hypertune", "run", "m.yaml", "-j", "2"]);
    let driver = Driver::start(command.args(["--", "./job", "pace=2"]));
    lab.wait_until("some ends", || ends(&lab) >= 5);
    let limit = |soft: &str| {
        let pid = driver.pid().to_string();
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "prlimit", "--pid", &pid])
            .arg(format!("--nproc={soft}:"))
            .status()
            .unwrap()
    };
    assert!(limit("1").success());
    sleep(Duration::from_millis(500));
    assert!(ends(&lab) < 200, "all was over before");
    assert!(limit("10000").success() || limit("unlimited").success());
    driver.wait().exits(0);
    assert_eq!(ends(&lab), 200);
    nothing_failed(&lab);
}

#[test]
fn a_temporarily_missing_program_fails_no_job() {
    let (lab, program) = with_own_program(300);
    let driver = start(&lab, "-j 2", "pace=2");
    lab.wait_until("some ends", || ends(&lab) >= 5);
    fs::rename(&program, lab.path("away")).unwrap();
    sleep(Duration::from_millis(500));
    fs::rename(lab.path("away"), &program).unwrap();
    driver.wait().exits(0);
    assert_eq!(ends(&lab), 300);
    nothing_failed(&lab);
}

#[test]
fn a_missing_program_stops_the_study_which_can_be_resumed() {
    let (whole, _) = with_own_program(30);
    start(&whole, "-j 2", "pace=20").wait().exits(0);
    for permission in [None, Some(0o644)] {
        let (lab, program) = with_own_program(30);
        let driver = start(&lab, "-j 2 --launch-timeout 1500ms", "pace=20");
        lab.wait_until("some ends", || ends(&lab) >= 5);
        match permission {
            None => fs::rename(&program, lab.path("away")).unwrap(),
            Some(mode) => fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap(),
        }
        let ended = driver.wait().exits(1).stderr_contains("hypertune resume m.study").stderr_contains("restore it");
        assert_eq!(ended.stderr.matches("note: the system refuses to start").count(), 1, "{}", ended.stderr);
        nothing_failed(&lab);
        assert!(lab.records("finish").is_empty());
        assert!(ends(&lab) < lab.records("launch").len(), "an end was journalled for what never started");
        match permission {
            None => fs::rename(lab.path("away"), &program).unwrap(),
            Some(_) => fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap(),
        }
        start(&lab, "-j 2 --launch-timeout 1500ms", "pace=20").wait().exits(0);
        assert_eq!(lab.outcome().configurations, whole.outcome().configurations);
        assert_eq!((lab.outcome().values, lab.outcome().best), (whole.outcome().values, whole.outcome().best));
    }
}

#[test]
fn a_lost_launch_uses_no_retry() {
    let (lab, program) = with_own_program(2);
    let driver = start(&lab, "-j 1 --launch-timeout 0s --retries 1", "sleep=300");
    lab.wait_until("a job", || lab.job_processes().len() == 1);
    fs::rename(&program, lab.path("away")).unwrap();
    driver.wait().exits(1);
    fs::rename(lab.path("away"), &program).unwrap();
    // The second attempt of trial 1 fails; the third is its one retry.
    lab.script("script", "#!/bin/sh\n[ $HYPERTUNE_ATTEMPT = 2 ] && exit 1\necho '{\"loss\": 1}'\n");
    fs::rename(lab.path("script"), &program).unwrap();
    start(&lab, "-j 1 --launch-timeout 0s --retries 1", "sleep=300").wait().exits(0);
    let last = lab.records("end").pop().unwrap();
    assert_eq!((&last["trial"], &last["attempt"], &last["status"]), (&1.into(), &3.into(), &"succeeded".into()));
}

#[test]
fn a_temporarily_missing_interpreter_fails_no_job() {
    let lab = Lab::random(60);
    let interpreter = lab.path("interpreter");
    lab.copy_program("/bin/sh", "interpreter");
    let script = format!("#!{}\nsleep 0.01; echo '{{\"loss\": 1}}'\n", interpreter.display());
    lab.script("job", &script);
    let driver = start(&lab, "-j 2", "");
    lab.wait_until("some ends", || ends(&lab) >= 3);
    fs::rename(&interpreter, lab.path("away")).unwrap();
    sleep(Duration::from_millis(500));
    assert!(ends(&lab) < 60, "all was over before");
    fs::rename(lab.path("away"), &interpreter).unwrap();
    driver.wait().exits(0);
    nothing_failed(&lab);
    fs::remove_file(&interpreter).unwrap();
    let refused = lab.hypertune("run m.yaml --study other.study -- ./job");
    refused.exits(2).stderr_contains("the interpreter `").stderr_contains("of the command `./job` does not exist");
}

#[test]
fn a_program_that_is_being_written_is_waited_for() {
    let (lab, program) = with_own_program(4);
    let writer = OpenOptions::new().append(true).open(&program).unwrap();
    let driver = start(&lab, "-j 2", "");
    lab.wait_until("a launch", || !lab.records("launch").is_empty());
    sleep(Duration::from_millis(500));
    assert_eq!(ends(&lab), 0);
    drop(writer);
    driver.wait().exits(0);
    nothing_failed(&lab);
}

#[test]
fn a_working_directory_that_is_removed_is_waited_for() {
    let lab = Lab::random(100);
    let (directory, study) = (lab.path("work"), lab.study().display().to_string());
    fs::create_dir(&directory).unwrap();
    let line = format!("run ../m.yaml -j 2 --study {study} -- {} pace=2", trainer());
    let driver = Driver::start(lab.command(&line).current_dir(&directory));
    lab.wait_until("some ends", || ends(&lab) >= 5);
    fs::remove_dir(&directory).unwrap();
    sleep(Duration::from_millis(300));
    let reached = ends(&lab);
    sleep(Duration::from_millis(200));
    assert!(reached < 100 && ends(&lab) == reached, "jobs started in a removed directory");
    fs::create_dir(&directory).unwrap();
    driver.wait().exits(0);
    nothing_failed(&lab);
}

#[test]
fn a_job_that_waits_to_start_is_ended_by_signals_and_limits() {
    let (lab, program) = with_own_program(30);
    let mut driver = start(&lab, "-j 2", "pace=20");
    lab.wait_until("some ends", || ends(&lab) >= 5);
    fs::rename(&program, lab.path("away")).unwrap();
    lab.wait_until("two jobs that wait", || lab.job_processes().is_empty());
    sleep(Duration::from_millis(1500));
    assert!(!driver.has_exited());
    let started = Instant::now();
    driver.signal(TERM);
    driver.wait().exits(143);
    assert!(started.elapsed() < Duration::from_secs(4));
    fs::rename(lab.path("away"), &program).unwrap();
    let driver = start(&lab, "-j 2 --time-limit 5s", "pace=20");
    let resumed = ends(&lab);
    lab.wait_until("another end", || ends(&lab) > resumed + 4);
    fs::rename(&program, lab.path("away")).unwrap();
    driver.wait().exits(4);
    fs::rename(lab.path("away"), &program).unwrap();
    start(&lab, "-j 2", "pace=20").wait().exits(0);
    assert_eq!(lab.outcome().values.len(), 30);
    nothing_failed(&lab);
}

#[test]
fn jobs_that_run_finish_before_the_study_stops() {
    let (lab, program) = with_own_program(500);
    let driver = start(&lab, "-j 2 --launch-timeout 100ms", "sleep-trial-0=2000 pace=5");
    lab.wait_until("the end of trial 1", || ends(&lab) >= 1);
    fs::rename(&program, lab.path("away")).unwrap();
    driver.wait().exits(1);
    let end = lab.records("end").pop().unwrap();
    assert_eq!((&end["trial"], &end["status"]), (&0.into(), &"succeeded".into()));
    nothing_failed(&lab);
}

#[test]
fn a_program_that_can_never_start_is_a_failure_of_its_configuration() {
    let matrix = |values: &str| {
        format!(
            "kind: grid\nmetric: {{name: loss, optimization: minimize}}\nparams:\n  p: {{kind: choice, value: {values}}}\n"
        )
    };
    let lab = Lab::new(&matrix("[./job, ./none, ./plain, ./broken]"));
    lab.copy_program(&trainer(), "job");
    fs::write(lab.path("plain"), "").unwrap();
    // Neither a format that the kernel supports nor a script.
    fs::write(lab.path("broken"), [0x7f, b'E', b'L', b'F', 0, 0]).unwrap();
    fs::set_permissions(lab.path("broken"), fs::Permissions::from_mode(0o755)).unwrap();
    let started = Instant::now();
    let command = ["run", "m.yaml", "-j", "1", "--", "{{ p }}"];
    RunOutput::of(lab.command("").args(command)).exits(0);
    assert!(started.elapsed() < Duration::from_secs(20));
    let failures = lab.records("end").into_iter().filter(|end| end["failure"]["kind"] == "launch").count();
    assert_eq!(failures, 3);
    // 120 kB is allowed for one argument, and 3.6 MB are too much for all of them.
    let long = "x".repeat(120_000);
    let lab = Lab::new(&matrix(&format!("[a, {long}]")));
    lab.copy_program(&trainer(), "job");
    let command = ["run", "m.yaml", "-j", "1", "--", "./job"].into_iter().chain(["say={{ p }}"; 30]);
    RunOutput::of(lab.command("").args(command)).exits(0);
    let failure = lab.records("end").into_iter().find(|end| end["status"] == "failed").unwrap();
    assert_eq!(failure["failure"]["kind"], "launch", "{failure}");
}
