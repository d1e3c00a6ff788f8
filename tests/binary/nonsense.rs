//! Studies that cannot find anything say so.

use hypertune_test_support::Lab;

const RANDOM: &str = "kind: random\nnumRuns: 5\nseed: 5\nmetric: {name: loss, optimization: minimize}\n\
                      params:\n  x: {kind: uniform, value: [0, 1]}\n";

const ASHA: &str = "kind: asha\nnumRuns: 12\nmaxIterations: 9\nseed: 5\nresource: {name: epochs}\n\
                    metric: {name: loss, optimization: minimize}\nparams:\n  x: {kind: uniform, value: [0, 1]}\n";

#[test]
fn parameters_that_do_not_reach_the_program() {
    const NOTE: &str = "the first 3 trials have different parameters and exactly the same value, 0.25";
    let lab = Lab::new(RANDOM);
    let run = lab.run("-j 1", "value=0.25").exits(0);
    assert_eq!(run.stderr.matches(NOTE).count(), 1, "{}", run.stderr);
    // A warning, which -q does not hide.
    assert_eq!(lab.run("-q -j 1 --overwrite", "value=0.25").exits(0).stderr.matches(NOTE).count(), 1);
    assert!(!lab.run("--overwrite", "").exits(0).stderr.contains("exactly the same value"));
    // The same parameters have the same value.
    let lab = Lab::new(&RANDOM.replace("{kind: uniform, value: [0, 1]}", "{kind: choice, value: [1, 2]}"));
    assert!(!lab.run("-j 1", "value=0.25").exits(0).stderr.contains("exactly the same value"));
}

#[test]
fn two_trials_that_differ_in_one_parameter_only() {
    const NOTE: &str = "the first 2 trials have different parameters and exactly the same value, 0.25";
    let grid = |params: &str| {
        Lab::new(&format!("kind: grid\nmetric: {{name: loss, optimization: minimize}}\nparams:\n  {params}\n"))
    };
    let boolean = grid("amp: {kind: choice, value: [true, false]}");
    assert_eq!(boolean.run("-j 1", "value=0.25").exits(0).stderr.matches(NOTE).count(), 1);
    let different = grid("x: {kind: choice, value: [1, 2]}").run("-j 1", "").exits(0);
    assert!(!different.stderr.contains("exactly the same value"), "{}", different.stderr);
    let three = grid("x: {kind: choice, value: [1, 2, 3]}").run("-j 1", "value=0.25").exits(0);
    assert!(!three.stderr.contains(NOTE) && three.stderr.contains("the first 3 trials"), "{}", three.stderr);
}

#[test]
fn a_resource_that_changes_nothing() {
    const NOTE: &str = "the last 3 promoted jobs did as much as the jobs before them, although they had more epochs";
    let lab = Lab::new(ASHA);
    lab.file("t.sh", "sleep 0.2; echo \"{\\\"epochs\\\": 5, \\\"loss\\\": ${1#--x=}}\"\n");
    let run = lab.hypertune("run m.yaml -j 2 -- sh t.sh").exits(0);
    assert_eq!(run.stderr.matches(NOTE).count(), 1, "{}", run.stderr);
    assert!(!lab.run("--overwrite", "").exits(0).stderr.contains("the resource may"));
    let continued = ASHA.replace("seed: 5", "seed: 5\nresume: true");
    assert!(!Lab::new(&continued).run("", "checkpoint").exits(0).stderr.contains("the resource may"));
}

#[test]
fn a_matrix_without_a_metric() {
    let lab = Lab::new("kind: grid\nparams:\n  x: {kind: choice, value: [1, 2]}\n");
    for line in ["check m.yaml -- echo", "plan m.yaml -- echo"] {
        lab.hypertune(line).exits(0).output_contains("there is no metric, so the trials will not be ranked");
    }
    let json = lab.hypertune("check m.yaml --format json -- echo").exits(0).json();
    assert_eq!(json["diagnostics"][0]["severity"], "warning");
    let named = lab.hypertune("check m.yaml --metric loss:minimize -- echo").exits(0);
    assert!(!named.stderr.contains("there is no metric"), "{}", named.stderr);
}

#[test]
fn a_grid_that_is_cut_off_before_a_parameter_varies() {
    let grid = |runs: u32| {
        format!(
            "kind: grid\nnumRuns: {runs}\nmetric: {{name: loss, optimization: minimize}}\nparams:\n  \
             a: {{kind: choice, value: [1, 2]}}\n  one: {{kind: choice, value: [7]}}\n  b: {{kind: choice, value: [1, 2, 3, 4]}}\n"
        )
    };
    let lab = Lab::new(&grid(4));
    let check = lab.hypertune("check m.yaml -- echo").exits(0);
    let check = check.output_contains("`a` has only its first value in the 4 trials of `numRuns`");
    assert_eq!(check.stderr.matches("has only its first value").count(), 1, "{}", check.stderr);
    lab.file("m.yaml", grid(5));
    assert!(!lab.hypertune("check m.yaml -- echo").exits(0).stderr.contains("has only its first value"));
}

#[test]
fn options_without_effect() {
    let lab = Lab::new(RANDOM);
    let mut run = lab.run("--gpus none --gpus-per-job 2 --jobs-per-gpu 3 --finish-running --rerun failed", "").exits(0);
    for option in ["--gpus-per-job", "--jobs-per-gpu", "--finish-running", "--rerun"] {
        run = run.output_contains(&format!("{option} has no effect: "));
    }
    let run = lab.run("--overwrite --finish-running --time-limit 1h", "").exits(0);
    assert!(!run.stderr.contains("no effect"), "{}", run.stderr);
}
