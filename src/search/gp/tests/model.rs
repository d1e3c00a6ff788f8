//! The model: failures, running trials, equal configurations, many observations, and independence of earlier queries.

use proptest::prelude::*;
use rand::RngExt;

use super::close;
use crate::search::encoding::Axis;
use crate::search::gp::ModelSettings;
use crate::search::gp::kernel::Point;
use crate::search::gp::model::Model;
use crate::search::gp::posterior::Posterior;
use crate::space::tests::parameters;
use crate::types::ids::TrialId;

fn model(dims: usize) -> Model {
    Model::new(ModelSettings::default(), &vec![Axis::Ordered.into(); dims], 7)
}

fn full(x: &[f64]) -> Point {
    Point { x: x.to_vec(), t: 0.0 }
}

/// Trial, vector, log resource and cost of one observation.
type Reading = (u64, Vec<f64>, f64, Option<f64>);

fn observe(model: &mut Model, (trial, x, t, cost): &Reading) {
    model.observe(TrialId(*trial), Point { x: x.clone(), t: *t }, *cost);
}

#[test]
fn without_a_result_there_is_no_posterior() {
    let mut model = model(1);
    assert!(model.posterior().is_none());
    model.add_pending(TrialId(0), vec![0.5]);
    model.observe(TrialId(0), full(&[0.5]), None);
    model.observe(TrialId(1), full(&[0.6]), None);
    assert!(model.posterior().is_none());
    assert_eq!((model.ranking(), model.observations()), (Vec::new(), 2));
}

#[test]
fn one_observation_gives_a_posterior() {
    let mut model = model(2);
    model.observe(TrialId(0), full(&[0.2, 0.9]), Some(3.0));
    let prediction = model.posterior().unwrap().predict(&full(&[0.8, 0.1]));
    assert!(prediction.mean.is_finite() && prediction.std > 0.0, "{prediction:?}");
    assert_eq!(model.ranking().len(), 1);
}

#[test]
fn a_region_with_only_failures_is_predicted_to_be_bad() {
    let mut model = model(1);
    for i in 0..30u64 {
        let x = i as f64 / 29.0;
        let cost = (x >= 0.4).then_some(1.0 + (x - 0.7).abs());
        model.observe(TrialId(i), full(&[x]), cost);
    }
    let posterior = model.posterior().unwrap();
    let mean = |x: f64| posterior.predict(&full(&[x])).mean;
    for failed in [0.05, 0.15, 0.25] {
        for fine in [0.55, 0.7, 0.85] {
            assert!(mean(failed) > mean(fine) + 0.5, "{failed}: {}, {fine}: {}", mean(failed), mean(fine));
        }
    }
}

#[test]
fn a_running_trial_counts_as_observed_with_its_predicted_mean() {
    let mut model = model(1);
    for i in 0..12u64 {
        let x = i as f64 / 11.0;
        model.observe(TrialId(i), full(&[x * x]), Some((x - 0.3) * (x - 0.3) + 0.1));
    }
    let point = full(&[0.9]);
    let before = model.posterior().unwrap().predict(&point);
    model.add_pending(TrialId(12), vec![0.9]);
    let meanwhile = model.posterior().unwrap().predict(&point);
    assert!(close(meanwhile.mean, before.mean, 1e-6), "{before:?} {meanwhile:?}");
    assert!(meanwhile.std < 0.7 * before.std, "{before:?} {meanwhile:?}");
    assert_eq!(model.ranking().len(), 12, "a running trial without observations is not ranked");
    model.observe(TrialId(12), point.clone(), Some(9.0));
    assert!(
        model.posterior().unwrap().predict(&point).mean > before.mean + 1.0,
        "the observation replaces the predicted mean"
    );
    assert_eq!(model.vectors().count(), 13);
}

#[test]
fn only_the_latest_of_many_running_trials_are_used() {
    let mut model = model(1);
    model.observe(TrialId(0), full(&[0.5]), Some(1.0));
    model.observe(TrialId(1), full(&[0.6]), Some(2.0));
    for i in 2..242u64 {
        model.add_pending(TrialId(i), vec![(i as f64 * 0.618).fract()]);
    }
    assert_eq!(model.posterior().map(Posterior::observations), Some(202));
    assert_eq!(model.vectors().count(), 242);
}

