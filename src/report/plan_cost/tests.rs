//! Costs of plans whose times can be computed by hand.

use std::num::NonZeroU32;
use std::path::Path;

use super::fit::{FieldSetting, proposals};
use super::*;
use crate::engine::experiment::Experiment;
use crate::matrix::command_line::overrides::Overrides;
use crate::matrix::load;

fn rates(startup_s: f64, seconds_per_unit: f64, slots: u32) -> CostRates {
    CostRates { startup_s, seconds_per_unit, price_per_hour: Some(2.5), slots: NonZeroU32::new(slots).unwrap() }
}

fn experiment(method: &str) -> Experiment {
    let resource = if method.contains("maxIterations") { "resource: {name: epochs, type: int}\n" } else { "" };
    let text = format!(
        "{method}\n{resource}metric: {{name: loss, optimization: minimize}}\nseed: 1\nparams: {{lr: {{kind: uniform, value: [0, 1]}}}}\n"
    );
    let dir = tempfile::tempdir().unwrap();
    let path: &Path = &dir.path().join("m.yaml");
    std::fs::write(path, text).unwrap();
    let loaded = load::load(path, &Overrides::default()).unwrap();
    loaded.experiment
}

fn expected(method: &str, rates: CostRates) -> CostEstimate {
    plan_cost(&experiment(method), rates).expected.unwrap()
}

#[test]
fn jobs_of_equal_length_fill_the_slots_in_turns() {
    let cost = expected("kind: random\nnumRuns: 5", rates(3.0, 7.0, 2));
    assert_eq!((cost.jobs, cost.time_s, cost.slot_hours), (5, 30.0, 50.0 / 3600.0));
    assert!((cost.price.unwrap() - 2.5 * 60.0 / 3600.0).abs() < 1e-12);
}

#[test]
fn a_rung_waits_for_the_one_below() {
    // 9 jobs at 1, 3 at 3 and 1 at 9, with 1 s to start each.
    let halving = "kind: halving\nmaxIterations: 9\neta: 3";
    let time = |method: &str, slots| expected(method, rates(1.0, 1.0, slots)).time_s;
    assert_eq!((time(halving, 1), time(halving, 100)), (9.0 * 2.0 + 3.0 * 4.0 + 10.0, 2.0 + 4.0 + 10.0));
    // Jobs that continue pay for what they add.
    let resumed = format!("{halving}\nresume: true");
    assert_eq!((time(&resumed, 1), time(&resumed, 100)), (9.0 * 2.0 + 3.0 * 3.0 + 7.0, 2.0 + 3.0 + 7.0));
}

#[test]
fn schedules_that_decide_while_they_run_have_bounds() {
    for method in ["kind: asha\nnumRuns: 20\nmaxIterations: 9\neta: 3", "kind: auto\nnumRuns: 10\nmaxIterations: 9"] {
        let cost = plan_cost(&experiment(method), rates(1.0, 1.0, 2));
        let (least, most) = (cost.at_least.unwrap(), cost.at_most.unwrap());
        let expected = cost.expected.unwrap();
        assert!(least.time_s <= expected.time_s && expected.time_s <= most.time_s, "{method}: {cost:?}");
        assert!(least.time_s < most.time_s, "{method}: {cost:?}");
    }
    let cost = plan_cost(&experiment("kind: random\nnumRuns: 5"), rates(3.0, 7.0, 2));
    assert_eq!((cost.at_least, cost.at_most), (None, None));
}

#[test]
fn early_stopping_may_end_each_job_after_its_start_up() {
    let stopping = "kind: random\nnumRuns: 4\nearlyStopping: [{metric: loss, value: 0.1, optimization: minimize}]";
    let cost = plan_cost(&experiment(stopping), rates(3.0, 7.0, 2));
    assert_eq!((cost.at_least.unwrap().time_s, cost.at_most.unwrap().time_s), (6.0, 20.0));
}

#[test]
fn limits_count() {
    let mut experiment = experiment("kind: random\nnumRuns: 50");
    experiment.limits.jobs = Some(4);
    assert_eq!(plan_cost(&experiment, rates(0.0, 10.0, 2)).expected.unwrap().time_s, 20.0);
    experiment.limits.time = Some(std::time::Duration::from_secs(15));
    assert_eq!(plan_cost(&experiment, rates(0.0, 10.0, 2)).expected.unwrap().time_s, 15.0);
}

#[test]
fn large_plans_are_not_simulated() {
    let cost = expected("kind: random\nnumRuns: 1000000", rates(0.0, 1.0, 10));
    assert_eq!((cost.jobs, cost.time_s), (1_000_000, 100_000.0));
}

#[test]
fn proposals_use_the_time_and_do_not_exceed_it() {
    let study = |fields: &[FieldSetting]| {
        let value = |name: &str, default: f64| {
            fields.iter().find(|field| field.field == name).map_or(default, |field| field.value)
        };
        format!(
            "kind: hyperband\nmaxIterations: {}\neta: {}\nrounds: {}",
            value("maxIterations", 9.0),
            value("eta", 3.0),
            value("rounds", 1.0)
        )
    };
    let cost = |fields: &[FieldSetting]| plan_cost(&experiment(&study(fields)), rates(1.0, 1.0, 4)).expected;
    let fits = proposals(&experiment(&study(&[])), 600.0, cost);
    assert!(!fits.is_empty() && fits.len() <= 5, "{fits:?}");
    assert!(fits.iter().all(|fit| fit.cost.time_s <= 600.0), "{fits:?}");
    assert!(fits[0].cost.time_s > 500.0, "{fits:?}");
    assert!(fits.iter().any(|fit| fit.fields.iter().any(|field| field.field == "maxIterations")), "{fits:?}");
    let has_other_amount: Vec<bool> =
        fits.iter().map(|fit| fit.fields.iter().any(|field| field.field == "maxIterations")).collect();
    assert!(!has_other_amount[0] && has_other_amount.is_sorted(), "{fits:?}");
    assert_eq!(proposals(&experiment(&study(&[])), 1.0, cost), []);
}
