//! The structure of a file.

use std::time::Duration;

use super::*;

const PARAMS: &str = "params: {lr: {kind: uniform, value: [0, 1]}}";

#[test]
fn a_matrix_may_be_the_root_or_in_an_operation() {
    let bare = "kind: random\nnumRuns: 3\n".to_owned() + PARAMS;
    let wrapped = format!("matrix:\n  kind: random\n  num_runs: 3\n  {PARAMS}\n");
    let crlf = wrapped.replace('\n', "\r\n");
    let marked = format!("\u{feff}--- # one\n{bare}\n");
    let json =
        r#"{"matrix": {"kind": "random", "numRuns": 3, "params": {"lr": {"kind": "uniform", "value": [0, 1]}}}}"#;
    for text in [bare, wrapped, crlf, marked, json.to_owned()] {
        let study = load_text(&text, &Overrides::default()).unwrap_or_else(|report| panic!("{text}\n{report}"));
        assert_eq!((study.experiment.method.kind, study.experiment.plan().jobs()), ("random", 3));
        assert!(study.experiment.metric.is_none() && study.renderer.is_none() && study.warnings.is_empty());
    }
}

#[test]
fn snake_case_and_camel_case_are_the_same_field() {
    let text = format!(
        "kind: halving\nmin_iterations: 2\nmaxIterations: 10\neta: 2\nresource: {{name: e}}\nmetric: {{name: l, optimization: maximize}}\nresume: true\nseed: 0\n{PARAMS}"
    );
    let study = load_text(&text, &Overrides::default()).unwrap();
    let rungs: Vec<_> =
        study.experiment.plan().brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect();
    assert_eq!(rungs, [(8, 2.0), (4, 4.0), (2, 8.0), (1, 10.0)]);
    assert_eq!(study.seed, Some(0));
    assert_eq!(study.experiment.promoted, crate::types::allocation::PromotedStart::FromCheckpoint);
}

