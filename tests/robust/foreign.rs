//! Files of others: folders without a study, links and special files in a study's folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use hypertune_test_support::{HYPERBAND, Lab, RunOutput, hypertune};

/// Every file below `folder`, with its text; of a link its target, of anything else its kind.
fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let text = match () {
                () if kind.is_file() => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
                () if kind.is_symlink() => fs::read_link(&path).unwrap().display().to_string(),
                () => format!("{kind:?}"),
            };
            if kind.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, text);
        }
    }
    found
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_folder_without_a_study_is_refused_and_unchanged() {
    let lab = Lab::random(2);
    write(&lab.path("clinic/trials/patients/1.csv"), "precious");
    write(&lab.path("clinic/journal.jsonl"), "{\"entry\": \"a diary\"}\n");
    write(&lab.path("results/trials/1/notes.txt"), "mine");
    write(&lab.path("results/lock"), "");
    write(&lab.path("file"), "mine");
    write(&lab.path("diary/journal.jsonl"), "\n");
    write(&lab.path("keys/lock"), "precious\n");
    write(&lab.path("json/journal.jsonl"), "{");
    write(&lab.path("json/thesis.tex"), "mine");
    write(&lab.path("sensor/readings.jsonl"), "{\"trial\": 1}\n");
    write(&lab.path("sensor/lock"), "12\n");
    write(&lab.path("log/tuner.stderr.log"), "precious\n");
    let before = contents(&lab.path(""));
    let folders = ["clinic", "clinic/trials", "results", "results/trials/1", "file", ".", "diary"];
    for folder in folders.into_iter().chain(["keys", "json", "sensor", "log"]) {
        for overwrite in ["", "--overwrite"] {
            let refused = lab.run(&format!("--study {folder} {overwrite}"), "").exits(2);
            refused.stderr_contains("nothing was changed").stderr_contains("--study");
            assert_eq!(contents(&lab.path("")), before, "{folder} {overwrite}");
        }
    }
}

#[test]
fn a_refusal_names_the_file_that_is_in_the_way() {
    let lab = Lab::random(2);
    write(&lab.path("d/lock"), "precious\n");
    lab.run("--study d", "").exits(2).stderr_contains("d holds no study, and it holds lock");
    assert_eq!(fs::read_to_string(lab.path("d/lock")).unwrap(), "precious\n");
}

#[test]
fn links_and_special_files_in_place_of_a_study_s_own_are_refused() {
    for name in ["lock", "journal.jsonl", "tuner.stderr.log", "trials"] {
        for kind in ["link", "dangling", "fifo"] {
            let lab = Lab::random(2);
            lab.run("--max-jobs 1", "").exits(4);
            let (own, foreign) = (lab.study().join(name), lab.path("foreign"));
            let _ = fs::rename(&own, &foreign);
            match kind {
                "link" => symlink(&foreign, &own).unwrap(),
                "dangling" => symlink("nowhere", &own).unwrap(),
                _ => drop(RunOutput::of(lab.program("mkfifo").arg(&own)).exits(0)),
            }
            let before = contents(&lab.path(""));
            for overwrite in ["", "--overwrite"] {
                lab.run(overwrite, "").exits(2).stderr_contains(&format!("m.study/{name} is a "));
            }
            for line in ["best m.study", "resume m.study"] {
                lab.hypertune(line);
            }
            assert_eq!(contents(&lab.path("")), before, "{name}, {kind}");
        }
    }
}

#[test]
fn a_study_s_folder_may_be_a_link() {
    let lab = Lab::random(2);
    fs::create_dir(lab.path("disk")).unwrap();
    symlink("disk", lab.study()).unwrap();
    lab.run("--max-jobs 1", "").exits(4);
    lab.run("", "").exits(0);
    lab.run("--overwrite", "").exits(0);
    assert!(lab.path("disk/journal.jsonl").exists());
    assert_eq!(lab.outcome().values.len(), 2);
}