#[test]
fn noisy_observations_of_equal_configurations_are_averaged() {
    let mut model = model(1);
    for i in 0..60u64 {
        let x = if i % 2 == 0 { 0.25 } else { 0.75 };
        model.observe(TrialId(i), full(&[x]), Some(x + if i % 4 < 2 { 0.1 } else { -0.1 }));
    }
    let posterior = model.posterior().unwrap();
    let (low, high) = (posterior.predict(&full(&[0.25])), posterior.predict(&full(&[0.75])));
    assert!(low.mean < 0.0 && high.mean > 0.0, "{low:?} {high:?}");
    assert!(low.std < 0.2, "{low:?}");
}

#[test]
fn the_best_of_many_observations_are_kept() {
    let mut model = model(2);
    let mut stream = parameters(1);
    let mut best = (f64::INFINITY, TrialId(0));
    for i in 0..520u64 {
        let x = [stream.random::<f64>(), stream.random::<f64>()];
        let cost = (x[0] - 0.3).abs() + (x[1] - 0.6).abs();
        if cost < best.0 {
            best = (cost, TrialId(i));
        }
        model.observe(TrialId(i), full(&x), Some(cost));
    }
    let ranking = model.ranking();
    assert_eq!(ranking.len(), 520);
    assert_eq!(ranking[0].trial, best.1);
    assert_eq!(model.posterior().unwrap().observations(), 420, "400 of the first 500 and the latest 20");
}

#[test]
fn with_many_observations_the_posterior_does_not_depend_on_earlier_queries() {
    let (mut queried, mut unqueried) = (model(2), model(2));
    let mut stream = parameters(2);
    for i in 0..520u64 {
        let x = vec![stream.random::<f64>(), stream.random::<f64>()];
        let cost = (x[0] - 0.3).abs() + (x[1] - 0.6).abs() + 0.1 * stream.random::<f64>();
        let reading = (i, x, [0.0, -1.1][i as usize % 2], (i % 9 != 0).then_some(cost));
        observe(&mut queried, &reading);
        observe(&mut unqueried, &reading);
        if i == 405 {
            queried.ranking();
        }
    }
    assert_eq!(queried.ranking(), unqueried.ranking());
}

#[test]
fn a_forgotten_failure_leaves_no_trace() {
    let (mut forgetful, mut other) = (model(1), model(1));
    for i in 0..20u64 {
        let x = vec![(i as f64 * 0.618).fract()];
        let cost = (i != 3).then_some((x[0] - 0.4).abs());
        let reading = (i, x, 0.0, cost);
        observe(&mut forgetful, &reading);
        if i != 3 {
            observe(&mut other, &reading);
        }
    }
    forgetful.ranking();
    forgetful.forget_failure(TrialId(3));
    assert_eq!(forgetful.ranking(), other.ranking());
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let row = (0..12u64, prop_oneof![Just(0.0), Just(-1.1), Just(-2.2)], prop::option::weighted(0.8, 0.01..100.0f64));
    // With 29 observations, the hyperparameters are fitted to the first 28. In some cases the last observation is the first one
    // at another resource.
    (prop::collection::vec(row, 29), prop_oneof![Just(0usize), Just(28)]).prop_map(|(rows, at_full)| {
        // A trial has the same vector in all its observations.
        let reading = |(i, (trial, t, cost))| -> Reading {
            (trial, vec![(trial as f64 * 0.37).fract()], if i < at_full { 0.0 } else { t }, cost)
        };
        rows.into_iter().enumerate().map(reading).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A resumed study queries the model after many observations, an uninterrupted one after each.
    #[test]
    fn the_posterior_does_not_depend_on_earlier_queries(observations in readings()) {
        let (mut queried, mut unqueried) = (model(1), model(1));
        for (i, reading) in observations.iter().enumerate() {
            observe(&mut queried, reading);
            observe(&mut unqueried, reading);
            queried.add_pending(TrialId(100), vec![0.5]);
            unqueried.add_pending(TrialId(100), vec![0.5]);
            if i == 27 {
                queried.ranking();
            }
        }
        prop_assert_eq!(queried.ranking(), unqueried.ranking());
    }
}
