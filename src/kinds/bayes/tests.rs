use serde_json::{Value, json};

use super::*;
use crate::kinds::tests::{args, errors};
use crate::search::random::Random;
use crate::search::tests::{branin, median_of_branin, session, square};

fn method(runs: (u64, u64), utility: Value) -> Method {
    let fields = json!({"numInitialRuns": runs.0, "maxIterations": runs.1, "utilityFunction": utility});
    (KIND.build)(&args(fields)).unwrap()
}

fn settings(fields: Value) -> (Acquisition, Option<ModelSettings>) {
    read_utility(&mut args(fields).reader())
}

#[test]
fn initial_runs_and_suggestions_together_are_the_trials() {
    let method = method((30, 15), Value::Null);
    assert_eq!((method.schedule.plan(None).trials(), method.schedule.max_resource()), (45, None));
    assert!(!method.sampler.ignores_observations());
    let huge = json!({"numInitialRuns": u64::MAX, "maxIterations": u64::MAX});
    assert!(!(KIND.build)(&args(huge)).unwrap().schedule.plan(None).open_ended);
}

#[test]
fn absent_fields_have_polyaxons_defaults() {
    let bound = Acquisition::ConfidenceBound { kappa: DEFAULT_KAPPA };
    assert_eq!(settings(json!({})), (bound, None));
    let process = ModelSettings { kernel: KernelShape::Matern32, length_scale: None, restarts: 0 };
    assert_eq!(settings(json!({"gaussianProcess": {}})), (bound, Some(process)));
}

#[test]
fn every_field_is_passed_to_the_model() {
    let (acquisition, process) = settings(json!({"acquisitionFunction": "ucb", "kappa": 1.2, "gaussianProcess":
        {"kernel": "matern", "lengthScale": 0.3, "nu": 1.9, "numRestartsOptimizer": 2}}));
    assert_eq!(acquisition, Acquisition::ConfidenceBound { kappa: 1.2 });
    assert_eq!(process, Some(ModelSettings { kernel: KernelShape::Matern32, length_scale: Some(0.3), restarts: 2 }));
    let acquisition_of = |word: &str| settings(json!({"acquisitionFunction": word, "eps": 0.01})).0;
    assert_eq!(acquisition_of("ei"), Acquisition::LogExpectedImprovement { margin: 0.01 });
    assert_eq!(acquisition_of("poi"), Acquisition::LogProbabilityOfImprovement { margin: 0.01 });
    let (_, process) = settings(json!({"gaussianProcess": {"kernel": "rbf", "nu": 0.5}}));
    assert_eq!(process.map(|process| process.kernel), Some(KernelShape::SquaredExponential));
}

#[test]
fn the_kernel_has_the_nearest_smoothness_with_a_closed_form() {
    let shapes = [0.1, 0.5, 0.99, 1.0, 1.5, 1.9, 2.0, 2.5, 3.4, 3.5, 100.0].map(kernel_shape);
    let expected = [[KernelShape::Matern12; 3], [KernelShape::Matern32; 3], [KernelShape::Matern52; 3]].concat();
    assert_eq!(shapes[..9], expected);
    assert_eq!(shapes[9..], [KernelShape::SquaredExponential; 2]);
}