#[test]
fn a_link_in_place_of_a_log_is_replaced() {
    let lab = Lab::random(2);
    lab.run("--max-jobs 1", "").exits(4);
    let trial = lab.study().join("trials/1");
    fs::create_dir(&trial).unwrap();
    write(&lab.path("precious"), "precious");
    symlink(lab.path("precious"), trial.join("rung-0.stdout.log")).unwrap();
    lab.run("", "").exits(0);
    assert_eq!(fs::read_to_string(lab.path("precious")).unwrap(), "precious");
    assert!(trial.join("rung-0.stdout.log").symlink_metadata().unwrap().is_file());
}

#[test]
fn a_link_in_place_of_a_trial_s_folder_is_not_followed() {
    for resume in ["", "resume: true\n"] {
        let lab = Lab::new(&format!("{HYPERBAND}{resume}"));
        lab.run("-j 1 --max-jobs 5", "").exits(4);
        write(&lab.path("outside/checkpoint/model"), "precious");
        write(&lab.path("outside/rung-0.stdout.log"), "precious");
        let before = contents(&lab.path("outside"));
        let trials = lab.study().join("trials");
        for (trial, target) in [("2", "outside"), ("6", "outside"), ("4/checkpoint", "outside/checkpoint")] {
            let _ = fs::remove_dir_all(trials.join(trial));
            symlink(lab.path(target), trials.join(trial)).unwrap();
        }
        let _ = lab.run("-j 2 --keep-checkpoints none --keep-going", "checkpoint");
        assert_eq!(contents(&lab.path("outside")), before, "{resume}");
        lab.run("-j 2 --overwrite", "").exits(0);
        assert_eq!(contents(&lab.path("outside")), before, "{resume}");
    }
}

#[test]
fn a_study_is_discarded_only_if_the_new_one_can_start() {
    let lab = Lab::random(2);
    lab.run("", "").exits(0);
    let (journal, trials) =
        (fs::read(lab.study().join("journal.jsonl")).unwrap(), contents(&lab.study().join("trials")));
    let mut refused = 0;
    for descriptors in 3..60 {
        let mut command = lab.program("prlimit");
        command.arg(format!("--nofile={descriptors}")).arg(hypertune());
        let ended = RunOutput::of(command.args(lab.run_line("-q --overwrite", "").split_whitespace()));
        if ended.status.success() {
            break;
        }
        refused += 1;
        assert_eq!(fs::read(lab.study().join("journal.jsonl")).unwrap(), journal, "{descriptors}: {ended:?}");
        assert_eq!(contents(&lab.study().join("trials")), trials);
    }
    assert!(refused > 5 && refused < 57, "{refused}");
    let missing = "run m.yaml -q --overwrite -- ./no-such-program";
    lab.hypertune(missing).exits(2);
    assert_ne!(fs::read(lab.study().join("journal.jsonl")).unwrap(), journal);
}

#[test]
fn an_interrupted_overwrite_is_completed_before_any_launch() {
    for replaced in [false, true] {
        let lab = Lab::random(2);
        lab.run("", "pace=1").exits(0);
        fs::rename(lab.study().join("journal.jsonl"), lab.study().join("journal.discarded.jsonl")).unwrap();
        if replaced {
            File::create(lab.study().join("journal.jsonl")).unwrap();
        }
        write(&lab.study().join("trials/0/rung-7.stdout.log"), "old");
        let shown = lab.hypertune("best m.study");
        assert!(
            shown.status.code().is_some_and(|code| code == 2 || code == 3),
            "the old study is not shown: {shown:?}"
        );
        lab.run("", "").exits(0);
        assert!(!lab.study().join("journal.discarded.jsonl").exists());
        assert!(!lab.study().join("trials/0/rung-7.stdout.log").exists());
        assert_eq!(lab.outcome().values.len(), 2);
    }
}
