//! How studies end, and with which exit code.

use hypertune_test_support::Lab;

use crate::HYPERBAND;

/// Eight random configurations, one after the other, without a metric.
const RANDOM: &str =
    "kind: random\nnumRuns: 8\nconcurrency: 1\nseed: 5\nparams:\n  lr: {kind: uniform, value: [0, 1]}\n";

fn with_stopping(rules: &str) -> Lab {
    Lab::new(&format!("{HYPERBAND}earlyStopping:\n{rules}"))
}

#[test]
fn the_study_ends_if_the_first_jobs_all_fail_for_one_reason() {
    let lab = Lab::new(HYPERBAND);
    let ended = lab.run("-j 3", "say=no-such-dataset exit=7").exits(3);
    let ended = ended
        .output_contains("the first jobs all failed: exit code 7")
        .output_contains("no-such-dataset")
        .output_contains("--keep-going");
    assert_eq!(ended.stderr.matches("error:").count(), 1, "{}", ended.stderr);
    lab.run("--study k.study --keep-going -q", "say=no-such-dataset exit=7")
        .exits(3)
        .output_contains("15 × exit code 7");
}

#[test]
fn a_command_that_cannot_run_ends_the_study_after_two_jobs() {
    let lab = Lab::new(RANDOM);
    let ended = lab.run("-j 1 --format json", "say=ModuleNotFoundError: exit=1").exits(3);
    assert_eq!(ended.json()["jobs"]["launched"], 2);
    assert_eq!(
        lab.run("--study u.study -j 1 --format json", "say=usage: exit=2").exits(3).json()["jobs"]["launched"],
        2
    );
    assert_eq!(
        lab.run("--study e.study -j 1 --format json", "say=KeyError exit=1").exits(3).json()["jobs"]["launched"],
        5
    );
}

#[test]
fn configurations_without_enough_memory_do_not_end_the_study() {
    let matrix = "kind: grid\nmetric: {name: loss, optimization: minimize}\n\
                  params:\n  x: {kind: linspace, value: [0.05, 0.5, 10]}\n";
    for slots in [1, 2, 4] {
        let lab = Lab::new(matrix);
        let summary = lab.run(&format!("-j {slots} --format json"), "say=MemoryError fail-below=0.48").exits(0).json();
        assert_eq!((&summary["jobs"]["launched"], &summary["jobs"]["failed"]), (&10.into(), &9.into()));
    }
}

#[test]
fn a_running_job_with_a_reading_keeps_the_study_running() {
    let lab = Lab::new(&format!("{RANDOM}metric: {{name: loss, optimization: minimize}}\n"));
    // the fifth failure happens while the sixth job runs, which succeeds
    lab.file(
        "job.sh",
        "case $HYPERTUNE_TRIAL in\n\
         4) sleep 1 ;;\n\
         5) echo '{\"loss\": 2}'; sleep 2; echo '{\"loss\": 1}'; exit 0 ;;\n\
         esac\n\
         echo 'NameError: x' >&2; exit 1\n",
    );
    let ended = lab.hypertune("run m.yaml -q -j 2 --format json -- sh job.sh").exits(0);
    assert_eq!((&ended.json()["trial"], &ended.json()["jobs"]["launched"]), (&5.into(), &8.into()));
}

#[test]
fn with_json_the_reason_and_the_last_lines_go_to_stderr() {
    let lab = Lab::new(HYPERBAND);
    let ended = lab.run("-j 2 -q --format json", "say=no-such-dataset exit=7").exits(3);
    assert!(ended.stderr.contains("no-such-dataset"), "{}", ended.stderr);
    let summary = ended.json();
    assert!(summary["trial"].is_null());
    assert_eq!(summary["finished"]["reason"], "first_failures");
    assert_eq!(summary["failures"][0]["reason"], "exit code 7");
}

#[test]
fn jobs_without_a_value_are_failures_with_their_reason() {
    let lab = Lab::new(HYPERBAND);
    lab.run("--keep-going --study nan.study", "value=NaN").exits(3).output_contains("NaN");
    lab.run("--keep-going --study none.study", "nothing").exits(3).output_contains("loss");
    lab.run("--study how.study", "nothing").exits(3).output_contains("in Python print(json.dumps({\"loss\": …}))");
    lab.run("--keep-going --study other.study", "metric=accuracy").exits(3).output_contains("accuracy");
}

#[test]
fn some_failures_do_not_stop_a_study() {
    let lab = Lab::new(HYPERBAND);
    let ended = lab.run("--keep-going -q --format json", "fail-below=0.3").exits(0).json();
    assert!(ended["jobs"]["failed"].as_u64() > Some(0));
    assert!(ended["params"]["lr"].as_f64() >= Some(0.3));
}

