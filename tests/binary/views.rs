//! `best`, `trials`, `export` and the summary agree.

use std::process::Stdio;

use hypertune_test_support::{Lab, RunOutput, trainer};

use crate::HYPERBAND;

/// A finished study of the trainer, whose loss at 9 epochs is |lr − 0.3| + 1/9.
fn finished() -> Lab {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q", "").exits(0);
    lab
}

#[test]
fn best_is_the_best_value_at_the_highest_resource() {
    let lab = finished();
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    let jobs = lab.hypertune("export m.study").exits(0).json_lines();
    let full = jobs.iter().filter(|j| j["resource"] == 9);
    let value = full.map(|j| j["value"].as_f64().expect("a value")).fold(f64::INFINITY, f64::min);
    assert_eq!(best["value"], value);
    assert_eq!((&best["metric"], &best["resource"], &best["study"]), (&"loss".into(), &9.into(), &"m.study".into()));
    let keys: Vec<_> = best.as_object().expect("an object").keys().cloned().collect();
    let [repeated, of_study] = [
        ["command", "directory", "env", "unset", "checkpoint", "folder", "shell"].as_slice(),
        &["study", "ended", "finished"],
    ];
    assert_eq!(keys, [["trial", "value", "metric", "resource", "params"].as_slice(), repeated, of_study].concat());
    assert_eq!(best["ended"], true);
}

#[test]
fn the_command_of_the_best_trial_repeats_it() {
    let lab = finished();
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    let argv: Vec<_> = best["command"].as_array().expect("a list").iter().filter_map(|a| a.as_str()).collect();
    let out = RunOutput::of(lab.program(argv[0]).args(&argv[1..]).env("HYPERTUNE_RESOURCE", "9")).stdout;
    assert!(out.lines().last().is_some_and(|line| line.contains(&best["value"].to_string())), "{out}");
    lab.hypertune("best m.study").exits(0).output_contains("run it again with").output_contains(&argv[1..].join(" "));
}

#[test]
fn the_summary_starts_with_the_keys_of_the_best_trial() {
    let lab = finished();
    let summary = lab.run("-q --format json", "").exits(0).json();
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    for (key, value) in best.as_object().expect("an object") {
        assert_eq!(&summary[key], value, "{key}");
    }
    assert_eq!(summary["jobs"]["succeeded"], 20);
    assert_eq!(summary["resource_spent"], 72);
}

#[test]
fn trials_are_sorted_best_first() {
    let lab = finished();
    let trials = lab.hypertune("trials m.study --format json").exits(0).json();
    let trials = trials.as_array().expect("a list");
    assert_eq!(trials.len(), 15);
    assert_eq!(trials[0]["trial"], lab.hypertune("best m.study --format json").json()["trial"]);
    let table = lab.hypertune("trials m.study").exits(0).stdout;
    assert_eq!(table.lines().count(), 16);
}

#[test]
fn exports_have_a_row_per_job() {
    let lab = finished();
    let jobs = lab.hypertune("export m.study --format jsonl").exits(0).json_lines();
    assert_eq!(jobs.len(), 20);
    assert_eq!(jobs.iter().filter(|j| j["promoted"] == true).count(), 5);
    assert!(jobs.iter().all(|j| j["status"] == "succeeded" && j["exit_code"] == 0 && j["max_rss_bytes"].is_u64()));
    let csv = lab.hypertune("export m.study --format csv").exits(0).stdout;
    let header = "trial,bracket,rung,attempt,resource,status,reason,value,metrics.epochs,metrics.loss,params.lr,promoted,started_at,duration_s,\
                  exit_code,max_rss_bytes,cpu_s,spent,slot";
    assert_eq!(csv.lines().next(), Some(header));
    assert_eq!(csv.lines().count(), 21);
}

#[test]
fn what_jobs_spent_adds_up_to_the_summary() {
    let lab = Lab::new(HYPERBAND);
    let summary = lab.run("-q -j 2 --format json", "fail-promoted=1").exits(0).json();
    let jobs = lab.hypertune("export m.study").exits(0).json_lines();
    assert_eq!(jobs.iter().map(|job| job["spent"].as_f64().expect("a number")).sum::<f64>(), summary["resource_spent"]);
    let slots: std::collections::BTreeSet<_> = jobs.iter().map(|job| job["slot"].as_u64()).collect();
    assert_eq!(slots, [Some(0), Some(1)].into());
}

