//! `--patience` and the field `patience`.

use serde_json::json;

use hypertune_test_support::Lab;

const MATRIX: &str = "\
kind: random
numRuns: 150
metric: {name: loss, optimization: minimize}
seed: 5
params:
  lr: {kind: uniform, value: [0, 1]}
";

#[test]
fn the_limit_ends_a_study_and_a_smaller_one_continues_it() {
    let lab = Lab::new(MATRIX);
    lab.hypertune("plan m.yaml --patience 0.5")
        .exits(0)
        .output_contains("an expected gain below 50% of what was gained");
    let plan = lab.hypertune("plan m.yaml --patience 0.5 --format json").exits(0).json();
    assert_eq!(plan["limits"]["patience"], json!(0.5));
    let ended =
        lab.run("-j 1 --patience 0.5", "").exits(4).stderr_contains("stopped by --patience before the plan ended");
    assert!(ended.stderr.contains("continue with a smaller --patience"), "{}", ended.stderr);
    let status = lab.hypertune("status m.study --format json").exits(0).json();
    assert_eq!(status["finished"], json!({"reason": "limit", "limit": "patience"}));
    let jobs = |lab: &Lab| lab.hypertune("export m.study").exits(0).json_lines().len();
    let first = jobs(&lab);
    assert!((10..150).contains(&first), "{first} jobs");
    lab.run("-q -j 1 --patience 0.5", "").exits(4);
    assert_eq!(jobs(&lab), first);
    lab.run("-q -j 1 --patience 0.2", "").exits(4);
    assert!(jobs(&lab) > first);
    lab.run("-q -j 2", "").exits(0);
    assert_eq!(jobs(&lab), 150);
}

#[test]
fn the_matrix_may_have_the_limit_and_the_option_replaces_it() {
    let lab = Lab::new(&format!("{MATRIX}patience: 0.5\n"));
    lab.run("-q -j 1", "").exits(4);
    lab.hypertune("resume m.study -q -j 1").exits(4);
    lab.hypertune("resume m.study -q -j 1 --patience 0.2").exits(4);
    lab.file("m.yaml", MATRIX);
    lab.run("-q -j 2", "").exits(0);
}

#[test]
fn mistakes_are_errors() {
    let lab = Lab::new(&format!("{MATRIX}patience: 1.5\n"));
    lab.hypertune("check m.yaml").exits(2).stderr_contains("`patience` must be above 0 and below 1, found 1.5");
    lab.file("m.yaml", MATRIX);
    for value in ["0", "1", "nan", "x"] {
        lab.run(&format!("--patience {value}"), "").exits(2).stderr_contains("expected a number above 0 and below 1");
    }
    lab.file("m.yaml", MATRIX.replace("metric: {name: loss, optimization: minimize}", "patience: 0.1"));
    lab.hypertune("check m.yaml").exits(0).output_contains("`patience` has no effect");
}
