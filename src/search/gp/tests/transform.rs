//! Costs of every size and kind, as the model sees them.

use proptest::prelude::*;

use super::super::transform::values;
use super::close;

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt())
}

#[test]
fn positive_costs_count_by_their_ratios_and_others_by_their_differences() {
    let ratios = values(&[1.0, 10.0, 100.0, 1000.0]);
    assert!(close(ratios[1] - ratios[0], ratios[3] - ratios[2], 1e-12), "{ratios:?}");
    let differences = values(&[-1.0, 0.0, 1.0, 2.0]);
    assert!(close(differences[1] - differences[0], differences[3] - differences[2], 1e-12), "{differences:?}");
}

#[test]
fn one_diverged_value_does_not_flatten_the_others() {
    let mut costs: Vec<f64> = (0..20).map(f64::from).map(|i| -i).collect();
    costs.push(1e12);
    let seen = values(&costs);
    assert!(seen[20] > seen[0], "it is still the worst");
    assert!(seen[0] - seen[19] > 1.0, "the others are still told apart: {seen:?}");
}

#[test]
fn values_all_alike_are_zeros() {
    for cost in [0.0, 1e-300, 0.3, -7.0, 1e300, -1e300] {
        assert_eq!(values(&[cost; 5]), [0.0; 5], "{cost}");
    }
    assert_eq!(values(&[0.3]), [0.0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_finite_costs_come_out_finite_standardized_and_in_order(
        costs in prop::collection::vec(
            prop_oneof![any::<f64>(), -1.0..1.0f64, 0.0..1.0f64, Just(1e300), Just(-1e300), Just(1e-300), Just(0.0)]
                .prop_filter("scores are finite", |v| v.is_finite()),
            1..40,
        ),
    ) {
        let seen = values(&costs);
        prop_assert!(seen.iter().all(|v| v.is_finite()), "{costs:?} {seen:?}");
        let (mean, deviation) = moments(&seen);
        prop_assert!(close(mean, 0.0, 1e-9), "{mean}");
        prop_assert!(deviation == 0.0 || close(deviation, 1.0, 1e-9), "{deviation}");
        for (a, x) in costs.iter().zip(&seen) {
            for (b, y) in costs.iter().zip(&seen) {
                prop_assert!(!(a < b && x > y), "{a} {b} came out as {x} {y}");
            }
        }
    }
}
