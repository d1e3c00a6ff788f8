//! No child and no grandchild outlives the driver, however it ends.

use std::fs;

use hypertune_test_support::{Driver, Lab, send_signal, try_send_signal};

#[test]
fn sigkill_ends_children_and_grandchildren() {
    let lab = Lab::random(2);
    let mut driver = lab.start("-j 2", "child detached hold ignore=term sleep=600000");
    // Two jobs with three grandchildren each.
    lab.wait_until("all processes", || lab.job_processes().len() >= 8);
    assert!(!driver.has_exited());
    driver.kill();
    lab.wait_for_no_processes();
}

#[test]
fn sigquit_and_sigabrt_end_children_and_grandchildren() {
    // SIGQUIT and SIGABRT.
    for signal in [3, 6] {
        let lab = Lab::random(2);
        let driver = lab.start("-j 2", "child detached sleep=600000");
        lab.wait_until("all processes", || lab.job_processes().len() >= 6);
        driver.signal(signal);
        driver.wait();
        lab.wait_for_no_processes();
    }
}

#[test]
fn jobs_that_outlive_the_guard_are_ended_before_the_study_is_resumed() {
    let lab = Lab::random(2);
    let log = lab.path("log");
    let words = format!("log={} fail-first=1", log.display());
    let driver = lab.start("-j 2", &format!("detached sleep=600000 {words}"));
    lab.wait_until("all processes", || lab.job_processes().len() == 4);
    driver.kill_with_guard();
    assert_eq!(lab.job_processes().len(), 4, "without a guard they keep running");
    let resumed = lab.start("-j 2", &format!("detached sleep=600000 {words}"));
    lab.wait_until("two second attempts", || lab.records("launch").len() == 4);
    lab.wait_until("their processes", || lab.job_processes().len() == 4);
    resumed.signal(2);
    resumed.wait().exits(130).stderr_contains("ended 4 processes that an earlier session had left running");
    lab.wait_for_no_processes();
}

#[test]
fn after_a_crash_no_job_is_shown_as_running() {
    let lab = Lab::random(2);
    let states = || {
        let listed = lab.hypertune("export m.study --format jsonl").exits(0).stdout;
        let status = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["status"].to_string();
        listed.lines().map(status).collect::<Vec<_>>()
    };
    let driver = lab.start("-j 2", "sleep=600000");
    lab.wait_until("two jobs", || lab.job_processes().len() == 2);
    assert_eq!(states(), ["\"running\""; 2]);
    driver.kill();
    assert_eq!(states(), ["\"lost\""; 2]);
    lab.wait_for_no_processes();
}

#[test]
fn a_grandchild_with_stdout_open_does_not_block_the_study() {
    let lab = Lab::random(4);
    lab.run("-j 2", "hold").exits(0);
    assert_eq!(lab.records("end").len(), 4);
    // It is in another session and the job succeeded, so it is kept.
    lab.job_processes().iter().for_each(|pid| send_signal(*pid, 9));
}

#[test]
fn processes_in_the_group_of_a_job_end_with_it() {
    let lab = Lab::random(2);
    lab.run("-j 2", "child").exits(0);
    lab.wait_for_no_processes();
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
fn failures_are_classified() {
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

#[test]
fn a_job_that_hypertune_ends_is_ended_with_its_processes() {
    // The job timeout, a limit with time, and a rule of early stopping.
    for (options, matrix, code) in [
        ("--job-timeout 500ms --keep-going", "", 3),
        ("--time-limit 500ms", "", 4),
        ("--keep-going", "earlyStopping:\n  - {metric: loss, optimization: minimize, value: 100}\n", 0),
    ] {
        let lab = Lab::random(1);
        let text = fs::read_to_string(lab.path("m.yaml")).unwrap();
        fs::write(lab.path("m.yaml"), format!("{text}{matrix}")).unwrap();
        lab.run(&format!("--grace 500ms {options}"), "detached sleep=200 lines=1 sleep=600000").exits(code);
        assert_eq!(lab.job_processes().len(), 0, "{options} {matrix}");
    }
}

#[test]
fn a_job_that_left_its_group_is_ended() {
    let job = "import os, time\nchild = os.fork()\nif child == 0:\n    os.setpgid(0, 0)\n    open('up', 'w')\n    \
               time.sleep(600)\nwhile not os.path.exists('up'):\n    time.sleep(0.01)\nos.setpgid(0, child)\n\
               open('left', 'w')\ntime.sleep(600)\n";
    let line = "--grace 500ms -- python3 job.py";
    let lab = || {
        let lab = Lab::random(1);
        fs::write(lab.path("job.py"), job).unwrap();
        lab
    };
    let timed_out = lab();
    timed_out.hypertune(&format!("run m.yaml --job-timeout 1s --keep-going {line}")).exits(3);
    assert_eq!(timed_out.records("end")[0]["failure"]["kind"], "timeout");
    assert_eq!(timed_out.job_processes().len(), 0);
    for signals in [1, 2] {
        let interrupted = lab();
        let mut driver = interrupted.start_line(&format!("run m.yaml {line}"));
        interrupted.wait_until("a job out of its group", || interrupted.path("left").exists());
        for _ in 0..signals {
            driver.signal_if_running(2);
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        driver.wait().exits(130);
        assert_eq!(interrupted.job_processes().len(), 0);
    }
}

/// Starts jobs whose helpers have no mark in their environment and run in other sessions, one of them without a living parent. Each
/// helper writes its number into a file.
const HELPERS: &str = r#"#!/bin/sh
trap '' TERM
helper='echo $$ > "$0.new"; mv "$0.new" "$0"; trap "" TERM; while :; do sleep 1; done'
env -i PATH="$PATH" setsid sh -c "$helper" "$PWD/one.$HYPERTUNE_TRIAL" &
env -i PATH="$PATH" setsid sh -c "(sh -c '$helper' \"\$0\" &); exec sleep 600" "$PWD/two.$HYPERTUNE_TRIAL" &
until [ -e "one.$HYPERTUNE_TRIAL" ] && [ -e "two.$HYPERTUNE_TRIAL" ]; do sleep 0.05; done
: > "ready.$HYPERTUNE_TRIAL"
while :; do sleep 1; done
"#;

fn wait_for_the_end_of_helpers(lab: &Lab) {
    let numbers = ["one.0", "two.0"].map(|name| fs::read_to_string(lab.path(name)).unwrap().trim().parse().unwrap());
    lab.wait_until("the end of the helpers", || numbers.iter().all(|pid: &u32| !try_send_signal(*pid, 0)));
    lab.wait_for_no_processes();
}

#[test]
fn helpers_without_environment_in_other_sessions_end_with_a_job_that_hypertune_ends() {
    let run = "run m.yaml -j 1 --keep-going --grace 300ms";
    for (limit, code) in [("--job-timeout 3s", 3), ("--time-limit 3s", 4)] {
        let lab = Lab::random(1);
        lab.script("job.sh", HELPERS);
        let ended = lab.hypertune(&format!("{run} {limit} -- ./job.sh"));
        assert!(lab.path("ready.0").exists(), "{}", ended.stderr);
        ended.exits(code);
        wait_for_the_end_of_helpers(&lab);
    }
    // The driver is killed with -9, and its guard ends the jobs.
    let lab = Lab::random(1);
    lab.script("job.sh", HELPERS);
    let driver = Driver::start(&mut lab.command(&format!("{run} -- ./job.sh")));
    lab.wait_until("helpers", || lab.path("ready.0").exists());
    driver.kill();
    wait_for_the_end_of_helpers(&lab);
}
