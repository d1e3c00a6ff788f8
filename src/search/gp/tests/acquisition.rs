//! Acquisitions against high-precision figures, numerical quadrature and finite differences.

use proptest::prelude::*;

use super::super::acquisition::{Acquisition, log_cdf, log_h};
use super::super::posterior::Belief;
use super::close;

/// z, ln(φ + z·Φ), ln Φ, Φ/(φ + z·Φ), φ/(φ + z·Φ), φ/Φ: mpmath 1.4.1 with 800 digits; the last two rows from the asymptotic series of
/// Mills' ratio (Abramowitz & Stegun 26.2.12) with 12 terms and as many digits.
const KNOWN: [[f64; 6]; 14] = [
    [
        6.0,
        1.7917594692541146,
        -9.865876455243758e-10,
        0.16666666649789214,
        1.0126471416108251e-09,
        6.075882855817676e-09,
    ],
    [2.0, 0.6973835457882284, -0.023012909328963486, 0.48655931878528386, 0.026881362429432263, 0.055247862678989956],
    [0.5, -0.3598276837450638, -0.3689464152886564, 0.9909227180041099, 0.504538640997945, 0.5091604338370335],
    [0.0, -0.9189385332046728, -std::f64::consts::LN_2, 1.2533141373155003, 1.0, 0.7978845608028654],
    [-1.0, -2.4851210257126413, -1.8410216450092636, 1.9042712333296918, 2.9042712333296916, 1.525135276160981],
    [-3.0, -7.869686059603029, -6.607726221510349, 3.5323375176251606, 11.597012552875482, 3.2830986549304364],
    [-4.99, -16.690729996795877, -15.01318171768932, 5.3524172382768835, 27.708562019001647, 5.17683147360947],
    [-5.0, -16.74430116266099, -15.064998393988725, 5.361816241288088, 27.809081206440442, 5.186503967125842],
    [-5.01, -16.797966327739523, -15.11691180064043, 5.371217079666809, 27.90979756913071, 5.196177543221179],
    [-8.0, -37.12236426169263, -35.01343715991455, 8.239396506840066, 66.91517205472053, 8.121368112236112],
    [-20.0, -206.9178385094251, -203.91715537109727, 20.099262811101283, 402.9852562220256, 20.049753068527853],
    [-40.0, -808.29856835662, -804.6084420137538, 40.04990665764852, 1602.9962663059407, 40.02496884720726],
    [-1e3, -500014.73445209116, -500007.82669481216, 1000.001999994, 1000002.999994, 1000.000999998],
    [-1e6, -500000000028.55, -500000000014.73445, 1000000.000002, 1000000000003.0, 1000000.000001],
];

#[test]
fn the_tails_agree_with_high_precision() {
    let (improvement, probability) =
        (Acquisition::LogExpectedImprovement { margin: 0.0 }, Acquisition::LogProbability { margin: 0.0 });
    for [z, h, cdf, cdf_over_h, pdf_over_h, hazard] in KNOWN {
        assert!(close(log_h(z), h, 1e-13), "{z}: {} and {h}", log_h(z));
        assert!(close(log_cdf(z), cdf, 1e-14), "{z}: {} and {cdf}", log_cdf(z));
        // mean −z and deviation 1 where 0 is to be improved on
        let merit = improvement.merit(Belief { mean: -z, deviation: 1.0 }, 0.0);
        assert!((merit.by_mean / -cdf_over_h - 1.0).abs() < 1e-12, "{z}: {merit:?}, {cdf_over_h}");
        assert!((merit.by_deviation / pdf_over_h - 1.0).abs() < 1e-12, "{z}: {merit:?}, {pdf_over_h}");
        let merit = probability.merit(Belief { mean: -z, deviation: 1.0 }, 0.0);
        assert!((merit.by_mean / -hazard - 1.0).abs() < 1e-13, "{z}: {merit:?}, {hazard}");
    }
}

