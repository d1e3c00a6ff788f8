//! Early stopping: the rule and both numbers are journalled, and a stopped job counts with its last value.

use serde_json::Value;

use hypertune_test_support::Lab;

/// Twelve trials at nine epochs, the best three again at 27, with a policy on their readings.
fn lab(policy: &str) -> Lab {
    Lab::new(&format!(
        "kind: halving\nminIterations: 9\nmaxIterations: 27\neta: 3\nprefact: 3\nseed: 7\n\
         resource: {{name: epochs, type: int}}\nmetric: {{name: loss, optimization: minimize}}\n\
         params:\n  x: {{kind: uniform, value: [0, 2]}}\n\
         earlyStopping:\n  - {{metric: loss, optimization: minimize, policy: {policy}}}\n"
    ))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Runs the study, checks what holds for every rule, and returns (value, threshold) of each job that the rule `name` stopped.
fn stopped_by(lab: &Lab, name: &str) -> Vec<(f64, f64)> {
    lab.run("-j 1 --grace 30s", "pace=15").exits(0);
    let ends = lab.records("end");
    let stopped: Vec<&Value> = ends.iter().filter(|end| end["status"] == "stopped").collect();
    assert!(!stopped.is_empty(), "the rule ended nothing");
    assert_eq!(stopped.len(), lab.records("kill").len());
    for end in &stopped {
        assert_eq!(end["by"]["rule"], name);
        let last = &end["curve"].as_array().unwrap().last().unwrap()["value"];
        assert_eq!(&end["score"], last, "it counts with its last value");
        assert!(end["exit_code"].is_number() || end["signal"].is_number());
    }
    promotions_follow_from_values(lab);
    stopped.iter().map(|end| (number(&end["by"]["value"]), number(&end["by"]["threshold"]))).collect()
}

/// The best third of the first rung is promoted, stopped early or not.
fn promotions_follow_from_values(lab: &Lab) {
    let first = lab.records("end").into_iter().filter(|end| end["rung"] == 0);
    let mut ranked: Vec<(f64, u64)> = first.map(|e| (number(&e["score"]), e["trial"].as_u64().unwrap())).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut promoted: Vec<u64> = lab.records("promoted").iter().map(|r| r["trial"].as_u64().unwrap()).collect();
    promoted.sort_unstable();
    let mut expected: Vec<u64> = ranked[..ranked.len() / 3].iter().map(|(_, trial)| *trial).collect();
    expected.sort_unstable();
    assert!(!expected.is_empty());
    assert_eq!(promoted, expected);
}

#[test]
fn median_stops_jobs_worse_than_the_median_of_averages() {
    let lab = lab("{kind: median, evaluationInterval: 2, minInterval: 4, minSamples: 2}");
    assert!(stopped_by(&lab, "median").iter().all(|(own, median)| own > median));
    // The rule looks at the fourth reading first, and at every second one.
    let looked = |end: &Value| end["curve"].as_array().unwrap().len();
    assert!(lab.records("end").iter().filter(|e| e["status"] == "stopped").all(|e| looked(e) >= 4));
}

#[test]
fn diff_stops_jobs_too_far_from_the_best() {
    let lab = lab("{kind: diff, percent: 50, evaluationInterval: 1}");
    assert!(stopped_by(&lab, "diff").iter().all(|(own, limit)| own > limit));
}

#[test]
fn truncation_stops_the_worst_percentage() {
    let lab = lab("{kind: truncation, percent: 50, evaluationInterval: 3, includeSucceeded: true}");
    assert!(stopped_by(&lab, "truncation").iter().all(|(own, survivor)| own > survivor));
}

#[test]
fn diverged_and_failed_jobs_are_never_promoted() {
    let lab = Lab::new(
        "kind: hyperband\nmaxIterations: 27\nseed: 7\nresource: {name: epochs, type: int}\n\
         metric: {name: loss, optimization: maximize}\nparams:\n  x: {kind: uniform, value: [0, 1]}\n",
    );
    // The largest losses belong to the largest and smallest x; the smallest diverge, or end with an error.
    lab.run("-j 3", "fail-below=0.15 nan-below=0.4").exits(0);
    let ends = lab.records("end");
    let with = |status: &str| ends.iter().filter(|e| e["status"] == status).count();
    assert!(with("failed") > 5 && with("succeeded") > 10);
    let kinds: Vec<&Value> = ends.iter().map(|e| &e["failure"]["kind"]).collect();
    assert!(kinds.contains(&&"not_finite".into()) && kinds.contains(&&"exit".into()));
    for launch in lab.records("launch").iter().filter(|launch| launch["rung"] == 0) {
        let (bracket, trial) = (&launch["bracket"], &launch["trial"]);
        let promoted = lab.records("promoted").iter().filter(|p| &p["trial"] == trial).count();
        let end = ends.iter().find(|e| &e["trial"] == trial && e["rung"] == 0).unwrap();
        assert!(promoted == 0 || end["status"] == "succeeded", "trial {trial} of bracket {bracket} was promoted");
    }
    assert_eq!(lab.records("retired").len(), lab.records("launch").iter().filter(|l| l["rung"] == 0).count());
    let best: Value = serde_json::from_str(&lab.outcome().best).unwrap();
    let at_full =
        ends.iter().filter(|e| e["curve"].as_array().and_then(|c| c.last()).is_some_and(|p| p["step"] == 27.0));
    assert_eq!(number(&best["value"]), at_full.map(|e| number(&e["score"])).fold(f64::MIN, f64::max));
}
