//! Processes that outlive a killed driver and its guard are ended before the study is resumed, and no others.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{Driver, Lab, RunOutput, hypertune, processes_with_variable, rounds, send_signal};

/// A job that runs until it is ended, or succeeds at once if there is a file `fast` in the folder.
const JOB: &str = "#!/bin/sh\n[ -e fast ] || sleep 600\necho '{\"loss\": 1}'\n";
const RUN: &str = "run m.yaml -j 2 -- ./job.sh";
const LEFT: &str = "that an earlier session had left running";
const NONE: [u32; 0] = [];

fn lab() -> Lab {
    let lab = Lab::random(2);
    lab.script("job.sh", JOB);
    lab
}

/// Two jobs, each with a child, run in `m.study`.
fn started(lab: &Lab) -> Driver {
    let driver = lab.start_line(RUN);
    lab.wait_until("two jobs", || lab.job_processes().len() == 4);
    driver
}

/// The same without a driver and a guard.
fn crashed() -> Lab {
    let lab = lab();
    started(&lab).kill_with_guard();
    assert_eq!(lab.job_processes().len(), 4, "without a guard they keep running");
    fs::write(lab.path("fast"), "").unwrap();
    lab
}

fn done(lab: &Lab, line: &str) -> RunOutput {
    lab.hypertune(line).exits(0)
}

/// The mark in the environment of the study's jobs.
fn mark(lab: &Lab, name: &str) -> String {
    let variables = fs::read(format!("/proc/{}/environ", lab.job_processes()[0])).unwrap();
    let text = String::from_utf8(variables).unwrap();
    let entry = text.split('\0').find_map(|entry| entry.strip_prefix(&format!("{name}="))).unwrap();
    entry.to_owned()
}

#[test]
fn the_folder_may_be_given_by_any_path() {
    for name in ["m.study", "m.study/", "./x/../m.study", "link/m.study"] {
        let lab = crashed();
        fs::create_dir(lab.path("x")).unwrap();
        symlink(".", lab.path("link")).unwrap();
        done(&lab, &format!("resume {name}")).stderr_contains(LEFT);
        assert_eq!(lab.job_processes(), NONE, "{name}");
    }
}

#[test]
fn the_folder_may_have_been_moved() {
    let lab = crashed();
    fs::rename(lab.study(), lab.path("other")).unwrap();
    done(&lab, "resume other").stderr_contains(LEFT);
    assert_eq!(lab.job_processes(), NONE);
}

#[test]
fn an_overwritten_study_leaves_no_process() {
    let lab = crashed();
    done(&lab, "run m.yaml --overwrite -- ./job.sh").stderr_contains(LEFT);
    assert_eq!(lab.job_processes(), NONE);
    // Without the list beside the journal.
    let lab = crashed();
    fs::remove_file(lab.study().join("journal.sessions")).unwrap();
    done(&lab, "run m.yaml --overwrite -- ./job.sh").stderr_contains(LEFT);
    assert_eq!(lab.job_processes(), NONE);
}

