//! `--workdir`: the working directory of jobs.

use std::fs;
use std::path::PathBuf;

use hypertune_test_support::{Lab, RunOutput};

/// Prints the metric and writes what it has got into the file `seen` of its working directory.
const TRAIN: &str = r#"
import json, os, sys
data = [word.split("=", 1)[1] for word in sys.argv if word.startswith("--data=")]
seen = {"cwd": os.getcwd(), "argv": sys.argv, "data": [open(path).read() for path in data]}
json.dump(seen, open("seen.json", "w"))
print(json.dumps({"loss": 1.0}))
"#;

fn lab(runs: u32) -> Lab {
    let lab = Lab::random(runs);
    fs::create_dir(lab.path("data")).unwrap();
    lab.file("train.py", TRAIN).file("data/x.csv", "1,2\n");
    lab
}

fn run(lab: &Lab, options: &[&str], command: &[&str]) -> RunOutput {
    RunOutput::of(lab.command("run m.yaml").args(options).arg("--").args(command))
}

fn seen(lab: &Lab, folder: &str) -> serde_json::Value {
    serde_json::from_str(&lab.read(&format!("{folder}/seen.json"))).unwrap()
}

/// The canonical path of the lab.
fn root(lab: &Lab) -> PathBuf {
    lab.path("").canonicalize().unwrap()
}

#[test]
fn a_job_runs_in_its_trial_s_folder_with_both_launchers() {
    for launcher in ["local", "std"] {
        let lab = lab(2);
        let mut command = lab.command("run m.yaml --workdir");
        command.args(["{{ trial_dir }}", "--", "python3", "train.py", "--data=data/x.csv", "--out=new/x", "data"]);
        RunOutput::of(command.env("HYPERTUNE_LAUNCHER", launcher)).exits(0);
        for trial in 0..2 {
            let folder = format!("m.study/trials/{trial}");
            let (seen, root) = (seen(&lab, &folder), root(&lab));
            assert_eq!(seen["cwd"], root.join(&folder).display().to_string(), "{launcher}");
            assert_eq!(seen["data"][0], "1,2\n");
            let argv = seen["argv"].as_array().unwrap();
            assert!(argv[0].as_str().unwrap().ends_with("/train.py"), "{argv:?}");
            assert!(argv[2] == "--out=new/x" && argv[3] == "data", "{argv:?}");
        }
    }
}

#[test]
fn a_program_with_a_relative_path_is_found() {
    let lab = lab(1);
    lab.script("job", "#!/bin/sh\npwd > where\necho loss: 1\n");
    run(&lab, &["--workdir", "new/deep"], &["./job"]).exits(0);
    assert_eq!(lab.read("new/deep/where").trim(), root(&lab).join("new/deep").display().to_string());
    // A program of a relative folder of PATH.
    let lab = self::lab(1);
    fs::create_dir(lab.path("bin")).unwrap();
    lab.script("bin/job", "#!/bin/sh\npwd > where\necho loss: 1\n");
    let mut command = lab.command("run m.yaml --workdir new -- job");
    let path = format!("bin:{}", std::env::var("PATH").unwrap());
    RunOutput::of(command.env("PATH", path)).exits(0);
    assert!(lab.path("new/where").exists());
}

