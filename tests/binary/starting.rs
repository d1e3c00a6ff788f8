//! Starting points from the matrix and from files, and observations of earlier studies.

use serde_json::{Value, json};

use hypertune_test_support::{Lab, RunOutput};

use crate::HYPERBAND;

/// The configurations of a study's trials, in order.
fn configurations(lab: &Lab, study: &str) -> Vec<Value> {
    let journal = lab.read(&format!("{study}/journal.jsonl"));
    let records = journal.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    records.filter(|record| record["type"] == "launch").filter_map(|r| r.get("params").cloned()).collect()
}

fn with_initial(points: &str) -> Lab {
    Lab::new(&format!("{HYPERBAND}  units: {{kind: range, value: [16, 64, 16]}}\ninitial: {points}\n"))
}

#[test]
fn points_of_the_matrix_come_before_those_of_enqueue() {
    let lab = with_initial("[{lr: 0.5, units: 32.0}, {lr: 0.25}]");
    lab.file("more.jsonl", "{\"units\": 48}\n{\"lr\": 0.125, \"units\": 16}\n").file("rest.yaml", "- lr: 0.0625\n");
    lab.run("-q -j 1 --enqueue more.jsonl --enqueue rest.yaml", "").exits(0);
    let ran = configurations(&lab, "m.study");
    assert_eq!(ran[0], json!({"lr": 0.5, "units": 32}));
    assert_eq!((&ran[1]["lr"], &ran[2]["units"]), (&json!(0.25), &json!(48)));
    assert_eq!(ran[3], json!({"lr": 0.125, "units": 16}));
    assert_eq!(ran[4]["lr"], json!(0.0625));
    let without = with_initial("[]");
    without.run("-q -j 1", "").exits(0);
    let drawn = configurations(&without, "m.study");
    assert_eq!((&ran[1]["units"], &ran[5..]), (&drawn[1]["units"], &drawn[5..]), "what is drawn does not shift");
}

#[test]
fn points_of_a_file_are_part_of_the_study() {
    let lab = Lab::new(HYPERBAND);
    lab.file("points.yaml", "- lr: 0.5\n- lr: 0.25\n");
    lab.run("-q -j 1 --max-jobs 1 --enqueue points.yaml", "").exits(4);
    lab.run("-q", "").exits(2).output_contains("enqueue: started with 2 items, now not given");
    lab.file("points.yaml", "- lr: 0.5\n- lr: 0.3\n");
    let other = r#"enqueue, item 2: started with {"lr":0.25}, now {"lr":0.3}"#;
    lab.run("-q --enqueue points.yaml", "").exits(2).output_contains(other);
    std::fs::remove_file(lab.path("points.yaml")).expect("it was there");
    lab.hypertune("resume m.study -q -j 1").exits(0);
    assert_eq!(configurations(&lab, "m.study")[1], json!({"lr": 0.25}));
}

#[test]
fn a_fixed_parameter_stays_fixed() {
    let lab = with_initial("[{lr: 0.5}]");
    lab.run("-q -j 1 -P lr=0.75 --max-jobs 1", "").exits(4);
    assert_eq!(configurations(&lab, "m.study")[0]["lr"], 0.75);
}

#[test]
fn invalid_points_are_reported_with_their_position() {
    let lab = Lab::new(HYPERBAND);
    lab.file("points.json", "[{\"lr\": 0.5},\n {\"lr\": 2, \"rl\": 1}]");
    let run = || lab.run("--enqueue points.json", "").exits(2);
    run()
        .output_contains("points.json:2:9")
        .output_contains("`lr` cannot be the number 2")
        .output_contains("did you mean `lr`?");
    lab.run("--enqueue nothing.yaml", "").exits(2).output_contains("nothing.yaml").output_contains("cannot be read");
    let in_matrix = with_initial("[{lr: x}]");
    in_matrix.run("", "").exits(2).output_contains("m.yaml:").output_contains("`lr` cannot be the text \"x\"");
    let few = with_initial("[{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]");
    few.hypertune("check m.yaml").exits(0).output_contains("16 starting points for 15 trials");
    assert!(!lab.path("m.study").exists());
}

#[test]
fn a_kind_that_lists_its_configurations_takes_no_points() {
    let grid = "kind: grid\nparams:\n  x: {kind: choice, value: [1, 2]}\n";
    let lab = Lab::new(&format!("{grid}initial: [{{x: 2}}]\n"));
    lab.run("", "").exits(2).output_contains("`grid` lists its configurations and accepts no starting points");
    lab.file("m.yaml", grid).file("points.yaml", "- {x: 2}\n");
    lab.run("--enqueue points.yaml", "")
        .exits(2)
        .output_contains("`grid` lists its configurations and accepts no starting points");
}

/// A finished study in `early.study`, and a matrix of the same problem for more epochs.
fn with_an_earlier_study() -> Lab {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q --study early.study", "").exits(0);
    lab.file("m.yaml", HYPERBAND.replace("maxIterations: 9", "maxIterations: 27\nsampler: tpe"));
    lab
}

fn warm(lab: &Lab, options: &str) -> RunOutput {
    lab.run(&format!("-j 1 --warm-start early.study {options}"), "")
}

