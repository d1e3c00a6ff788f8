//! The model: failures, running trials, copies, very many readings, and that asking changes nothing.

use proptest::prelude::*;
use rand::RngExt;

use super::super::Gp;
use super::super::kernel::Point;
use super::super::model::Model;
use super::super::posterior::Posterior;
use super::close;
use crate::search::encoding::Axis;
use crate::space::tests::parameters;
use crate::words::ids::TrialId;

fn model(dims: usize) -> Model {
    Model::new(Gp::default().model, &vec![Axis::Ordered; dims], 7)
}

fn full(x: &[f64]) -> Point {
    Point { x: x.to_vec(), t: 0.0 }
}

/// Trial, position, log resource and cost of one reading.
type Told = (u64, Vec<f64>, f64, Option<f64>);

fn tell(model: &mut Model, (trial, x, t, cost): &Told) {
    model.observe(TrialId(*trial), Point { x: x.clone(), t: *t }, *cost);
}

#[test]
fn nothing_is_believed_before_the_first_value() {
    let mut model = model(1);
    assert!(model.posterior().is_none());
    model.expect(TrialId(0), vec![0.5]);
    model.observe(TrialId(0), full(&[0.5]), None);
    model.observe(TrialId(1), full(&[0.6]), None);
    assert!(model.posterior().is_none());
    assert_eq!((model.ranking(), model.readings()), (Vec::new(), 2));
}

#[test]
fn one_observation_is_enough_to_believe_something() {
    let mut model = model(2);
    model.observe(TrialId(0), full(&[0.2, 0.9]), Some(3.0));
    let belief = model.posterior().unwrap().at(&full(&[0.8, 0.1]));
    assert!(belief.mean.is_finite() && belief.deviation > 0.0, "{belief:?}");
    assert_eq!(model.ranking().len(), 1);
}

#[test]
fn a_region_that_always_fails_is_believed_to_be_bad() {
    let mut model = model(1);
    for i in 0..30u64 {
        let x = i as f64 / 29.0;
        let cost = (x >= 0.4).then_some(1.0 + (x - 0.7).abs());
        model.observe(TrialId(i), full(&[x]), cost);
    }
    let posterior = model.posterior().unwrap();
    let mean = |x: f64| posterior.at(&full(&[x])).mean;
    for failed in [0.05, 0.15, 0.25] {
        for fine in [0.55, 0.7, 0.85] {
            assert!(mean(failed) > mean(fine) + 0.5, "{failed}: {}, {fine}: {}", mean(failed), mean(fine));
        }
    }
}

#[test]
fn a_running_trial_is_taken_to_come_out_as_expected() {
    let mut model = model(1);
    for i in 0..12u64 {
        let x = i as f64 / 11.0;
        model.observe(TrialId(i), full(&[x * x]), Some((x - 0.3) * (x - 0.3) + 0.1));
    }
    let place = full(&[0.9]);
    let before = model.posterior().unwrap().at(&place);
    model.expect(TrialId(12), vec![0.9]);
    let meanwhile = model.posterior().unwrap().at(&place);
    assert!(close(meanwhile.mean, before.mean, 1e-6), "{before:?} {meanwhile:?}");
    assert!(meanwhile.deviation < 0.7 * before.deviation, "{before:?} {meanwhile:?}");
    assert_eq!(model.ranking().len(), 12, "it is not ranked before it was read");
    model.observe(TrialId(12), place.clone(), Some(9.0));
    assert!(model.posterior().unwrap().at(&place).mean > before.mean + 1.0, "what was read counts instead");
    assert_eq!((model.positions().count(), model.expected().len()), (13, 0));
}

#[test]
fn of_very_many_running_trials_only_the_last_are_taken_in() {
    let mut model = model(1);
    model.observe(TrialId(0), full(&[0.5]), Some(1.0));
    model.observe(TrialId(1), full(&[0.6]), Some(2.0));
    for i in 2..242u64 {
        model.expect(TrialId(i), vec![(i as f64 * 0.618).fract()]);
    }
    assert_eq!(model.posterior().map(Posterior::len), Some(202));
    assert_eq!((model.expected().len(), model.positions().count()), (240, 242));
}

#[test]
fn copies_of_one_configuration_average_out() {
    let mut model = model(1);
    for i in 0..60u64 {
        let x = if i % 2 == 0 { 0.25 } else { 0.75 };
        model.observe(TrialId(i), full(&[x]), Some(x + if i % 4 < 2 { 0.1 } else { -0.1 }));
    }
    let posterior = model.posterior().unwrap();
    let (low, high) = (posterior.at(&full(&[0.25])), posterior.at(&full(&[0.75])));
    assert!(low.mean < 0.0 && high.mean > 0.0, "{low:?} {high:?}");
    assert!(low.deviation < 0.2, "{low:?}");
}

#[test]
fn of_very_many_readings_the_best_are_kept() {
    let mut model = model(2);
    let mut stream = parameters(1);
    let mut best = (f64::INFINITY, TrialId(0));
    for i in 0..450u64 {
        let x = [stream.random::<f64>(), stream.random::<f64>()];
        let cost = (x[0] - 0.3).abs() + (x[1] - 0.6).abs();
        if cost < best.0 {
            best = (cost, TrialId(i));
        }
        model.observe(TrialId(i), full(&x), Some(cost));
    }
    let ranking = model.ranking();
    assert_eq!(ranking.len(), 450);
    assert_eq!(ranking[0].trial, best.1);
    assert!(model.posterior().unwrap().len() < 450);
}

fn readings() -> impl Strategy<Value = Vec<Told>> {
    let row = (0..12u64, prop_oneof![Just(0.0), Just(-1.1), Just(-2.2)], prop::option::weighted(0.8, 0.01..100.0f64));
    // hyperparameters of 29 readings are those of the first 28; at times the last is the first at another resource
    (prop::collection::vec(row, 29), prop_oneof![Just(0usize), Just(28)]).prop_map(|(rows, alike)| {
        // a trial keeps its place
        let told = |(i, (trial, t, cost))| -> Told {
            (trial, vec![(trial as f64 * 0.37).fract()], if i < alike { 0.0 } else { t }, cost)
        };
        rows.into_iter().enumerate().map(told).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A resumed study asks first after many readings, one that was never stopped asked after each.
    #[test]
    fn what_is_believed_does_not_depend_on_when_it_was_asked(told in readings()) {
        let (mut asked, mut silent) = (model(1), model(1));
        for (i, reading) in told.iter().enumerate() {
            tell(&mut asked, reading);
            tell(&mut silent, reading);
            asked.expect(TrialId(100), vec![0.5]);
            silent.expect(TrialId(100), vec![0.5]);
            if i == 27 {
                asked.ranking();
            }
        }
        prop_assert_eq!(asked.ranking(), silent.ranking());
    }
}
