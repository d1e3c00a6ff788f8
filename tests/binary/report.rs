//! `report`.

use hypertune_test_support::{HYPERBAND_JOBS, Lab};
use serde_json::Value;

#[test]
fn one_file_has_the_whole_report() {
    let lab = Lab::hyperband();
    lab.run("-q", "").exits(0);
    lab.hypertune("report m.study").exits(0).stderr_contains("wrote m.html");
    let page = lab.read("m.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    for part in ["id=\"result\"", "id=\"brackets\"", "id=\"early-stopping\"", "plot-parallel", "data-trials"] {
        assert!(page.contains(part), "{part}");
    }
    // The line is that of `best`.
    let best = lab.hypertune("best m.study --format json").exits(0).stdout;
    let best: Value = serde_json::from_str(&best).expect("JSON");
    let shell = best["shell"].as_str().expect("a line");
    let escaped = shell.chars().map(|c| match c {
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#x27;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '/' => "&#x2f;".to_owned(),
        other => other.to_string(),
    });
    assert!(page.contains(&escaped.collect::<String>()), "{shell}");
    assert_eq!(lab.hypertune("report m.study -o -").exits(0).stdout, page, "the same each time");
    lab.hypertune("report m.study -o none/r.html").exits(1).stderr_contains("none/r.html");
    lab.hypertune("report no.study").exits(2);
}

#[test]
fn the_json_has_the_data_of_the_report() {
    let lab = Lab::hyperband();
    lab.run("-q", "").exits(0);
    let json = lab.hypertune("report m.study m.study --format json").exits(0).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let study = &json["studies"][1];
    assert_eq!(json["studies"][0], *study);
    assert_eq!(study["status"]["jobs"]["launched"], HYPERBAND_JOBS);
    assert_eq!(study["trials"].as_array().map(Vec::len), Some(15));
    assert_eq!(study["trials"][0]["trial"], study["best"]["trial"]);
    assert_eq!(study["random_search"]["values"], 3);
    let jobs: u64 = study["costs"].as_array().into_iter().flatten().filter_map(|cost| cost["jobs"].as_u64()).sum();
    assert_eq!(jobs, HYPERBAND_JOBS as u64);
    let shares: f64 = study["brackets"].as_array().into_iter().flatten().filter_map(|b| b["share"].as_f64()).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
}

#[test]
fn a_study_without_values_and_one_of_failures_have_a_report() {
    let lab = Lab::random(2);
    lab.run("-q --max-jobs 1", "exit=1");
    let page = lab.hypertune("report m.study -o -").exits(0).stdout;
    assert!(page.contains("No job has returned a value yet.") && page.contains("id=\"failures\""), "{page}");
    let both = lab.hypertune("report m.study m.study -o -").exits(0).stdout;
    assert!(both.contains("id=\"comparison\""), "{both}");
}