#[test]
fn curves_are_exported_on_demand_and_need_no_readings_file() {
    let lab = finished();
    let lengths = || -> Vec<(usize, u64)> {
        let jobs = lab.hypertune("export m.study --curves").exits(0).json_lines();
        let length = |job: &serde_json::Value| job["curve"].as_array().expect("a list").len();
        jobs.iter().map(|job| (length(job), job["resource"].as_u64().expect("an amount"))).collect()
    };
    let whole = lengths();
    assert!(whole.iter().all(|(length, epochs)| *length as u64 == *epochs), "a reading per epoch: {whole:?}");
    let without = lab.hypertune("export m.study").exits(0).json_lines();
    assert!(without.iter().all(|job| job.get("curve").is_none()));
    let csv = lab.hypertune("export m.study --format csv --curves").exits(0).stdout;
    assert!(csv.lines().next().is_some_and(|header| header.ends_with(",spent,slot,curve")));

    let readings = lab.path("m.study/readings.jsonl");
    for foreign in ["{\"trial\":0,\"ru", "precious\n", ""] {
        std::fs::write(&readings, foreign).expect("the folder takes files");
        assert_eq!(lengths(), whole, "{foreign}");
    }
    std::fs::remove_file(&readings).expect("it is there");
    assert_eq!(lengths(), whole);
    std::fs::create_dir(&readings).expect("a folder takes folders");
    assert_eq!(lengths(), whole);
    lab.hypertune("export m.study --curves")
        .exits(0)
        .output_contains("note: cannot read")
        .output_contains("it is a directory");
}

#[test]
fn the_best_trial_of_a_study_that_can_be_resumed_is_not_final() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q --max-jobs 4", "").exits(4);
    let best = lab.hypertune("best m.study --format json").exits(0).output_contains("the study has not ended").json();
    assert_eq!((&best["ended"], &best["finished"]["reason"]), (&false.into(), &"limit".into()));
    lab.hypertune("best m.study").exits(0).output_contains("hypertune resume m.study");
    lab.run("-q", "").exits(0);
    assert_eq!(lab.hypertune("best m.study").exits(0).stderr, "");
}

#[test]
fn a_folder_without_a_study_is_a_usage_error() {
    let lab = Lab::new(HYPERBAND);
    for line in ["best .", "trials nowhere", "export .", "resume ."] {
        lab.hypertune(line).exits(2).output_contains("holds no study");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let lab = finished();
    for line in ["export m.study", "trials m.study", "best m.study --format json"] {
        let mut child = lab.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{line}");
    }
}

#[test]
fn a_large_export_ends_silently_when_its_pipe_is_closed() {
    // More than the pipe and all buffers hold.
    let text = "v".repeat(20_000);
    let lab = Lab::new(&format!(
        "kind: random\nnumRuns: 40\nseed: 1\nmetric: {{name: loss, optimization: minimize}}\n\
         params: {{x: {{kind: uniform, value: [0, 1]}}, text: {{kind: choice, value: [{text}]}}}}\n"
    ));
    lab.run("-q", "").exits(0);
    let lines = ["export m.study", "export m.study --format csv", "trials m.study --format json"];
    let plan = format!("plan m.yaml --format json -- echo {}", "x".repeat(100_000));
    for line in lines.into_iter().chain([plan.as_str(), "run --help"]) {
        let mut child = lab.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut first = [0; 10];
        std::io::Read::read_exact(child.stdout.as_mut().expect("a pipe"), &mut first).expect("it prints");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{line}");
    }
}

#[test]
fn a_closed_stdout_does_not_change_the_exit_code_of_a_study() {
    let lab = Lab::new(HYPERBAND);
    for (behaviour, code) in [("exit=1", 3), ("", 0)] {
        let line = format!("run m.yaml -q --study s{code} -- {} {behaviour}", trainer());
        let mut child = lab.command(&line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{behaviour}");
    }
}

#[test]
fn numbers_far_from_one_are_written_with_an_exponent_everywhere() {
    let lab = Lab::new(
        "kind: grid\nmetric: {name: loss, optimization: maximize}\nparams: {x: {kind: choice, value: [1.0e+200, 1.5e-12]}}\n",
    );
    lab.script("train", "#!/bin/sh\necho \"{\\\"loss\\\": ${1#--x=}}\"\n");
    let summary = lab.hypertune("run m.yaml -q -- ./train").exits(0).stdout;
    assert!(summary.starts_with("best: trial 0, loss 1e200\n\n  x  1e200\n"), "{summary}");
    let trials = lab.hypertune("trials m.study").exits(0).stdout;
    assert!(trials.contains("1e200") && trials.contains("1.5e-12") && !trials.contains("000000"), "{trials}");
    let csv = lab.hypertune("export m.study --format csv").exits(0).stdout;
    assert!(csv.contains(",1e200,1e200,") && csv.contains(",1.5e-12,1.5e-12,"), "{csv}");
}
