//! Tests of the models of earlier studies: predictions, gradients, and what searchers propose with them.

use std::sync::Arc;

use crate::search::encoding::Encoding;
use crate::search::gp::kernel::{Kernel, Point};
use crate::search::gp::likelihood::Dataset;
use crate::search::gp::posterior::{Posterior, PriorMean};
use crate::search::gp::rows::ModelRow;
use crate::search::gp::settings::ModelSettings;
use crate::search::gp::tests::{Case, close};
use crate::search::gp::transfer::ensemble::{Ensemble, ObservedRows};
use crate::search::gp::transfer::rank_weights::Weights;
use crate::search::tests::square;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, stream};

/// A bowl around `centre`.
fn bowl(x: &[f64], centre: f64) -> f64 {
    x.iter().map(|x| (x - centre) * (x - centre)).sum()
}

/// `count` random configurations of the square from `first` on, with their costs.
fn rows(seed: u64, first: u64, count: u64, cost: impl Fn(&[f64]) -> f64) -> Vec<ModelRow> {
    let encoding = Encoding::new(square(0).space);
    let mut draws = stream(seed, TrialId(0), Purpose::Parameters);
    (first..first + count)
        .map(|trial| {
            let x = encoding.draw(&mut draws);
            ModelRow { trial: TrialId(trial), cost: Some(cost(&x)), point: Point { x, t: 0.0 } }
        })
        .collect()
}

fn ensemble(studies: &[Vec<ModelRow>]) -> Ensemble {
    let encoding = Encoding::new(square(0).space);
    Ensemble::new(&ModelSettings::default(), &encoding.dimensions(), &encoding, studies, 5)
}

/// The weights of the studies after `observed`, whose costs are used as values.
fn weights(ensemble: &mut Ensemble, observed: &[ModelRow]) -> Weights {
    let case = Case::new(1, 2, 0);
    let values: Vec<f64> = observed.iter().filter_map(|row| row.cost).collect();
    let chosen: Vec<usize> = (0..values.len()).collect();
    let points = observed.iter().map(|row| row.point.clone()).collect();
    let kernel = Kernel::new(Default::default(), &Encoding::new(square(0).space).dimensions(), &case.hyperparameters);
    let data = Dataset { points, values: values.clone() };
    let observed = ObservedRows { rows: observed, values: &values, chosen: &chosen };
    ensemble.weights(kernel, data, observed, &mut stream(1, TrialId(9), Purpose::Ensemble))
}

#[test]
fn the_study_of_the_same_function_gets_the_weight_and_its_opposite_none() {
    let studies = [
        rows(1, 100, 30, |x| 1.0 + bowl(x, 0.8)),
        rows(2, 200, 30, |x| 500.0 * bowl(x, 0.2) + 7.0),
        rows(3, 300, 30, |x| 5.0 - bowl(x, 0.2)),
    ];
    let mut ensemble = ensemble(&studies);
    let Weights { earlier, own } = weights(&mut ensemble, &rows(4, 0, 10, |x| bowl(x, 0.2)));
    assert!(earlier[1] > 0.6 && earlier[2] == 0.0, "{earlier:?} {own}");
    let opposite = rows(4, 0, 12, |x| 5.0 - bowl(x, 0.5));
    let only_wrong = &mut self::ensemble(&[rows(5, 100, 30, |x| bowl(x, 0.5))]);
    assert_eq!(weights(only_wrong, &opposite), Weights { earlier: vec![0.0], own: 1.0 });
}

#[test]
fn the_portfolio_has_a_good_configuration_for_each_of_two_tasks() {
    let of_task = |seed, first, centre: f64| rows(seed, first, 40, move |x| 0.01 + bowl(x, centre));
    let ensemble = ensemble(&[of_task(1, 100, 0.2), of_task(2, 200, 0.8)]);
    for centre in [0.2, 0.8] {
        let nearest = ensemble.portfolio().iter().map(|x| bowl(x, centre)).fold(f64::INFINITY, f64::min);
        assert!(nearest < 0.05, "{centre}: {nearest}");
    }
}