#[test]
fn observations_of_an_earlier_study_change_proposals_and_are_kept() {
    let lab = with_an_earlier_study();
    lab.run("-q -j 1 --max-jobs 5 --study cold.study", "").exits(4);
    warm(&lab, "--max-jobs 5").exits(4).output_contains("warm start: 20 jobs from").output_contains("early.study");
    let (cold, first) = (configurations(&lab, "cold.study"), configurations(&lab, "m.study"));
    assert_ne!(cold, first);
    lab.run("-q", "").exits(2).output_contains("warm_start: started with").output_contains("now not given");
    // the observations are in the journal: the earlier study is not needed to resume
    std::fs::rename(lab.path("early.study"), lab.path("gone.study")).expect("it was there");
    warm(&lab, "-q --max-jobs 9").exits(4);
    let ran = configurations(&lab, "m.study");
    assert_eq!(ran[..5], first[..]);
    lab.run("-q -j 1 --max-jobs 9 --study whole.study --warm-start gone.study", "").exits(4);
    assert_eq!(configurations(&lab, "whole.study"), ran);
}

#[test]
fn every_model_starts_near_the_earlier_optimum() {
    // 20 results at the highest rung: with 5, densities are too wide to locate an optimum
    let lab = Lab::new(&HYPERBAND.replace("kind: hyperband", "kind: hyperband\nrounds: 4"));
    lab.run("-q --study early.study", "").exits(0);
    // the minimum of the fake trainer's loss is at 0.3
    let distance = |study: &str| {
        let from_best = |params: &Value| (params["lr"].as_f64().expect("a number") - 0.3).abs();
        configurations(&lab, study).iter().map(from_best).sum::<f64>()
    };
    for kind in ["kind: hyperband\nsampler: tpe", "kind: hyperband\nsampler: gp", "kind: auto"] {
        lab.file("m.yaml", HYPERBAND.replace("kind: hyperband", kind));
        let options = "-q -j 1 --max-jobs 4 --overwrite --study";
        lab.run(&format!("{options} cold.study"), "").exits(4);
        lab.run(&format!("{options} warm.study --warm-start early.study"), "").exits(4);
        let (cold, warm) = (distance("cold.study"), distance("warm.study"));
        assert!(warm < 0.5 * cold, "{kind}: {warm} warm, {cold} cold");
    }
}

#[test]
fn the_same_command_line_continues_a_warm_started_study_of_auto() {
    let lab = with_an_earlier_study();
    lab.file("m.yaml", HYPERBAND.replace("kind: hyperband", "kind: auto\nnumRuns: 12"));
    // earlier studies shorten the first bracket
    lab.run("-q -j 1 --warm-start early.study --study whole.study", "").exits(0);
    warm(&lab, "-q --max-jobs 5").exits(4);
    warm(&lab, "-q").exits(0);
    warm(&lab, "-q").exits(0);
    assert_eq!(configurations(&lab, "m.study"), configurations(&lab, "whole.study"));
}

#[test]
fn an_earlier_study_without_usable_jobs_is_refused_with_the_reason() {
    let lab = with_an_earlier_study();
    let refused = |matrix: &str, words: &str| {
        lab.file("m.yaml", matrix);
        warm(&lab, "").exits(2).output_contains("early.study").output_contains(words);
        assert!(!lab.path("m.study").exists());
    };
    refused(&HYPERBAND.replace("loss", "error"), "has the metric `loss`, but this study has the metric `error`");
    refused(&HYPERBAND.replace("minimize", "maximize"), "optimize it in opposite directions");
    refused(&HYPERBAND.replace("epochs", "steps"), "early.study is `epochs`, but that of this study is `steps`");
    refused(&HYPERBAND.replace("[0, 1]", "[7, 8]"), "20 jobs are outside");
    refused(&HYPERBAND.replace("lr:", "rate:"), "20 jobs are outside");
    lab.file("m.yaml", HYPERBAND);
    lab.run("--warm-start nowhere", "").exits(2).output_contains("nowhere holds no study");
    warm(&lab, "--max-jobs 5").exits(4).output_contains("the sampler `random` does not use them");
}

#[test]
fn what_best_trials_and_export_print_is_enqueued() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q", "").exits(0);
    let best = lab.hypertune("best m.study --format json").exits(0);
    let lr = best.json()["params"]["lr"].clone();
    lab.file("best.json", &best.stdout);
    lab.file("trials.json", &lab.hypertune("trials m.study --format json").exits(0).stdout);
    lab.file("jobs.jsonl", &lab.hypertune("export m.study").exits(0).stdout);
    lab.file("jobs.csv", &lab.hypertune("export m.study --format csv").exits(0).stdout);
    for (file, first) in
        [("best.json", Some(&lr)), ("trials.json", Some(&lr)), ("jobs.jsonl", None), ("jobs.csv", None)]
    {
        let line = format!("run m.yaml -q -j 1 --max-jobs 1 --overwrite --study again --enqueue {file} -- true");
        lab.hypertune(&line).exits(3);
        let first = first.cloned().unwrap_or_else(|| configurations(&lab, "m.study")[0]["lr"].clone());
        assert_eq!(configurations(&lab, "again")[0]["lr"], first, "{file}");
    }
    lab.file("none.jsonl", "");
    lab.hypertune("plan m.yaml --enqueue none.jsonl").exits(2).output_contains("the file has no starting points");
}