#[test]
fn a_retried_job_runs_in_the_same_folder_even_if_it_was_removed() {
    let lab = lab(1);
    lab.script("job", "#!/bin/sh\necho $HYPERTUNE_ATTEMPT\nif [ $HYPERTUNE_ATTEMPT = 1 ]; then rmdir \"$PWD\"; exit 1; fi\npwd > where\necho loss: 1\n");
    run(&lab, &["--workdir", "work/{{ trial }}", "--retries", "1"], &["./job"]).exits(0);
    assert!(lab.path("work/0/where").exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    for launcher in ["local", "std"] {
        let lab = lab(1);
        lab.file("taken", "");
        let mut command = lab.command("run m.yaml --workdir taken -- python3 train.py");
        let output = RunOutput::of(command.env("HYPERTUNE_LAUNCHER", launcher));
        let path = root(&lab).join("taken");
        let output =
            output.exits(3).output_contains(&format!("cannot create the working directory {}", path.display()));
        output.output_contains("/taken is a file; name another folder with --workdir");
        assert!(lab.read("m.study/journal.jsonl").contains("cannot create the working directory"));
    }
}

#[test]
fn templates_of_the_folder_are_checked_before_anything_runs() {
    let lab = lab(1);
    for subcommand in ["run", "plan", "check"] {
        let mut command = lab.command(&format!("{subcommand} m.yaml --workdir"));
        command.args(["work/{{ trail }}", "--", "python3", "train.py"]);
        RunOutput::of(&mut command)
            .exits(2)
            .output_contains("unknown variable `trail`")
            .output_contains("did you mean `trial`?");
    }
    assert!(!lab.study().exists());
}

#[test]
fn the_folder_belongs_to_the_study() {
    let lab = lab(1);
    run(&lab, &["--workdir", "one"], &["python3", "train.py"]).exits(0);
    let other = run(&lab, &["--workdir", "two"], &["python3", "train.py"]);
    other.exits(2).output_contains("workdir: started with one, now two");
    run(&lab, &[], &["python3", "train.py"]).exits(2).output_contains("workdir: started with one, now not given");
    run(&lab, &["--workdir", "one"], &["python3", "train.py"]).exits(0);
    lab.file("m.yaml", format!("{}workdir: one\n", lab.read("m.yaml")));
    run(&lab, &[], &["python3", "train.py"]).exits(0);
}

#[test]
fn a_resumed_study_runs_where_it_was_started() {
    let lab = lab(2);
    run(&lab, &["--workdir", "work/{{ trial }}", "--max-jobs", "1", "-j", "1"], &["python3", "train.py"]).exits(4);
    let mut command = lab.program(hypertune_test_support::hypertune());
    let elsewhere = tempfile::tempdir().unwrap();
    command.current_dir(elsewhere.path()).arg("resume").arg(lab.study()).args(["--max-jobs", "9"]);
    RunOutput::of(&mut command).exits(0);
    assert_eq!(seen(&lab, "work/1")["cwd"], root(&lab).join("work/1").display().to_string());
}

#[test]
fn a_metrics_file_is_read_in_the_folder() {
    let lab = lab(2);
    lab.script("job", "#!/bin/sh\nprintf 'loss\\n0.%s\\n' $HYPERTUNE_TRIAL > metrics.csv\n");
    run(&lab, &["--workdir", "{{ trial_dir }}", "--collect", "file=metrics.csv"], &["./job"]).exits(0);
    lab.hypertune("best m.study").exits(0).output_contains("trial 0, loss 0\n");
}

#[test]
fn values_that_are_names_of_files_stay_values() {
    for style in ["equals", "space", "fire", "hydra", "assign", "env"] {
        let lab = Lab::new(
            "kind: mapping\nmetric: {name: loss, optimization: minimize}\nvalues:\n  - {m: sgd, path: data/x.csv, list: [sgd]}\n",
        );
        fs::create_dir(lab.path("data")).unwrap();
        lab.file("sgd", "")
            .file("data/x.csv", "")
            .script("job", "#!/bin/sh\necho \"$@ $M $PATH_IN\" > seen\necho loss: 1\n");
        run(&lab, &["--workdir", "{{ trial_dir }}", "--arg-style", style], &["./job", "sgd"]).exits(0);
        let seen = lab.read("m.study/trials/0/seen");
        assert_eq!(seen.matches("/sgd").count(), 1, "{style}: {seen}");
        assert!(!seen.contains("/data/x.csv"), "{style}: {seen}");
    }
    let lab = Lab::new("kind: mapping\nmetric: {name: loss, optimization: minimize}\nvalues:\n  - {m: sgd}\n");
    lab.file("sgd", "").script("job", "#!/bin/sh\necho \"$@\" > seen\necho loss: 1\n");
    run(&lab, &["--workdir", "w"], &["./job", "{{ m }}", "--m={{ m }}", "--file=./{{ m }}"]).exits(0);
    let root = root(&lab);
    assert_eq!(lab.read("w/seen").trim(), format!("sgd --m=sgd --file={}", root.join("sgd").display()));
}
