//! `explain` and `diff`.

use hypertune_test_support::Lab;
use serde_json::Value;

use crate::HYPERBAND;

fn explain(lab: &Lab, trial: u64) -> Value {
    lab.hypertune(&format!("explain m.study {trial} --format json")).exits(0).json()
}

#[test]
fn promotions_and_their_cut_off_follow_from_the_values() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q -j 2", "").exits(0);
    let promoted: Vec<u64> = lab.records("promoted").iter().filter_map(|record| record["trial"].as_u64()).collect();
    for trial in 0..9 {
        let first = &explain(&lab, trial)["rungs"][0];
        let decision = if promoted.contains(&trial) { "promoted" } else { "dropped" };
        assert_eq!(
            (&first["decision"], &first["ranked"], &first["promoted"]),
            (&decision.into(), &9.into(), &3.into())
        );
        assert_eq!(first["rank"].as_u64() <= Some(3), decision == "promoted", "{first}");
        assert!(first["cutoff"]["value"].is_f64() && (first["better"].is_null() == (first["rank"] == 1)), "{first}");
    }
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    let winner = explain(&lab, best["trial"].as_u64().expect("a number"));
    let rungs = winner["rungs"].as_array().expect("an array");
    assert_eq!(rungs.last().map(|rung| &rung["decision"]), Some(&"complete".into()));
    assert_eq!(winner["jobs"].as_array().map(Vec::len), Some(rungs.len()));
    assert_eq!(winner["jobs"][rungs.len() - 1]["command"], best["command"]);
    assert_eq!(winner["origin"]["from"], "random");
    assert!(winner["stdout_tail"].as_array().is_some_and(|lines| !lines.is_empty()));
    let text = lab.hypertune("explain m.study 0").exits(0).stdout;
    assert!(text.contains("drawn at random") && text.contains("rung 0") && text.contains("cut-off"), "{text}");
    lab.hypertune("explain m.study 99").exits(2).stderr_contains("its trials have the numbers 0 to 14");
}

#[test]
fn the_origin_of_parameters_is_recorded() {
    let lab = Lab::new(
        "kind: random\nnumRuns: 12\nseed: 7\nsampler: tpe\ninitial: [{x: 0.5, y: 0.5}, {x: 0.25}]\n\
         metric: {name: loss, optimization: minimize}\n\
         params:\n  x: {kind: uniform, value: [0, 1]}\n  y: {kind: uniform, value: [0, 1]}\n",
    );
    lab.run("-q -j 1", "").exits(0);
    let origin = |trial| explain(&lab, trial)["origin"].clone();
    assert_eq!((&origin(0)["from"], &origin(1)["from"]), (&"starting_point".into(), &"partial_starting_point".into()));
    assert_eq!(origin(2)["from"], "random");
    let models: Vec<Value> = (3..12).map(origin).filter(|origin| origin["from"] == "model").collect();
    assert!(models.iter().any(|origin| origin["sampler"] == "tpe" && origin["acquisition"].is_f64()), "{models:?}");
}

#[test]
fn a_running_trial_and_one_that_failed_are_explained() {
    let lab = Lab::hyperband();
    let driver = lab.start("-q -j 2 --retries 1", "sleep-trial-0=600000 fail-below=0.3");
    lab.wait_until("three ends", || lab.records("end").len() >= 3);
    let running = explain(&lab, 0);
    assert_eq!(
        (&running["rungs"][0]["decision"], &running["jobs"][0]["status"]),
        (&"running".into(), &"running".into())
    );
    driver.kill();
    assert_eq!(explain(&lab, 0)["rungs"][0]["decision"], "interrupted");
    let failed = lab.records("end").into_iter().find(|end| end["status"] == "failed").expect("a failed job");
    let explained = explain(&lab, failed["trial"].as_u64().expect("a number"));
    assert_eq!(explained["rungs"][0]["value"], Value::Null);
}

#[test]
fn journals_of_the_first_format_have_unknown_origins() {
    let lab = Lab::hyperband();
    std::fs::create_dir(lab.study()).expect("a folder");
    let journal = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/journal-1-whole.jsonl");
    lab.file("m.study/journal.jsonl", std::fs::read(journal).expect("a journal"));
    let trial = explain(&lab, 0);
    assert_eq!(
        (&trial["origin"], trial["rungs"].as_array().is_some_and(|rungs| !rungs.is_empty())),
        (&Value::Null, true)
    );
    assert!(lab.hypertune("explain m.study 0").exits(0).stdout.contains("of unknown origin"));
    assert_eq!(lab.hypertune("status m.study --format json").exits(0).json()["state"], "finished");
}

#[test]
fn trials_and_studies_are_shown_side_by_side() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q -j 2", "").exits(0);
    lab.run("-q -j 2 --seed 6 --study other.study", "").exits(0);
    let trials = lab.hypertune("diff m.study 0 1 --format json").exits(0).json();
    let row = |diff: &Value, name: &str| {
        diff["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == name)).cloned()
    };
    let lr = row(&trials, "lr").expect("a row");
    assert!(lr["differs"] == true && lr["a"].is_f64() && lr["b"].is_f64(), "{lr}");
    assert!(row(&trials, "loss at epochs=1").is_some(), "{trials}");
    let studies = lab.hypertune("diff m.study other.study --format json").exits(0).json();
    assert_eq!(row(&studies, "seed").map(|row| (row["a"].clone(), row["b"].clone())), Some((5.into(), 6.into())));
    assert_eq!(row(&studies, "kind").map(|row| row["differs"].clone()), Some(false.into()));
    lab.hypertune("diff m.study 0").exits(2).stderr_contains("one trial cannot be compared");
    lab.hypertune("diff m.study 0 99").exits(2);
    assert!(lab.hypertune("diff m.study other.study").exits(0).stdout.contains("other.study"));
}
