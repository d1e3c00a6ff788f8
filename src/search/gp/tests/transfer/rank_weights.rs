//! Tests of the weights of earlier studies.

use rand::RngExt;

use crate::search::gp::transfer::rank_weights::{Comparison, Weights, rank_weights};
use crate::space::tests::parameters;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, stream};

/// Comparisons of `trials` random values with models that predict the value, its opposite, and something unrelated. The own model
/// predicts the value plus noise of `own_noise` deviations.
fn comparisons(seed: u64, trials: usize, own_noise: f64) -> Vec<Comparison> {
    let mut draws = parameters(seed);
    let mut next = || 2.0 * draws.random::<f64>() - 1.0;
    (0..trials)
        .map(|trial| {
            let value = next();
            let earlier = vec![value + 0.05 * next(), -value, next()];
            Comparison { trial, t: 0.0, value, earlier, own: value + own_noise * next() }
        })
        .collect()
}

fn weights(comparisons: &[Comparison], studies: usize) -> Weights {
    rank_weights(comparisons, studies, &mut stream(1, TrialId(5), Purpose::Ensemble))
}

#[test]
fn the_study_that_ranks_best_gets_most_of_the_weight() {
    for seed in 0..5 {
        let Weights { earlier, own } = weights(&comparisons(seed, 12, 3.0), 3);
        assert!(earlier[0] > 0.6, "{earlier:?} {own}");
        assert_eq!(earlier[1], 0.0);
        assert!((earlier.iter().sum::<f64>() + own - 1.0).abs() < 1e-12);
    }
}

#[test]
fn misleading_studies_lose_all_weight_to_the_own_model() {
    let misled: Vec<Comparison> = comparisons(7, 8, 3.0)
        .into_iter()
        .map(|comparison| Comparison { earlier: vec![-comparison.value; 2], ..comparison })
        .collect();
    assert_eq!(weights(&misled, 2), Weights { earlier: vec![0.0; 2], own: 1.0 });
}

#[test]
fn many_useless_studies_do_not_dilute_a_good_own_model() {
    let mut draws = parameters(3);
    let diluted: Vec<Comparison> = comparisons(3, 30, 0.01)
        .into_iter()
        .map(|comparison| Comparison { earlier: (0..40).map(|_| draws.random()).collect(), ..comparison })
        .collect();
    let own = weights(&diluted, 40).own;
    assert!(own > 0.95, "{own}");
}

#[test]
fn without_pairs_at_one_resource_all_earlier_studies_count_alike() {
    let equal = Weights { earlier: vec![1.0 / 3.0; 3], own: 0.0 };
    assert_eq!(weights(&[], 3), equal);
    let rungs = |(i, comparison)| Comparison { t: -(i as f64), ..comparison };
    let apart: Vec<Comparison> = comparisons(1, 4, 1.0).into_iter().enumerate().map(rungs).collect();
    assert_eq!(weights(&apart, 3), equal);
}

#[test]
fn two_studies_that_are_right_together_share_the_weight() {
    let mut draws = parameters(11);
    let halves: Vec<Comparison> = (0..20)
        .map(|trial| {
            let (a, b) = (draws.random::<f64>(), draws.random::<f64>());
            Comparison { trial, t: 0.0, value: a + b, earlier: vec![a, b], own: 0.0 }
        })
        .collect();
    let Weights { earlier, .. } = weights(&halves, 2);
    assert!(earlier.iter().all(|weight| (0.3..0.7).contains(weight)), "{earlier:?}");
}

#[test]
fn weights_depend_on_the_stream_only() {
    let observed = comparisons(2, 10, 0.5);
    assert_eq!(weights(&observed, 3), weights(&observed, 3));
}
