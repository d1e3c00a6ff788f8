//! All parts of the program agree on the best trial and on the resource of a stopped job.

use std::collections::BTreeMap;

use serde_json::Value;

use hypertune_test_support::Lab;

/// Three trials at 9 epochs and more, the best third of them again at 27, ended by `stopping`.
fn lab(stopping: &str) -> Lab {
    Lab::new(&format!(
        "kind: hyperband\nminIterations: 9\nmaxIterations: 27\neta: 3\nseed: 3\n\
         resource: {{name: epochs, type: int}}\nmetric: {{name: loss, optimization: minimize}}\n\
         params:\n  x: {{kind: uniform, value: [0, 2]}}\nearlyStopping: [{stopping}]\n"
    ))
}

/// Ends the jobs with the largest `gain`, which the trainer prints as the negative loss: those that do best.
const AGAINST_THE_BEST: &str = "{metric: gain, optimization: minimize, \
     policy: {kind: median, evaluationInterval: 1, minInterval: 1, minSamples: 1}}";

fn json(lab: &Lab, line: &str) -> Value {
    lab.hypertune(line).json()
}

/// Trials that have a checkpoint with something in it.
fn checkpoints(lab: &Lab) -> Vec<u64> {
    let trials = std::fs::read_dir(lab.study().join("trials")).unwrap().flatten();
    let with = trials.filter(|trial| trial.path().join("checkpoint/state").exists());
    with.map(|trial| trial.file_name().to_string_lossy().parse().unwrap()).collect()
}

fn keeps_the_best(lab: &Lab, options: &str) {
    lab.run(&format!("{options} --grace 30s --keep-checkpoints best"), "pace=10 checkpoint opposite=gain").exits(0);
    assert!(lab.records("end").iter().any(|end| end["status"] == "stopped"), "the rule ended nothing");
    let best = json(lab, "best m.study --format json");
    let trials = json(lab, "trials m.study --format json");
    assert_eq!(trials[0]["trial"], best["trial"]);
    assert_eq!((&trials[0]["value"], &trials[0]["resource"]), (&best["value"], &best["resource"]));
    assert_eq!(checkpoints(lab), [best["trial"].as_u64().unwrap()]);
}

#[test]
fn the_best_trial_keeps_its_checkpoint_if_a_policy_reads_another_metric() {
    keeps_the_best(&lab(AGAINST_THE_BEST), "-j 1");
    keeps_the_best(&lab(AGAINST_THE_BEST), "-j 4");
}

#[test]
fn the_trial_that_ended_the_study_keeps_its_checkpoint_if_it_is_the_best() {
    // a low value at the smallest resource, besides values of trials with more resource
    keeps_the_best(&lab("{metric: gain, optimization: maximize, value: -0.38}"), "-j 2");
    keeps_the_best(&lab("{metric: gain, optimization: maximize, value: -0.25}"), "-j 3");
}

#[test]
fn a_stopped_job_counts_with_its_last_reading() {
    let lab = lab(AGAINST_THE_BEST);
    let summary = lab.run("-j 2 --grace 30s --format json", "pace=10 opposite=gain").exits(0);
    let summary: Value = serde_json::from_str(&summary.stdout).unwrap();
    let ends = lab.records("end");
    let step = |end: &Value| end["curve"].as_array().unwrap().last().unwrap()["step"].as_f64().unwrap();
    assert_eq!(summary["resource_spent"].as_f64().unwrap(), ends.iter().map(step).sum::<f64>());

    // a completed job counts; else the stopped job with the highest step
    let mut reached: BTreeMap<u64, (bool, f64)> = BTreeMap::new();
    for end in &ends {
        let entry = reached.entry(end["trial"].as_u64().unwrap()).or_default();
        let new = (end["status"] == "succeeded", step(end));
        *entry = if *entry > new { *entry } else { new };
    }
    let trials = json(&lab, "trials m.study --format json");
    let trials = trials.as_array().unwrap();
    assert_eq!(trials.len(), reached.len());
    for trial in trials {
        assert_eq!(trial["resource"].as_f64().unwrap(), reached[&trial["trial"].as_u64().unwrap()].1, "{trial}");
    }
    for row in lab.hypertune("export m.study --format jsonl").exits(0).json_lines() {
        let end = ends.iter().find(|end| end["trial"] == row["trial"] && end["rung"] == row["rung"]).unwrap();
        assert_eq!(row["resource"].as_f64().unwrap(), step(end));
    }
}

#[test]
fn a_budget_counts_the_resource_spent() {
    let whole = lab(AGAINST_THE_BEST);
    whole.run("-j 1 --grace 30s", "pace=10 opposite=gain").exits(0);
    let step = |end: &Value| end["curve"].as_array().unwrap().last().unwrap()["step"].as_f64().unwrap();
    let spent: f64 = whole.records("end").iter().map(step).sum();
    let given: f64 = whole.records("launch").iter().map(|launch| launch["resource"].as_f64().unwrap()).sum();
    assert!(spent < given, "nothing was saved");

    let lab = lab(AGAINST_THE_BEST);
    let most = (spent + given) / 2.0;
    lab.run(&format!("-j 1 --grace 30s --max-resource {most}"), "pace=10 opposite=gain").exits(0);
    assert_eq!(lab.records("launch").len(), whole.records("launch").len());
}
