//! Studies with conditions and constraints.

use std::fs;

use hypertune_test_support::{Lab, trainer};
use serde_json::{Value, json};

const RULES: &str = "\
kind: random
numRuns: 24
metric: {name: loss, optimization: minimize}
seed: 5
params:
  lr: {kind: uniform, value: [0, 1]}
  opt: {kind: choice, value: [sgd, adam]}
  momentum: {kind: uniform, value: [0, 1], when: {opt: sgd}}
constraints:
- lr + momentum < 1.2
- lr < 0.9
";

/// Whether `params`, with null for what is not active, follow the rules.
fn is_allowed(params: &Value) -> bool {
    let number = |name: &str| params[name].as_f64();
    let sum = number("lr").zip(number("momentum")).map_or(0.0, |(lr, momentum)| lr + momentum);
    params.as_object().is_some_and(|p| p.len() == 3)
        && (params["opt"] == "sgd") == number("momentum").is_some()
        && number("lr").is_some_and(|lr| lr < 0.9)
        && sum < 1.2
}

#[test]
fn inactive_parameters_are_not_passed_and_are_null_in_exports() {
    let lab = Lab::new(RULES);
    lab.run("-q", "").exits(0);
    let jobs = lab.hypertune("export m.study --format jsonl").exits(0).json_lines();
    assert_eq!(jobs.len(), 24);
    assert!(jobs.iter().all(|job| is_allowed(&job["params"])), "{jobs:?}");
    assert!(jobs.iter().any(|job| job["params"]["momentum"].is_null()));
    let trials = lab.hypertune("trials m.study --format json").exits(0).json();
    assert!(trials.as_array().expect("a list").iter().all(|trial| is_allowed(&trial["params"])));
    let table = lab.hypertune("trials m.study").exits(0).stdout;
    assert!(table.contains('–'), "{table}");
    let csv = lab.hypertune("export m.study --format csv").exits(0).stdout;
    assert!(csv.lines().next().is_some_and(|header| header.contains("params.lr,params.opt,params.momentum")), "{csv}");
    for launch in lab.records("launch") {
        let is_sgd = launch["params"]["opt"] == "sgd";
        assert_eq!(launch["params"].get("momentum").is_some(), is_sgd, "{launch}");
    }
    let plan = lab.hypertune("plan m.yaml").exits(0).stdout;
    assert!(plan.contains("when `opt` is \"sgd\"") && plan.contains("lr + momentum < 1.2"), "{plan}");
}

#[test]
fn exports_are_starting_points_and_warm_starts_again() {
    let lab = Lab::new(RULES);
    lab.run("-q", "").exits(0);
    fs::write(lab.path("all.json"), lab.hypertune("trials m.study --format json").exits(0).stdout).unwrap();
    lab.run("-q --study again.study --enqueue all.json", "").exits(0);
    let stricter = RULES.replace("lr < 0.9", "lr < 0.4").replace("kind: random", "kind: random\nsampler: tpe");
    fs::write(lab.path("strict.yaml"), stricter).unwrap();
    let command = format!("run strict.yaml --study strict.study --warm-start m.study -- {}", trainer());
    lab.hypertune(&command).exits(0).output_contains("the constraint `lr < 0.4` on line 12 is not fulfilled");
    lab.hypertune("run strict.yaml --study other.study --enqueue all.json -- true").exits(2).output_contains("line 12");
}

#[test]
fn changed_rules_are_another_study() {
    let lab = Lab::new(RULES);
    lab.run("-q", "").exits(0);
    for (old, new, field) in [
        ("lr < 0.9", "lr < 0.8", "constraints"),
        ("{opt: sgd}", "{opt: adam}", "params.momentum"),
        ("{opt: sgd}", "{opt: [sgd]}", ""),
    ] {
        fs::write(lab.path("m.yaml"), RULES.replace(old, new)).unwrap();
        let run = lab.run("-q", "");
        if field.is_empty() {
            run.exits(0)
        } else {
            run.exits(2).output_contains(field)
        };
    }
    assert_eq!(json!(lab.records("launch").len()), 24);
}
