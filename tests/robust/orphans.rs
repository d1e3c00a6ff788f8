//! What a killed driver and its guard left is ended before the study goes on, and nothing else ever is.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::kinds::rounds;
use crate::lab::{Driver, Ended, Lab, send, with_entry};

/// A job that runs until it is ended; once there is a file `fast` in the folder, it ends at once.
const JOB: &str = "#!/bin/sh\n[ -e fast ] || sleep 600\necho '{\"loss\": 1}'\n";
const RUN: &str = "run m.yaml -j 2 -- ./job.sh";
const LEFT: &str = "that an earlier session had left running";
const NONE: [u32; 0] = [];

fn lab() -> Lab {
    let lab = Lab::random(2);
    script(&lab, "job.sh", JOB);
    lab
}

fn script(lab: &Lab, name: &str, text: &str) {
    fs::write(lab.path(name), text).unwrap();
    fs::set_permissions(lab.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Two jobs, each with a child, run in `m.study`.
fn started(lab: &Lab) -> Driver {
    let driver = lab.start_line(RUN);
    lab.until("two jobs", || lab.living().len() == 4);
    driver
}

/// The same without a driver and a guard.
fn crashed() -> Lab {
    let lab = lab();
    started(&lab).crash();
    assert_eq!(lab.living().len(), 4, "without a guard nobody ends them");
    fs::write(lab.path("fast"), "").unwrap();
    lab
}

fn done(lab: &Lab, line: &str) -> Ended {
    Ended::of(lab.hypertune(line).output().unwrap()).exits(0)
}

/// The mark in the environment of the study's jobs.
fn mark(lab: &Lab, name: &str) -> String {
    let variables = fs::read(format!("/proc/{}/environ", lab.living()[0])).unwrap();
    let text = String::from_utf8(variables).unwrap();
    let entry = text.split('\0').find_map(|entry| entry.strip_prefix(&format!("{name}="))).unwrap();
    entry.to_owned()
}

#[test]
fn the_folder_may_be_spelled_in_any_way() {
    for name in ["m.study", "m.study/", "./x/../m.study", "link/m.study"] {
        let lab = crashed();
        fs::create_dir(lab.path("x")).unwrap();
        symlink(".", lab.path("link")).unwrap();
        done(&lab, &format!("resume {name}")).complains(LEFT);
        assert_eq!(lab.living(), NONE, "{name}");
    }
}

#[test]
fn the_folder_may_have_been_moved() {
    let lab = crashed();
    fs::rename(lab.study(), lab.path("other")).unwrap();
    done(&lab, "resume other").complains(LEFT);
    assert_eq!(lab.living(), NONE);
}

#[test]
fn a_study_that_is_overwritten_leaves_nothing() {
    let lab = crashed();
    done(&lab, "run m.yaml --overwrite -- ./job.sh").complains(LEFT);
    assert_eq!(lab.living(), NONE);
    // Without the list beside the journal.
    let lab = crashed();
    fs::remove_file(lab.study().join("journal.sessions")).unwrap();
    done(&lab, "run m.yaml --overwrite -- ./job.sh").complains(LEFT);
    assert_eq!(lab.living(), NONE);
}

#[test]
fn an_emptied_or_deleted_journal_or_list_hides_nothing() {
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
        done(&lab, RUN).complains(LEFT);
        assert_eq!(lab.living(), NONE, "{name}");
    }
}

/// A script with the variables of the crashed session starts a process and then goes on with the study.
#[test]
fn neither_the_caller_nor_what_it_started_is_ended() {
    for name in ["HYPERTUNE_SESSION", "HYPERTUNE_JOB", "HYPERTUNE_STUDY_DIR"] {
        let lab = crashed();
        let value = mark(&lab, name);
        script(
            &lab,
            "wrapper.sh",
            "#!/bin/sh\nsleep 600 & echo $! > other\n\"$1\" resume m.study -q > /dev/null\nkill $! && echo survived\n",
        );
        let mut wrapper = Command::new(lab.path("wrapper.sh"));
        wrapper.arg(env!("CARGO_BIN_EXE_hypertune")).current_dir(lab.path("")).env(name, value).stdin(Stdio::null());
        let ended = Ended::of(wrapper.output().unwrap()).exits(0);
        assert_eq!(ended.out, "survived\n", "{name}");
        assert_eq!(lab.living(), NONE);
    }
}

/// A process of ours with all variables of a job.
fn stranger(lab: &Lab) -> Child {
    let mut command = Command::new("sleep");
    command.arg("600").env("HYPERTUNE_STUDY_DIR", lab.study()).env("HYPERTUNE_SESSION", "1-1-1");
    command.env("HYPERTUNE_TRIAL", "0").stdin(Stdio::null()).spawn().unwrap()
}

#[test]
fn the_study_s_folder_in_an_environment_is_no_reason_to_end_a_process() {
    let lab = crashed();
    let mut stranger = stranger(&lab);
    done(&lab, "resume m.study").complains("ended 4 processes");
    assert_eq!(lab.living(), [stranger.id()]);
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_copy_of_a_running_study_does_not_end_its_jobs() {
    let lab = lab();
    let driver = started(&lab);
    let copied = Command::new("cp").args(["-r", "m.study", "copy"]).current_dir(lab.path("")).status().unwrap();
    assert!(copied.success());
    fs::write(lab.path("fast"), "").unwrap();
    done(&lab, "resume copy");
    assert_eq!(lab.living().len(), 4);
    driver.signal(9);
    driver.end();
    lab.nothing_lives();
}

#[test]
fn a_session_that_ended_in_order_is_not_looked_for() {
    let lab = Lab::random(2);
    // The pause is for `setsid`.
    lab.run("--max-jobs 1", "stray sleep=300").exits(4);
    assert!(!lab.study().join("journal.sessions").exists());
    assert_eq!(lab.living().len(), 1, "its job ended by itself: it is the user's");
    lab.run("", "stray sleep=300").exits(0);
    assert_eq!(lab.living().len(), 2);
    lab.living().iter().for_each(|pid| send(*pid, 9));
}

#[test]
fn the_guard_has_none_of_the_variables_and_ends_the_jobs_of_a_study_that_went_on() {
    let lab = crashed();
    let marks = ["HYPERTUNE_SESSION", "HYPERTUNE_JOB", "HYPERTUNE_STUDY_DIR"].map(|name| (name, mark(&lab, name)));
    fs::remove_file(lab.path("fast")).unwrap();
    let mut again = lab.hypertune(RUN);
    let driver = Driver::of(again.envs(marks).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    lab.until("two new jobs", || lab.records("launch").len() == 4 && lab.living().len() == 5);
    let variables = fs::read(format!("/proc/{}/environ", driver.guard().unwrap())).unwrap();
    assert!(!String::from_utf8(variables).unwrap().contains("HYPERTUNE_"));
    driver.signal(9);
    driver.end();
    lab.nothing_lives();
}

/// A study whose job is a study whose job is a study.
#[test]
fn nested_studies_leave_nothing_however_their_drivers_end() {
    let job = "#!/bin/sh\ntrap '' TERM INT\n[ -e fast ] || sleep 600\necho '{\"loss\": 1}'\n";
    let nested = |to: &str, study: &str| {
        let hypertune = env!("CARGO_BIN_EXE_hypertune");
        format!(
            "#!/bin/sh\n{hypertune} run m.yaml -j 1 -q --study {study} -- ./{to} > /dev/null && echo '{{\"loss\": 1}}'\n"
        )
    };
    for with_guard in [false, true] {
        let lab = Lab::random(1);
        script(&lab, "job.sh", job);
        script(&lab, "middle.sh", &nested("job.sh", "inner"));
        script(&lab, "outer.sh", &nested("middle.sh", "middle"));
        let driver = lab.start_line("run m.yaml -j 1 -- ./outer.sh");
        let inner = || with_entry(&format!("HYPERTUNE_STUDY_DIR={}", lab.path("inner").display()));
        let middle = || with_entry(&format!("HYPERTUNE_STUDY_DIR={}", lab.path("middle").display()));
        lab.until("the innermost job", || inner().len() == 2);
        if with_guard {
            driver.crash();
            assert_eq!(inner().len(), 2);
            fs::write(lab.path("fast"), "").unwrap();
            done(&lab, "resume m.study").complains(LEFT);
            assert_eq!((lab.living(), middle(), inner()), (vec![], vec![], vec![]));
        } else {
            driver.signal(9);
            driver.end();
            lab.until("the end of all jobs", || lab.living().len() + middle().len() + inner().len() == 0);
        }
    }
}

#[test]
fn killed_with_or_without_its_guard_at_random_instants_it_leaves_no_orphan() {
    let words = "stray breed pace=3";
    let (mut kills, mut crashes) = (0, 0);
    for round in 0..3 * rounds() as u64 {
        let lab = Lab::random(400);
        for delay in [4, 9, 15, 22, 30, 41].map(|ms| ms + 3 * round % 17) {
            let driver = lab.start("-j 3", words);
            sleep(Duration::from_millis(delay));
            if delay % 2 == 0
                && let Some(guard) = driver.guard()
            {
                send(guard, 9);
                crashes += 1;
            }
            driver.signal(9);
            driver.end();
            kills += 1;
        }
        let sessions = lab.records("session").len();
        let driver = lab.start("-j 3", words);
        lab.until("another session's jobs", || lab.records("session").len() > sessions && !lab.living().is_empty());
        driver.signal(9);
        driver.end();
        kills += 1;
        lab.nothing_lives();
    }
    println!("{kills} kills of the driver, {crashes} of them with the guard: no orphan");
    assert!(crashes > 0);
}