#[test]
fn a_reached_metric_ends_the_study_as_a_success() {
    let lab = with_stopping("  - {metric: loss, value: 0.5, optimization: minimize}\n");
    let summary = lab.run("-q -j 2 --format json", "pace=5").exits(0).json();
    assert_eq!(summary["finished"]["reason"], "metric_reached");
    assert!(summary["value"].as_f64().is_some_and(|v| v <= 0.5), "{summary}");
    assert!(summary["jobs"]["launched"].as_u64() < Some(20));
    lab.run("-q -j 2", "pace=5").exits(0).output_contains("reached loss");
}

#[test]
fn the_job_that_reached_another_metric_is_best_if_its_value_is() {
    let lab = with_stopping("  - {metric: epochs, value: 2, optimization: maximize}\n");
    let summary = lab.run("-q -j 1 --format json", "pace=5").exits(0).json();
    let jobs = lab.hypertune("export m.study").exits(0).json_lines();
    let best = jobs.iter().filter_map(|j| j["value"].as_f64()).fold(f64::INFINITY, f64::min);
    assert_eq!(summary["value"], best);
}

#[test]
fn a_percentage_of_failures_ends_the_study_as_a_failure() {
    let lab = with_stopping("  - {kind: failure_early_stopping, percent: 50}\n");
    let ended = lab.run("--keep-going -j 1", "exit=1").exits(3);
    ended.output_contains("failure early stopping: 5 of 5 jobs failed");
}

#[test]
fn without_a_metric_everything_runs_and_nothing_is_ranked() {
    let lab = Lab::new(RANDOM);
    lab.run("-q", "").exits(0).output_contains("nothing is ranked").output_contains("8 succeeded");
    lab.hypertune("best m.study").exits(3).output_contains("no metric");
    assert_eq!(lab.hypertune("trials m.study --format json").exits(0).json().as_array().map(Vec::len), Some(8));
    lab.run("-q --study ranked.study --metric loss:minimize", "").exits(0).output_contains("best: trial");
}

#[test]
fn limits_stop_the_study_before_the_plan_is_complete() {
    let lab = Lab::new(HYPERBAND);
    let resource = lab.run("-q --study r.study --max-resource 10 --format json", "").exits(4).json();
    assert!(resource["resource_spent"].as_f64() <= Some(10.0), "{resource}");
    lab.run("--study t.study --time-limit 100ms -j 1", "pace=30").exits(4).output_contains("--time-limit");
}

#[test]
fn a_study_that_did_not_start_has_no_folder() {
    let lab = Lab::new(&HYPERBAND.replace("seed: 5\n", ""));
    let early = lab.hypertune("run m.yaml -- no-such-program").exits(2).output_contains("no-such-program");
    assert!(!early.stderr.contains("seed"), "a seed was drawn before: {}", early.stderr);
    lab.hypertune("run m.yaml --study m.yaml -- true")
        .exits(2)
        .output_contains("m.yaml is a file, not a folder")
        .output_contains("--study");
    lab.hypertune("run m.yaml -- ./m.yaml").exits(2).output_contains("not executable");
    lab.hypertune("run m.yaml").exits(2).output_contains("has no command");
    lab.hypertune("run m.yaml -j 0 -- true").exits(2);
    lab.hypertune("run m.yaml --job-timeout soon -- true").exits(2).output_contains("10s, 5m or 1h30m");
    lab.hypertune("run missing.yaml -- true").exits(2).output_contains("missing.yaml");
    lab.hypertune("frobnicate").exits(2);
    assert_eq!(lab.names(), ["m.yaml"]);
}

#[test]
fn the_error_of_a_crash_is_in_its_headline() {
    let lab =
        Lab::new("kind: random\nnumRuns: 9\nseed: 1\nconcurrency: 1\nparams: {x: {kind: uniform, value: [0, 1]}}\n");
    let script =
        "printf 'Traceback (most recent call last):\\n  File \"t.py\", line 1\\nValueError: x is bad\\n' >&2; exit 1";
    lab.file("train.sh", script);
    let ended = lab.hypertune("run m.yaml -- sh train.sh").exits(3);
    let ended = ended.output_contains("× exit code 1: ValueError: x is bad (trial");
    assert!(ended.stderr.contains("failed: exit code 1: ValueError: x is bad, "), "{}", ended.stderr);
    assert!(ended.stderr.contains("the first jobs all failed: exit code 1: ValueError: x is bad"), "{}", ended.stderr);
    let limited = lab.hypertune("run m.yaml --overwrite --max-jobs 2 -- sh train.sh").exits(3);
    assert!(limited.stderr.contains("every job failed: ValueError: x is bad"), "{}", limited.stderr);
    assert!(!limited.stderr.contains("larger limit"), "{}", limited.stderr);
}