#[test]
fn fields_without_effect_are_warned_about() {
    let warnings = |utility: Value| {
        let advice = advice(&args(json!({ "utilityFunction": utility })));
        advice.iter().map(|a| a.message.clone()).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(warnings(json!({"eps": 0.1, "gaussianProcess": {"nu": 1.9}})), @"
    `eps` has no effect: it applies to `ei` and `poi` only
    `nu` 1.9 is taken as 1.5
    ");
    insta::assert_snapshot!(warnings(json!({"acquisitionFunction": "ei", "kappa": 1, "numWarmup": 5,
        "gaussianProcess": {"kernel": "rbf", "nu": 1.9}})), @"
    `kappa` has no effect: it applies to `ucb` only
    `nu` has no effect: it applies to `matern` only
    `numWarmup` has no effect: the effort per suggestion cannot be configured
    ");
    insta::assert_snapshot!(warnings(json!({"gaussianProcess": {"nu": 9}})), @"`nu` 9 is taken as infinite, as in `rbf`");
    for clean in [json!({"kappa": 2, "gaussianProcess": {"nu": 2.5}}), json!({"acquisitionFunction": "poi", "eps": 0})]
    {
        assert_eq!(warnings(clean), "");
    }
}

#[test]
fn every_field_is_checked() {
    insta::assert_snapshot!(errors(&KIND, json!({"numInitialRuns": 0, "utilityFunction": {
        "acquisitionFunction": "eci", "kappa": -1, "eps": -0.5, "gaussianProcess":
        {"kernel": "linear", "lengthScale": 0, "nu": 0, "numRestartsOptimizer": 1001}}})), @r#"
    `numInitialRuns` must be a whole number, 1 or more, found the number 0
    `maxIterations` is missing
    `acquisitionFunction` must be ucb, ei or poi, found "eci"
    `kappa` must be 0 or more, found -1
    `eps` must be 0 or more, found -0.5
    `kernel` must be matern or rbf, found "linear"
    `nu` must be above 0, found 0
    `lengthScale` must be above 0, found 0
    `numRestartsOptimizer` must be at most 1000, found 1001
    "#);
    insta::assert_snapshot!(errors(&KIND, json!({"numInitialRuns": 1, "maxIterations": 1, "utilityFunction": []})), @"`utilityFunction` must be a mapping, found an empty list");
}

#[test]
fn the_initial_runs_are_random_draws_and_the_later_ones_are_not() {
    let drawn = session(&Random, &square(3), 20, branin);
    let proposed = session(&*method((6, 14), Value::Null).sampler, &square(3), 20, branin);
    assert_eq!(proposed[..6], drawn[..6]);
    assert!((6..20).all(|i| proposed[i] != drawn[i]), "{proposed:?}");
}

#[test]
fn every_acquisition_function_and_kernel_leads_to_a_different_proposal() {
    let utilities = [
        json!({"kappa": 0}),
        json!({"kappa": 4}),
        json!({"acquisitionFunction": "ei"}),
        json!({"acquisitionFunction": "ei", "eps": 0.5}),
        json!({"acquisitionFunction": "poi"}),
        json!({"acquisitionFunction": "poi", "eps": 0.5}),
        json!({"acquisitionFunction": "poi", "gaussianProcess": {"nu": 0.5}}),
        json!({"acquisitionFunction": "poi", "gaussianProcess": {"nu": 1.5}}),
        json!({"acquisitionFunction": "poi", "gaussianProcess": {"kernel": "rbf"}}),
        json!({"acquisitionFunction": "poi", "gaussianProcess": {"kernel": "rbf", "lengthScale": 5}}),
    ];
    let last = |utility: &Value| session(&*method((8, 1), utility.clone()).sampler, &square(1), 9, branin).remove(8);
    let proposed: Vec<_> = utilities.iter().map(last).collect();
    for (i, one) in proposed.iter().enumerate() {
        let same = proposed[..i].iter().position(|other| other == one);
        assert_eq!(same, None, "{} and {}", utilities[i], utilities[same.unwrap_or(0)]);
    }
}

#[test]
fn every_acquisition_function_finds_the_optimum_that_random_draws_miss() {
    assert!(median_of_branin(&Random, 60) > 0.8);
    for utility in [
        Value::Null,
        json!({"acquisitionFunction": "ucb", "kappa": 1.2, "gaussianProcess": {"nu": 1.9}}),
        json!({"acquisitionFunction": "ei", "eps": 0.01, "gaussianProcess": {"kernel": "rbf"}}),
        json!({"acquisitionFunction": "poi", "eps": 0.05}),
    ] {
        let found = median_of_branin(&*method((5, 20), utility.clone()).sampler, 25);
        assert!(found < 0.5, "{utility}: {found}");
    }
}

#[test]
fn the_same_seed_gives_the_same_proposals() {
    let utility = json!({"gaussianProcess": {"numRestartsOptimizer": 2}});
    let run = |seed| session(&*method((4, 8), utility.clone()).sampler, &square(seed), 12, branin);
    assert_eq!(run(7), run(7));
    assert_ne!(run(7)[4..], run(8)[4..]);
}
