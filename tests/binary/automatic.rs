//! `kind: auto` with and without a resource, and `sampler: auto`.

use serde_json::{Value, json};

use hypertune_test_support::{Lab, trainer};

const FULL: &str = "\
kind: auto
numRuns: 12
metric: {name: loss, optimization: minimize}
seed: 5
params:
  lr: {kind: uniform, value: [0, 1]}
  opt: {kind: choice, value: [sgd, adam]}
";

/// The parameters of every job, in the order of trials.
fn params(lab: &Lab, study: &str) -> Vec<Value> {
    let mut jobs = lab.hypertune(&format!("export {study}")).exits(0).json_lines();
    jobs.sort_by_key(|job| job["trial"].as_u64());
    jobs.iter().map(|job| job["params"].clone()).collect()
}

fn header(lab: &Lab) -> Value {
    let journal = lab.read("m.study/journal.jsonl");
    serde_json::from_str(journal.lines().next().expect("a header")).expect("JSON")
}

#[test]
fn without_a_resource_auto_trains_in_full_and_resumes() {
    let lab = Lab::new(FULL);
    let reason = "sampler             gp, because it learns 2 parameters (1 with categories) from the fewest jobs (12 jobs); \
                  the first 5 trials are random draws";
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plan = lab.hypertune("plan m.yaml -j 1 -- true").exits(0).stdout;
    assert!(words(&plan).contains(&words(reason)), "{plan}");
    let plan = lab.hypertune("plan m.yaml -j 1 --format json -- true").exits(0).json();
    assert_eq!((&plan["sampler"], &plan["trials"], &plan["jobs"]), (&json!("gp"), &json!(12), &json!(12)));
    assert!(plan["sampler_reason"].as_str().is_some_and(|reason| reason.starts_with("it learns 2 parameters")));
    lab.run("-q -j 1 --study whole.study", "").exits(0);
    lab.run("-j 1 --max-jobs 7", "").exits(4).stderr_contains("note: sampler gp, because it learns 2 parameters");
    lab.run("-q -j 1", "").exits(0);
    assert_eq!(params(&lab, "m.study"), params(&lab, "whole.study"));
    for view in
        ["best m.study", "status m.study", "importance m.study", "explain m.study 3", "report m.study --output r.html"]
    {
        lab.hypertune(view).exits(0);
    }
    lab.hypertune("export m.study --format csv").exits(0);
    let drawn = FULL.replace("kind: auto", "kind: random");
    lab.file("drawn.yaml", drawn);
    lab.hypertune(&format!("run drawn.yaml -q -j 1 -- {}", trainer())).exits(0);
    let (drawn, chosen) = (params(&lab, "drawn.study"), params(&lab, "m.study"));
    assert_eq!(drawn[..5], chosen[..5]);
    assert_ne!(drawn[5..], chosen[5..]);
}

#[test]
fn a_resource_and_its_amount_belong_together() {
    let lab = Lab::new(&FULL.replace("numRuns: 12", "maxIterations: 9"));
    lab.hypertune("check m.yaml").exits(2).stderr_contains("`maxIterations` needs a `resource`");
    lab.file("m.yaml", FULL.replace("numRuns: 12", "resource: {name: epochs}"));
    lab.hypertune("check m.yaml")
        .exits(2)
        .stderr_contains("missing field `maxIterations`, because there is a `resource`");
    lab.file("m.yaml", FULL.replace("numRuns: 12", "resume: true"));
    lab.hypertune("check m.yaml").exits(0).output_contains("`resume` has no effect");
    lab.hypertune("plan m.yaml").exits(0).output_contains("endless");
}

#[test]
fn the_choice_of_a_sampler_is_kept_with_other_slots() {
    let lab = Lab::new(&FULL.replace("kind: auto", "kind: random\nsampler: auto"));
    lab.run("-j 12 --max-jobs 3", "")
        .exits(4)
        .stderr_contains("note: sampler random, because all 12 trials start at once");
    assert_eq!(header(&lab)["sampler_choice"]["sampler"], "random");
    lab.run("-q -j 1 --max-jobs 8", "").exits(4);
    lab.hypertune("resume m.study -q -j 1").exits(0);
    lab.file("drawn.yaml", FULL.replace("kind: auto", "kind: random"));
    lab.hypertune(&format!("run drawn.yaml -q -j 1 -- {}", trainer())).exits(0);
    assert_eq!(params(&lab, "m.study"), params(&lab, "drawn.study"));
    lab.run("-q -j 1 --overwrite", "").exits(0);
    assert_eq!(header(&lab)["sampler_choice"]["sampler"], "gp");
}

#[test]
fn every_combination_of_a_small_space_runs_once() {
    let lab = Lab::new(&FULL.replace("{kind: uniform, value: [0, 1]}", "{kind: range, value: [0, 4, 1]}"));
    let plan = lab.hypertune("plan m.yaml --format json -- true").exits(0).json();
    assert_eq!((&plan["trials"], &plan["sampler"]), (&json!(8), &json!("random")));
    lab.run("-q -j 2", "").exits(0);
    let mut run: Vec<String> = params(&lab, "m.study").iter().map(Value::to_string).collect();
    run.sort();
    run.dedup();
    assert_eq!(run.len(), 8);
}

#[test]
fn plan_says_what_auto_will_do_with_a_resource() {
    let matrix = FULL.replace("numRuns: 12", "numRuns: 30\nmaxIterations: 9\nresource: {name: epochs}");
    let lab = Lab::new(&matrix);
    let plan = lab.hypertune("plan m.yaml --format json -- true").exits(0).json();
    let steps: Vec<&str> = plan["steps"].as_array().expect("steps").iter().filter_map(Value::as_str).collect();
    assert!(steps[0].starts_with("first ") && steps[0].ends_with(" full trainings"), "{steps:?}");
    assert!(steps[1].contains("the model of the sampler gp") && steps[2].contains("starts over"), "{steps:?}");
    lab.hypertune("plan m.yaml -- true").exits(0).output_contains(steps[2]);
    lab.file("m.yaml", matrix + "resume: true\n");
    lab.hypertune("plan m.yaml -- true").exits(0).output_contains("continues its checkpoint");
}
