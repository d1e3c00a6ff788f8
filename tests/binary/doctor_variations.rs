//! The configurations that `doctor` tries, and jobs that fail in it.

use serde_json::Value;

use crate::doctor::{MATRIX, Scene, has};

/// The start of a shell script that has its arguments in variables.
const ARGUMENTS: &str = "#!/bin/sh\nfor a; do case $a in --*) eval \"${a#--}\";; esac; done\n";

/// Models of which each has parameters of its own.
const MODELS: &str = "
kind: random
numRuns: 9
seed: 7
metric: {name: loss, optimization: minimize}
params:
  model: {kind: choice, value: [svm, forest, mlp]}
  C: {kind: uniform, value: [0.1, 1], when: {model: svm}}
  trees: {kind: choice, value: [10, 20, 30], when: {model: forest}}
  width: {kind: choice, value: [16, 32], when: {model: mlp}}
";

/// The checks of a shell script for [`MODELS`] with these lines.
fn models_script(lines: &str) -> Value {
    let scene = Scene::new(MODELS);
    scene.lab.script("t.sh", &format!("{ARGUMENTS}{lines}\n"));
    scene.json("", "./t.sh")
}

#[test]
fn parameters_of_each_model_are_tried() {
    let good = models_script("echo \"loss: 1${trees:-5}${width:-5}${C#0.}\"");
    has(&good, "parameters", "passed", "another value of model, C, trees, width changes the result");
    let json = models_script("echo \"loss: 1${width:-5}${C#0.}\"");
    has(&json, "parameters", "failed", "trees");
}

#[test]
fn a_model_that_always_fails_is_found() {
    for model in ["svm", "forest", "mlp"] {
        let lines = format!(
            "[ $model = {model} ] && echo loading && exit 1\necho \"loss: 1${{trees:-5}}${{width:-5}}${{C#0.}}\""
        );
        let json = models_script(&lines);
        has(&json, "command", "failed", &format!("exit code 1; its parameters: model={model}"));
        assert_eq!(json["checks"][0]["output"][0], "loading");
    }
}

#[test]
fn parameters_tied_by_a_constraint_are_changed_together() {
    let tied = "
kind: random
numRuns: 9
seed: 7
metric: {name: loss, optimization: minimize}
constraints: [\"p == q\"]
params:
  p: {kind: choice, value: [1, 2, 3]}
  q: {kind: choice, value: [1, 2, 3]}
  z: {kind: choice, value: [1, 2, 3]}
";
    let of = |loss: &str| {
        let scene = Scene::new(tied);
        scene.lab.script("t.sh", &format!("{ARGUMENTS}echo \"loss: {loss}\"\n"));
        scene.json("", "./t.sh")
    };
    has(&of("1$p$z"), "parameters", "passed", "another value of p with q, z changes the result");
    has(&of("1$z"), "parameters", "failed", "another value changes nothing: p with q");
}

#[test]
fn a_script_that_removes_the_study_is_named() {
    let scene = Scene::new(MATRIX);
    scene.lab.script("t.sh", "#!/bin/sh\nrm -rf \"$HYPERTUNE_STUDY_DIR\"\necho \"loss: 1\"\n");
    let json = scene.json("", "./t.sh");
    has(&json, "command", "failed", "journal was removed or changed while the job ran");
    has(&json, "metric", "unknown", "no job ran to its end");
}

#[test]
fn a_job_that_does_not_end_is_shown_with_what_it_printed() {
    let scene = Scene::new(MATRIX);
    scene.lab.script("t.sh", "#!/bin/sh\necho loading\nexec sleep 600\n");
    let json = scene.json("--job-timeout 500ms", "./t.sh");
    has(&json, "command", "failed", "did not end within 0.5s; its parameters: x=");
    assert_eq!(json["checks"][0]["output"][0], "loading");
    has(&json, "signals", "unknown", "the first job did not run to its end");
}

#[test]
fn a_metric_of_another_job_than_the_first_is_shown_with_its_names() {
    let scene = Scene::new(MODELS);
    // Whatever model is first, it fails.
    scene
        .lab
        .script("t.sh", &format!("{ARGUMENTS}[ -e seen ] || {{ echo $model > seen; exit 1; }}\necho \"loss: 1\"\n"));
    let json = scene.json("", "./t.sh");
    has(&json, "metric", "passed", "in the jobs that ran to their end, loss is 1, read by the collector `auto`");
    has(&json, "metric", "passed", "numbers: loss");
    has(&json, "command", "failed", "exit code 1");
}