#[test]
fn an_empty_or_deleted_journal_or_list_hides_no_process() {
    for (name, emptied) in
        [("journal.jsonl", true), ("journal.jsonl", false), ("journal.sessions", true), ("journal.sessions", false)]
    {
        let lab = crashed();
        let path = lab.study().join(name);
        if emptied {
            fs::write(path, "").unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        done(&lab, RUN).stderr_contains(LEFT);
        assert_eq!(lab.job_processes(), NONE, "{name}");
    }
}

/// A script with the variables of the crashed session starts a process and then resumes the study.
#[test]
fn neither_the_caller_nor_its_processes_are_ended() {
    for name in ["HYPERTUNE_SESSION", "HYPERTUNE_JOB", "HYPERTUNE_STUDY_DIR"] {
        let lab = crashed();
        let value = mark(&lab, name);
        lab.script(
            "wrapper.sh",
            "#!/bin/sh\nsleep 600 & echo $! > other\n\"$1\" resume m.study -q > /dev/null\nkill $! && echo survived\n",
        );
        let mut wrapper = lab.program(lab.path("wrapper.sh"));
        let ended = RunOutput::of(wrapper.arg(hypertune()).env(name, value)).exits(0);
        assert_eq!(ended.stdout, "survived\n", "{name}");
        assert_eq!(lab.job_processes(), NONE);
    }
}

/// A process that is not a job, with the variables of one.
fn stranger(lab: &Lab) -> Child {
    let mut command = lab.program("sleep");
    command.arg("600").env("HYPERTUNE_STUDY_DIR", lab.study()).env("HYPERTUNE_SESSION", "1-1-1");
    command.env("HYPERTUNE_TRIAL", "0").spawn().unwrap()
}

#[test]
fn a_process_with_only_the_folder_in_its_environment_is_not_ended() {
    let lab = crashed();
    let mut stranger = stranger(&lab);
    done(&lab, "resume m.study").stderr_contains("ended 4 processes");
    assert_eq!(lab.job_processes(), [stranger.id()]);
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_copy_of_a_running_study_does_not_end_its_jobs() {
    let lab = lab();
    let driver = started(&lab);
    RunOutput::of(lab.program("cp").args(["-r", "m.study", "copy"])).exits(0);
    fs::write(lab.path("fast"), "").unwrap();
    done(&lab, "resume copy");
    assert_eq!(lab.job_processes().len(), 4);
    driver.kill();
    lab.wait_for_no_processes();
}

#[test]
fn processes_of_a_completed_session_are_kept() {
    let lab = Lab::random(2);
    // The pause is for `setsid`.
    lab.run("--max-jobs 1", "detached sleep=300").exits(4);
    assert!(!lab.study().join("journal.sessions").exists());
    assert_eq!(lab.job_processes().len(), 1, "its job ended by itself: it is the user's");
    lab.run("", "detached sleep=300").exits(0);
    assert_eq!(lab.job_processes().len(), 2);
    lab.job_processes().iter().for_each(|pid| send_signal(*pid, 9));
}

#[test]
fn the_guard_of_a_resumed_study_has_no_job_variables_and_ends_its_jobs() {
    let lab = crashed();
    let marks = ["HYPERTUNE_SESSION", "HYPERTUNE_JOB", "HYPERTUNE_STUDY_DIR"].map(|name| (name, mark(&lab, name)));
    fs::remove_file(lab.path("fast")).unwrap();
    let mut again = lab.command(RUN);
    let driver = Driver::start(again.envs(marks));
    lab.wait_until("two new jobs", || lab.records("launch").len() == 4 && lab.job_processes().len() == 5);
    let variables = fs::read(format!("/proc/{}/environ", driver.guard().unwrap())).unwrap();
    assert!(!String::from_utf8(variables).unwrap().contains("HYPERTUNE_"));
    driver.kill();
    lab.wait_for_no_processes();
}

/// A study whose job is a study whose job is a study.
#[test]
fn nested_studies_leave_no_process() {
    let job = "#!/bin/sh\ntrap '' TERM INT\n[ -e fast ] || sleep 600\necho '{\"loss\": 1}'\n";
    let nested = |to: &str, study: &str| {
        let hypertune = hypertune();
        format!(
            "#!/bin/sh\n{hypertune} run m.yaml -j 1 -q --study {study} -- ./{to} > /dev/null && echo '{{\"loss\": 1}}'\n"
        )
    };
    for with_guard in [false, true] {
        let lab = Lab::random(1);
        lab.script("job.sh", job);
        lab.script("middle.sh", &nested("job.sh", "inner"));
        lab.script("outer.sh", &nested("middle.sh", "middle"));
        let driver = lab.start_line("run m.yaml -j 1 -- ./outer.sh");
        let inner = || processes_with_variable(&format!("HYPERTUNE_STUDY_DIR={}", lab.path("inner").display()));
        let middle = || processes_with_variable(&format!("HYPERTUNE_STUDY_DIR={}", lab.path("middle").display()));
        lab.wait_until("the innermost job", || inner().len() == 2);
        if with_guard {
            driver.kill_with_guard();
            assert_eq!(inner().len(), 2);
            fs::write(lab.path("fast"), "").unwrap();
            done(&lab, "resume m.study").stderr_contains(LEFT);
            assert_eq!((lab.job_processes(), middle(), inner()), (vec![], vec![], vec![]));
        } else {
            driver.kill();
            lab.wait_until("the end of all jobs", || lab.job_processes().len() + middle().len() + inner().len() == 0);
        }
    }
}

#[test]
fn kills_at_random_times_leave_no_orphan() {
    let words = "detached child pace=3";
    let (mut kills, mut crashes) = (0, 0);
    for round in 0..3 * rounds() as u64 {
        let lab = Lab::random(400);
        for delay in [4, 9, 15, 22, 30, 41].map(|ms| ms + 3 * round % 17) {
            let driver = lab.start("-j 3", words);
            sleep(Duration::from_millis(delay));
            if delay % 2 == 0
                && let Some(guard) = driver.guard()
            {
                send_signal(guard, 9);
                crashes += 1;
            }
            driver.kill();
            kills += 1;
        }
        let driver = lab.start("-j 3", words);
        lab.wait_until("a guard and a job", || driver.guard().is_some() && !lab.job_processes().is_empty());
        driver.kill_with_guard();
        (kills, crashes) = (kills + 1, crashes + 1);
        let sessions = lab.records("session").len();
        let driver = lab.start("-j 3", words);
        lab.wait_until("another session's jobs", || {
            lab.records("session").len() > sessions && !lab.job_processes().is_empty()
        });
        driver.kill();
        kills += 1;
        lab.wait_for_no_processes();
    }
    println!("{kills} kills of the driver, {crashes} of them with the guard: no orphan");
}