#[test]
fn predictions_with_a_mean_function_agree_and_have_the_right_gradient() {
    let mut earlier = ensemble(&[rows(1, 100, 25, |x| bowl(x, 0.3)), rows(2, 200, 25, |x| bowl(x, 0.6))]);
    let observed = rows(3, 0, 6, |x| bowl(x, 0.4));
    let values: Vec<f64> = observed.iter().filter_map(|row| row.cost).collect();
    let mean = earlier.mean_function(&Weights { earlier: vec![0.5, 0.3], own: 0.2 }, &observed, &values);
    let dimensions = Encoding::new(square(0).space).dimensions();
    let kernel = Kernel::new(Default::default(), &dimensions, &Case::new(1, 2, 0).hyperparameters);
    let points: Vec<Point> = observed.iter().map(|row| row.point.clone()).collect();
    let data = Dataset { points, values };
    let mut posterior = Posterior::with_mean(kernel, data, Some(Arc::new(mean.clone()))).expect("it can be factored");
    posterior.extend(&[Point { x: vec![0.9, 0.1], t: 0.0 }], &[0.7]);
    let x = vec![0.35, 0.55];
    let at = |x: &[f64]| posterior.predict(&Point { x: x.to_vec(), t: 0.0 });
    let single = at(&x);
    assert!(close(posterior.predict_means(std::slice::from_ref(&x))[0], single.mean, 1e-9));
    assert!(close(posterior.predict_batch(std::slice::from_ref(&x))[0].mean, single.mean, 1e-9));
    assert!(close(posterior.outlooks(&x, &[-1.0])[0].mean, single.mean, 1e-9));
    let (mut d_mean, mut d_std) = ([0.0; 2], [0.0; 2]);
    let point = Point { x: x.clone(), t: 0.0 };
    assert!(close(posterior.predict_with_gradient(&point, &mut d_mean, &mut d_std).mean, single.mean, 1e-9));
    for d in 0..2 {
        let (mut low, mut high) = (x.clone(), x.clone());
        (low[d], high[d]) = (x[d] - 1e-5, x[d] + 1e-5);
        assert!(close(d_mean[d], (at(&high).mean - at(&low).mean) / 2e-5, 1e-4), "{d}");
    }
    let observed = Point { x: vec![0.9, 0.1], t: 0.0 };
    let distance = |value: f64| (value - 0.7).abs();
    assert!(distance(posterior.predict(&observed).mean) < 0.5 * distance(mean.at(&observed)));
}

#[test]
fn leaving_groups_out_is_predicting_without_them() {
    let Case { dimensions, hyperparameters, data, .. } = Case::new(17, 3, 9);
    let kernel = || Kernel::new(Default::default(), &dimensions, &hyperparameters);
    let groups = [0, 1, 0, 2, 3, 3, 3, 1, 4];
    let left_out = Posterior::new(kernel(), data.clone()).expect("it can be factored").leave_groups_out(&groups);
    for i in 0..9 {
        let others: Vec<usize> = (0..9).filter(|j| groups[*j] != groups[i]).collect();
        let points = others.iter().map(|j| data.points[*j].clone()).collect();
        let values = others.iter().map(|j| data.values[*j]).collect();
        let without = Posterior::new(kernel(), Dataset { points, values }).expect("it can be factored");
        assert!(close(left_out[i], without.predict(&data.points[i]).mean, 1e-5), "{i}");
    }
}

#[test]
fn a_weight_of_zero_leaves_a_constant_mean() {
    let mut earlier = ensemble(&[rows(1, 100, 25, |x| bowl(x, 0.3))]);
    let observed = rows(3, 0, 6, |x| bowl(x, 0.4));
    let values = vec![1.0, -1.0, 0.5, -0.5, 2.0, -2.0];
    let mean = earlier.mean_function(&Weights { earlier: vec![0.0], own: 1.0 }, &observed, &values);
    assert_eq!(mean.at(&observed[0].point), 0.0);
}