#[test]
fn a_mapping_lists_its_configurations() {
    let text = "matrix: {kind: mapping, values: [{a: 1, b: x}, {a: 2, b: y}]}\n";
    assert_eq!(load_text(text, &Overrides::default()).unwrap().experiment.plan().jobs(), 2);
    insta::assert_snapshot!(errors_of("kind: mapping\nvalues: [{a: 1}, 3]\nparams: {a: {kind: choice, value: [1]}}\n"), @"
    2:18 each of `values` must be a mapping of names to values, found the number 3
    3:1 unknown field `params` in the matrix (expected one of `kind`, `metric`, `seed`, `concurrency`, `launcher`, `earlyStopping`, `patience`, `argStyle`, `arguments`, `workdir`, `configTemplate`, `sampler`, `values`)
    ");
}

#[test]
fn an_operation_sets_retries_and_the_job_timeout() {
    let text = format!(
        "version: 1.1\nkind: operation\nname: try\ntermination: {{maxRetries: 2, timeout: 90, ttl: 5}}\nqueue: a/b\nmatrix:\n  kind: random\n  numRuns: 1\n  {PARAMS}\n"
    );
    let study = load_text(&text, &Overrides::default()).unwrap();
    assert_eq!((study.name.as_deref(), study.experiment.retries.max), (Some("try"), 2));
    assert_eq!(study.experiment.job_timeout, Some(Duration::from_secs(90)));
    insta::assert_snapshot!(warnings(&study), @"
    warning: ignored fields `ttl`, `queue`; they apply only on a cluster
     --> matrix.yaml:4:43
      |
    4 | termination: {maxRetries: 2, timeout: 90, ttl: 5}
      |                                           ^^^
    ");
}

#[test]
fn files_without_a_matrix_are_errors() {
    let errors: Vec<String> = [
        "3",
        "- kind: random",
        "kind: operation\nversion: 1.1\n",
        "kind: hyperbnad\nparams: {}\n",
        "kind: hyperbnad\nmaxIterations: 3\n",
        "matrix: 3\n",
        "matrix:\n  kind: random\nmatrics: 3\n",
        "{}",
        "kind: grid\nparams: {lr: {kind: uniform, value: [0, 1]}}\n",
        "kind: random\nnumRuns: 20000000\nparams: {lr: {kind: uniform, value: [0, 1]}}\n",
        "kind: random\nnumRuns: 2\nresource: {name: x}\nparams:\n",
    ]
    .iter()
    .map(|text| errors_of(text))
    .collect();
    insta::assert_snapshot!(errors.join("\n--\n"), @"
    1:1 the file must be a mapping, found the number 3
    --
    1:1 the file must be a mapping, found a list of 1
    --
    1:1 missing field `matrix` in the file (a file contains `matrix:`, or is a matrix that starts with `kind: hyperband`)
    --
    1:1 missing field `metric` in the matrix
    1:1 missing field `resource` in the matrix
    1:1 missing field `maxIterations` in the matrix
    1:7 unknown matrix kind `hyperbnad` (did you mean `hyperband`?)
    2:1 `params` is empty; at least one parameter is required
    --
    1:1 missing field `params` in the matrix
    1:1 missing field `metric` in the matrix
    1:1 missing field `resource` in the matrix
    1:7 unknown matrix kind `hyperbnad` (did you mean `hyperband`?)
    --
    1:1 the matrix must be a mapping, found the number 3
    --
    1:1 missing field `params` in the matrix
    1:1 missing field `numRuns` in the matrix
    3:1 unknown field `matrics` in the file (did you mean `matrix`?)
    --
    1:1 missing field `matrix` in the file (a file contains `matrix:`, or is a matrix that starts with `kind: hyperband`)
    --
    2:10 a grid needs parameters with a finite number of values; `uniform` is continuous (use choice, range, linspace, logspace, geomspace or quniform, or `kind: random`)
    --
    1:7 the plan has 20000000 jobs, at most 10000000 are allowed
    --
    1:1 missing field `params` in the matrix
    3:1 unknown field `resource` in the matrix (expected one of `kind`, `params`, `metric`, `seed`, `concurrency`, `launcher`, `earlyStopping`, `patience`, `argStyle`, `arguments`, `workdir`, `configTemplate`, `constraints`, `tuner`, `initial`, `sampler`, `numRuns`)
    ");
}

#[test]
fn early_stopping_of_every_kind() {
    let text = hyperband("  lr: {kind: uniform, value: [0, 1]}\n")
        + "earlyStopping:
- {kind: metric_early_stopping, metric: acc, value: 0.9, optimization: maximize}
- {kind: failure_early_stopping, percent: 30}
- {kind: failure_early_stopping, percent: 0.5}
- metric: loss
  optimization: minimize
  policy: {kind: median, evaluationInterval: 2, min_interval: 4, minSamples: 5}
- metric: loss
  optimization: minimize
  policy: {kind: diff, percent: 10}
- metric: loss
  optimization: minimize
  policy: {kind: truncation, percent: 20, evaluationInterval: 3, includeSucceeded: true}
";
    let stopping = load_text(&text, &Overrides::default()).unwrap().experiment.stopping;
    assert_eq!(stopping.failure_share, Some(0.3));
    let rules: Vec<String> = stopping.policies.iter().map(|p| format!("{:?} {:?}", p.rule, p.interval)).collect();
    insta::assert_snapshot!(rules.join("\n"), @"
    Median { min_samples: 5 } Interval { every: 2, from: 4 }
    Diff { percent: 10.0 } Interval { every: 1, from: 1 }
    Truncation { percent: 20.0, include_succeeded: true } Interval { every: 3, from: 1 }
    ");
    let invalid = hyperband("  lr: {kind: uniform, value: [0, 1]}\n")
        + "earlyStopping:
- {kind: metric_stopping, metric: acc}
- {metric: acc, value: high, optimization: maximize, patience: 3}
- {percent: 3}
- {metric: loss, optimization: minimize, policy: {kind: mean, percent: 3}}
- {metric: loss, optimization: minimize, policy: {kind: diff, percent: 300, evaluationInterval: 0}}
- 3
";
    insta::assert_snapshot!(errors_of(&invalid), @r#"
    8:10 invalid value `metric_stopping` for `kind` (did you mean `metric_early_stopping`?)
    9:24 `value` must be a number, found the text "high"
    9:54 unknown field `patience` in an early-stopping rule (expected one of `kind`, `metric`, `optimization`, `policy`, `value`)
    10:3 missing field `kind` or `metric` in an early-stopping rule (`kind` is metric_early_stopping or failure_early_stopping)
    11:57 invalid value `mean` for `kind` (did you mean `median`?)
    12:72 `percent` must be above 0 and at most 100, found 300
    12:97 `evaluationInterval` must be 1 or more
    13:3 an early-stopping rule must be a mapping, found the number 3
    "#);
}

#[test]
fn starting_points_must_be_in_the_space() {
    let params = "  lr: {kind: uniform, value: [0, 1]}\n  act: {kind: choice, value: [relu, tanh]}\n";
    let study =
        load_text(&(hyperband(params) + "initial:\n- {lr: 0.5, act: tanh}\n- {act: relu}\n"), &Overrides::default());
    let initial = study.unwrap().experiment.initial;
    assert_eq!(initial.iter().map(|point| point.len()).collect::<Vec<_>>(), [2, 1]);
    let errors = errors_of(&(hyperband(params) + "initial:\n- {lr: 5, akt: relu}\n- 3\n"));
    insta::assert_snapshot!(errors, @"
    9:8 `lr` cannot be the number 5 (expected 0 to 1)
    9:11 unknown parameter `akt` (did you mean `act`?)
    10:3 a starting point must be a mapping of names, found the number 3
    ");
}

#[test]
fn a_tuner_is_a_command_or_a_reference() {
    let params = "  lr: {kind: uniform, value: [0, 1]}\n";
    let tuner = |text: &str| load_text(&(hyperband(params) + text), &Overrides::default());
    let spec = tuner("tuner: {command: python3 tuner.py, params: {a: {value: 3}, b: 4}}\n").unwrap().tuner.unwrap();
    assert_eq!(serde_json::to_string(&spec.params).unwrap(), r#"{"a":3,"b":4}"#);
    assert_eq!(
        spec.source,
        crate::matrix::sections::tuner::TunerSource::Command(vec!["python3".into(), "tuner.py".into()])
    );
    assert!(tuner("tuner: {hubRef: 'acme/t:1'}\n").unwrap().tuner.is_some());
    let patient = tuner("tuner: {command: t, timeout: 2.5}\n").unwrap().tuner.unwrap();
    assert_eq!((spec.timeout.as_secs(), patient.timeout.as_millis()), (60, 2500));
    let errors_in_tuner = |text: &str| summary(&tuner(text).unwrap_err());
    insta::assert_snapshot!(errors_in_tuner("tuner: {params: {}}\n"), @"7:1 the tuner needs either `command` or `hubRef`");
    insta::assert_snapshot!(errors_in_tuner("tuner: {command: t, timeout: 0}\n"), @"7:30 `timeout` must be a number of seconds above 0, found 0");
    insta::assert_snapshot!(errors_in_tuner("tuner: {hubRef: ../t}\n"), @"7:17 invalid tuner reference `../t` (expected org/name:version, the executable org/name in a folder of tuners)");
    let grid = "kind: grid\ntuner: {command: t}\nparams: {x: {kind: choice, value: [1, 2]}}\n";
    insta::assert_snapshot!(errors_of(grid), @"2:1 `grid` lists its configurations and accepts no tuner");
}

#[test]
fn duplicate_keys_are_errors_in_values_too() {
    let params = "  opt: {kind: choice, value: [{name: adam, name: sgd}]}\n  opt: {kind: choice, value: [1]}\n";
    insta::assert_snapshot!(errors_of(&(hyperband(params) + "eta: 3\neta: 3\n")), @"
    6:44 duplicate field `name`; first given on line 6
    7:3 duplicate field `opt`; first given on line 6
    9:1 duplicate field `eta`; first given on line 8
    ");
}

#[test]
fn a_kind_that_lists_its_configurations_accepts_no_sampler() {
    let grid = "kind: grid\nsampler: random\nparams: {x: {kind: choice, value: [1, 2]}}\n";
    insta::assert_snapshot!(errors_of(grid), @"2:10 `grid` lists its configurations and accepts no sampler");
    let overrides = Overrides { sampler: Some("random".into()), ..Overrides::default() };
    insta::assert_snapshot!(summary(&load_text("kind: mapping\nvalues: [{a: 1}]\n", &overrides).unwrap_err()), @"1:11 `mapping` lists its configurations and accepts no sampler");
}
