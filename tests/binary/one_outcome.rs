//! A seed determines configurations, promotions and the best trial, for any concurrency and order in which processes end.

use serde_json::{Value, json};

use hypertune_test_support::{Lab, trainer};

use crate::HYPERBAND;

/// Sleeps for a random time of up to 26 ms, then trains.
const RESTLESS: &str = "sleep 0.0$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')\nexec \"$@\"\n";

/// What must not differ: each job's trial, rung, resource, parameters, value and promotion, in the order of trials and rungs.
fn outcome(lab: &Lab, study: &str) -> (Vec<Value>, Value) {
    let pick =
        |job: &Value| json!([job["trial"], job["rung"], job["resource"], job["params"], job["value"], job["promoted"]]);
    let jobs = lab.hypertune(&format!("export {study}")).exits(0).json_lines();
    let mut jobs: Vec<_> = jobs.iter().map(pick).collect();
    jobs.sort_by_key(|job| (job[0].as_u64(), job[1].as_u64()));
    (jobs, lab.hypertune(&format!("best {study} --format json")).exits(0).json()["trial"].clone())
}

#[test]
fn the_outcome_depends_neither_on_concurrency_nor_on_order() {
    let lab = Lab::new(HYPERBAND);
    lab.file("restless.sh", RESTLESS);
    let outcomes = ["1", "4", "8"].map(|slots| {
        let study = format!("j{slots}.study");
        let line = format!("run m.yaml -q -j {slots} --study {study} -- sh restless.sh {}", trainer());
        lab.hypertune(&line).exits(0);
        outcome(&lab, &study)
    });
    assert_eq!(outcomes[0].0.len(), 20);
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0], outcomes[2]);
}

#[test]
fn another_seed_draws_other_configurations() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q --study a.study", "").exits(0);
    lab.run("-q --study b.study --seed 6", "").exits(0);
    assert_ne!(outcome(&lab, "a.study").0, outcome(&lab, "b.study").0);
}
