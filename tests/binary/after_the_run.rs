//! What `best`, `trials` and `--fail-if` do with a finished study.

use hypertune_test_support::{Lab, RunOutput};
use serde_json::json;

/// Six trials whose accuracy grows with the loss; `epoch_loss` is printed in the first of two readings only.
fn finished() -> Lab {
    let lab = Lab::new(
        "kind: grid\nmetric: {name: loss, optimization: minimize}\nparams:\n  x: {kind: choice, value: [1, 2, 3]}\n  \
         opt: {kind: choice, value: [sgd, adam]}\n",
    );
    lab.script(
        "train",
        "#!/bin/sh\nx=${1#--x=}\n[ \"$x$2\" = 2--opt=sgd ] && { echo broken >&2; exit 7; }\n\
         echo \"{\\\"loss\\\": 9, \\\"epoch_loss\\\": 0.$x}\"\necho \"{\\\"loss\\\": $x, \\\"val\\\": {\\\"acc\\\": 0.$x}}\"\n",
    );
    lab.hypertune("run m.yaml -q -j 1 -- ./train").exits(0);
    lab
}

fn words(lab: &Lab, words: &[&str]) -> RunOutput {
    RunOutput::of(lab.command("").args(words))
}

#[test]
fn a_finished_study_is_ranked_by_any_metric_it_recorded() {
    let lab = finished();
    let best = lab.hypertune("best m.study --metric val.acc:maximize --format json").exits(0).json();
    assert_eq!((&best["metric"], &best["value"], &best["params"]["x"]), (&json!("val.acc"), &json!(0.3), &json!(3)));
    let earlier = lab.hypertune("best m.study --metric epoch_loss:maximize --format json").exits(0).json();
    assert_eq!(earlier["value"], 0.3);
    let own = lab.hypertune("best m.study --metric loss --format json").exits(0).json();
    assert_eq!(own, lab.hypertune("best m.study --format json").exits(0).json());
    let trials = lab.hypertune("trials m.study --metric val.acc:maximize").exits(0).stdout;
    assert_eq!(trials.lines().nth(1).map(|row| row.contains("0.3")), Some(true), "{trials}");
    lab.hypertune("best m.study --metric val.acc")
        .exits(2)
        .output_contains("write --metric val.acc:minimize or --metric val.acc:maximize");
    lab.hypertune("best m.study --metric los:minimize").exits(2).output_contains("did you mean `loss`?");
}

#[test]
fn the_direction_of_a_metric_in_early_stopping_is_known() {
    let lab = Lab::new(
        "kind: grid\nmetric: {name: loss, optimization: minimize}\nparams: {x: {kind: choice, value: [1, 2]}}\n\
         earlyStopping: [{kind: metric_early_stopping, metric: acc, value: 9, optimization: maximize}]\n",
    );
    lab.script("train", "#!/bin/sh\necho \"{\\\"loss\\\": ${1#--x=}, \\\"acc\\\": ${1#--x=}}\"\n");
    lab.hypertune("run m.yaml -q -- ./train").exits(0);
    assert_eq!(lab.hypertune("best m.study --metric acc --format json").exits(0).json()["value"], 2.0);
}

#[test]
fn a_study_whose_metric_was_misspelt_is_ranked_by_the_one_that_is_there() {
    let lab = Lab::new(
        "kind: grid\nmetric: {name: lossy, optimization: minimize}\nparams: {x: {kind: choice, value: [2, 1]}}\n",
    );
    lab.script("train", "#!/bin/sh\necho \"{\\\"loss\\\": ${1#--x=}}\"\n");
    lab.hypertune("run m.yaml -q -- ./train").exits(3);
    assert_eq!(lab.hypertune("best m.study --metric loss:minimize --format json").exits(0).json()["value"], 1.0);
}

#[test]
fn trials_have_chosen_columns_order_and_number() {
    let lab = finished();
    let table = words(
        &lab,
        &["trials", "m.study", "--columns", "trial,opt,metrics.val.acc,loss", "--sort", "val.acc:desc", "--top", "3"],
    );
    let table = table.exits(0).stdout;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0], ["trial", "opt", "metrics.val.acc", "loss"]);
    assert_eq!([&rows[1][2..], &rows[3][2..]], [["0.3", "3"], ["0.2", "2"]]);
    let chosen = lab.hypertune("trials m.study --columns trial,params.x --sort trial --top 1 --format json").exits(0);
    assert_eq!(chosen.json(), json!([{"trial": 0, "params.x": 1}]));
    lab.hypertune("trials m.study --columns nothing").exits(2).output_contains("params.x, params.opt, metrics.loss");
    let all = lab.hypertune("trials m.study --format json").exits(0).json();
    let failed =
        all.as_array().and_then(|all| all.iter().find(|trial| trial["status"] == "failed")).expect("a failed trial");
    assert_eq!(failed["reason"], "exit code 7");
    assert!(failed["duration_s"].as_f64().is_some_and(|seconds| seconds > 0.0));
    let usual = lab.hypertune("trials m.study").exits(0).stdout;
    assert!(usual.lines().last().is_some_and(|row| row.ends_with("exit code 7")), "{usual}");
}

#[test]
fn conditions_make_the_exit_code_three_and_name_the_value() {
    let lab = finished();
    let best = |conditions: &[&str]| {
        let conditions = conditions.iter().flat_map(|condition| ["--fail-if", condition]);
        words(&lab, &["best", "m.study"].into_iter().chain(conditions).collect::<Vec<_>>())
    };
    assert_eq!(best(&["loss > 1", "val.acc < 0.1", "failed > 1"]).exits(0).stderr, "");
    let failing = best(&["loss > 5", "loss >= 1", "failed != 0"]).exits(3);
    assert!(failing.stdout.starts_with("best: trial 0"), "the result is printed as well: {}", failing.stdout);
    assert_eq!(
        failing.stderr,
        "error: --fail-if: loss is 1, so `loss >= 1` holds\n  --fail-if: failed is 1, so `failed != 0` holds\n"
    );
    best(&["nothing < 1"]).exits(3).stderr_contains("the best trial has no nothing");
    best(&["Loss < 1"]).exits(3).stderr_contains("did you mean `loss`?");
    best(&["loss = 1"]).exits(2).stderr_contains("as in 'loss > 0.3'");
    words(&lab, &["run", "m.yaml", "-q", "--fail-if", "loss>0.5", "--", "./train"])
        .exits(3)
        .stderr_contains("loss is 1");
    words(&lab, &["resume", "m.study", "-q", "--fail-if", "loss>0.5"]).exits(3).stderr_contains("loss is 1");
    words(&lab, &["run", "m.yaml", "-q", "--fail-if", "loss>2", "--", "./train"]).exits(0);
}
