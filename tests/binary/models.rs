//! Kinds with a model: run, stopped and resumed, and planned.

use serde_json::{Value, json};

use hypertune_test_support::Lab;

const BAYES: &str = "\
kind: bayes
numInitialRuns: 5
maxIterations: 7
utilityFunction: {acquisitionFunction: ei, eps: 0.01, gaussianProcess: {numRestartsOptimizer: 1}}
metric: {name: loss, optimization: minimize}
seed: 5
params:
  lr: {kind: uniform, value: [0, 1]}
  width: {kind: range, value: [0, 3, 1]}
";

fn hyperopt(algorithm: &str) -> String {
    let own = format!("kind: hyperopt\nnumRuns: 6\nmaxIterations: 2\nalgorithm: {algorithm}\n");
    own + BAYES.split_once("0.01, gaussianProcess: {numRestartsOptimizer: 1}}\n").expect("its parts").1
}

/// Trial, parameters and value of every job, in the order of trials.
fn jobs(lab: &Lab, study: &str) -> Vec<Value> {
    let jobs = lab.hypertune(&format!("export {study}")).exits(0).json_lines();
    let mut jobs: Vec<_> = jobs.iter().map(|job| json!([job["trial"], job["params"], job["value"]])).collect();
    jobs.sort_by_key(|job| job[0].as_u64());
    jobs
}

/// Runs the study once without and once with interruptions, and returns the outcome, which must be the same.
fn whole_and_resumed(matrix: &str) -> Vec<Value> {
    let lab = Lab::new(matrix);
    lab.run("-q -j 1 --study whole.study", "").exits(0);
    lab.run("-q -j 1 --max-jobs 3", "").exits(4);
    lab.run("-q -j 1 --max-jobs 8", "").exits(4);
    lab.run("-q -j 1", "").exits(0);
    let whole = jobs(&lab, "whole.study");
    assert_eq!(jobs(&lab, "m.study"), whole);
    assert_eq!(whole.len(), 12);
    whole
}

#[test]
fn bayes_draws_then_suggests_and_can_be_resumed() {
    let bayes = whole_and_resumed(BAYES);
    let random = whole_and_resumed(&hyperopt("rand"));
    assert_eq!(bayes[..5], random[..5]);
    assert!((5..12).all(|i| bayes[i] != random[i]), "{bayes:?}");
}

#[test]
fn every_algorithm_of_hyperopt_can_be_resumed() {
    let [tpe, rand, anneal] = ["tpe", "rand", "anneal"].map(|name| whole_and_resumed(&hyperopt(name)));
    assert!(tpe != rand && rand != anneal && anneal != tpe);
    assert_eq!(tpe[..6], rand[..6]);
}

#[test]
fn several_slots_run_all_trials() {
    let lab = Lab::new(BAYES);
    lab.run("-q -j 4 --max-jobs 7", "").exits(4);
    lab.run("-q -j 4", "").exits(0);
    assert_eq!(jobs(&lab, "m.study").len(), 12);
}

#[test]
fn a_plan_names_the_sampler() {
    let lab = Lab::new(BAYES);
    insta::assert_snapshot!(lab.hypertune("plan m.yaml").exits(0).stdout, @"
    bayes, sampler gp, minimize loss, seed 5

    trials  12
    jobs    12

    parameters
      lr     uniform  0 to 1
      width  range    0, 1, 2

    no command: add it after `--`, as in -- python3 train.py
    ");
    lab.file("h.yaml", hyperopt("anneal"));
    lab.hypertune("plan h.yaml").exits(0).output_contains("hyperopt, sampler anneal, minimize loss, seed 5");
    let json = lab.hypertune("plan h.yaml --format json").exits(0).json();
    assert_eq!((&json["kind"], &json["sampler"], &json["trials"]), (&"hyperopt".into(), &"anneal".into(), &12.into()));
}

/// `bayes` with guesses for both parameters.
fn with_guesses() -> String {
    BAYES
        .replace("value: [0, 1]}", "value: [0, 1], guess: 0.625}")
        .replace("value: [0, 3, 1]}", "value: [0, 3, 1], guess: 2, confidence: high}")
}

#[test]
fn guesses_are_planned_tried_first_and_explained_and_a_resume_is_exact() {
    let guessed = whole_and_resumed(&with_guesses());
    let plain = whole_and_resumed(BAYES);
    assert_eq!(guessed[0][1], json!({"lr": 0.625, "width": 2}));
    assert!(guessed.iter().zip(&plain).any(|(guessed, plain)| guessed != plain));
    let lab = Lab::new(&with_guesses());
    let plan = lab.hypertune("plan m.yaml --format json -- true").exits(0).json();
    assert_eq!(plan["guesses"], "prior");
    assert_eq!(plan["params"]["width"]["guess"], json!({"value": 2, "confidence": "high"}));
    let plan = lab.hypertune("plan m.yaml -- true").exits(0).stdout;
    assert!(plan.contains("guess 0.625 (medium confidence)") && plan.contains("guess 2 (high confidence)"), "{plan}");
    lab.run("-q -j 1", "").exits(0);
    let explained = lab.hypertune("explain m.study 0 --format json").exits(0).json();
    assert_eq!(explained["origin"]["from"], "guess");
    let text = lab.hypertune("explain m.study 0").exits(0).stdout;
    assert!(text.contains("the guesses of the matrix"), "{text}");
    // another guess makes another study of it
    lab.file("m.yaml", with_guesses().replace("0.625", "0.25"));
    lab.run("-q -j 1", "").exits(2).output_contains("matrix.params.lr.guess");
}