#[test]
fn certainty_is_worth_what_it_improves_and_no_hope_still_has_an_order() {
    let merit = |mean: f64, deviation: f64| {
        Acquisition::LogExpectedImprovement { margin: 0.0 }.merit(Belief { mean, deviation }, 0.0)
    };
    assert!(close(merit(-2.0, 1e-9).value, f64::ln(2.0), 1e-12));
    assert!(merit(1.0, 1e-6).value > merit(1.1, 1e-6).value);
    assert!(merit(1.0, 1.1e-6).value > merit(1.0, 1e-6).value);
    for deviation in [1e-12, 1.0, 1e12] {
        let merit = merit(1.0, deviation);
        assert!(merit.value.is_finite() && merit.by_mean.is_finite() && merit.by_deviation.is_finite(), "{merit:?}");
    }
}

/// ∫ gain(y)·N(y; belief) dy for y below `edge`, by Simpson's rule down to 12 deviations below the mean.
fn quadrature(belief: Belief, edge: f64, gain: impl Fn(f64) -> f64) -> f64 {
    let Belief { mean, deviation } = belief;
    let low = (mean - 12.0 * deviation).min(edge - 12.0 * deviation);
    let steps = 4000;
    let width = (edge - low) / f64::from(steps);
    let at = |i: i32| {
        let y = low + f64::from(i) * width;
        let z = (y - mean) / deviation;
        gain(y) * (-0.5 * z * z).exp() / (deviation * (2.0 * std::f64::consts::PI).sqrt())
    };
    let inner: f64 = (1..steps).map(|i| at(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (at(0) + inner + at(steps)) * width / 3.0
}

fn any_belief() -> impl Strategy<Value = (Belief, f64, f64)> {
    (-2.0..2.0f64, 0.05..3.0f64, -2.0..2.0f64, 0.0..0.5f64)
        .prop_map(|(mean, deviation, best, margin)| (Belief { mean, deviation }, best, margin))
        .prop_filter("quadrature itself has digits to compare with", |(belief, best, margin)| {
            (best - margin - belief.mean) / belief.deviation > -8.0
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn improvement_and_probability_are_the_integrals_they_stand_for((belief, best, margin) in any_belief()) {
        let edge = best - margin;
        let expected = quadrature(belief, edge, |y| edge - y).ln();
        let found = Acquisition::LogExpectedImprovement { margin }.merit(belief, best).value;
        prop_assert!(close(found, expected, 1e-7), "{found} {expected}");
        let expected = quadrature(belief, edge, |_| 1.0).ln();
        let found = Acquisition::LogProbability { margin }.merit(belief, best).value;
        prop_assert!(close(found, expected, 1e-7), "{found} {expected}");
    }

    #[test]
    fn derivatives_by_mean_and_deviation_are_differences(
        mean in -3.0..3.0f64, deviation in 0.05..3.0f64, best in -3.0..3.0f64, extra in 0.0..2.0f64,
    ) {
        for acquisition in [
            Acquisition::LogExpectedImprovement { margin: extra },
            Acquisition::LogProbability { margin: extra },
            Acquisition::ConfidenceBound { kappa: extra },
        ] {
            let at = |mean, deviation| acquisition.merit(Belief { mean, deviation }, best).value;
            let merit = acquisition.merit(Belief { mean, deviation }, best);
            let step = 1e-5 * deviation;
            let by_mean = (at(mean + step, deviation) - at(mean - step, deviation)) / (2.0 * step);
            let by_deviation = (at(mean, deviation + step) - at(mean, deviation - step)) / (2.0 * step);
            prop_assert!(close(merit.by_mean, by_mean, 1e-5), "{acquisition:?} {merit:?} {by_mean}");
            prop_assert!(close(merit.by_deviation, by_deviation, 1e-5), "{acquisition:?} {merit:?} {by_deviation}");
        }
    }

    #[test]
    fn a_confidence_bound_is_mean_and_deviations((belief, best, kappa) in any_belief()) {
        let merit = Acquisition::ConfidenceBound { kappa }.merit(belief, best);
        prop_assert!(close(-merit.value, belief.mean - kappa * belief.deviation, 1e-15));
    }
}
