//! Transformed costs.

use proptest::prelude::*;

use super::close;
use crate::search::gp::transform::transform_costs;

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt())
}

#[test]
fn ratios_of_positive_costs_and_differences_of_others_are_kept() {
    let ratios = transform_costs(&[1.0, 10.0, 100.0, 1000.0]);
    assert!(close(ratios[1] - ratios[0], ratios[3] - ratios[2], 1e-12), "{ratios:?}");
    let differences = transform_costs(&[-1.0, 0.0, 1.0, 2.0]);
    assert!(close(differences[1] - differences[0], differences[3] - differences[2], 1e-12), "{differences:?}");
}

#[test]
fn one_outlier_does_not_compress_the_others() {
    let mut costs: Vec<f64> = (0..20).map(f64::from).map(|i| -i).collect();
    costs.push(1e12);
    let transformed = transform_costs(&costs);
    assert!(transformed[20] > transformed[0], "it is still the worst");
    assert!(transformed[0] - transformed[19] > 1.0, "the others still differ: {transformed:?}");
}

#[test]
fn equal_costs_become_zeros() {
    for cost in [0.0, 1e-300, 0.3, -7.0, 1e300, -1e300] {
        assert_eq!(transform_costs(&[cost; 5]), [0.0; 5], "{cost}");
    }
    assert_eq!(transform_costs(&[0.3]), [0.0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn finite_costs_stay_finite_and_ordered_and_are_standardized(
        costs in prop::collection::vec(
            prop_oneof![any::<f64>(), -1.0..1.0f64, 0.0..1.0f64, Just(1e300), Just(-1e300), Just(1e-300), Just(0.0)]
                .prop_filter("scores are finite", |v| v.is_finite()),
            1..40,
        ),
    ) {
        let transformed = transform_costs(&costs);
        prop_assert!(transformed.iter().all(|v| v.is_finite()), "{costs:?} {transformed:?}");
        let (mean, deviation) = moments(&transformed);
        prop_assert!(close(mean, 0.0, 1e-9), "{mean}");
        prop_assert!(deviation == 0.0 || close(deviation, 1.0, 1e-9), "{deviation}");
        for (a, x) in costs.iter().zip(&transformed) {
            for (b, y) in costs.iter().zip(&transformed) {
                prop_assert!(!(a < b && x > y), "{a} {b} became {x} {y}");
            }
        }
    }
}
