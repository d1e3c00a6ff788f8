//! Acquisition functions compared with high-precision values, numerical quadrature and finite differences.

use proptest::prelude::*;

use super::close;
use crate::search::gp::acquisition::{Acquisition, log_cdf, log_h};
use crate::search::gp::posterior::Prediction;

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
fn values_in_the_tails_agree_with_high_precision_references() {
    let (improvement, probability) =
        (Acquisition::LogExpectedImprovement { margin: 0.0 }, Acquisition::LogProbabilityOfImprovement { margin: 0.0 });
    for [z, h, cdf, cdf_over_h, pdf_over_h, hazard] in KNOWN {
        assert!(close(log_h(z), h, 1e-13), "{z}: {} and {h}", log_h(z));
        assert!(close(log_cdf(z), cdf, 1e-14), "{z}: {} and {cdf}", log_cdf(z));
        // Mean −z and standard deviation 1, with 0 as the value to improve on.
        let acquisition_value = improvement.evaluate(Prediction { mean: -z, std: 1.0 }, 0.0);
        assert!(
            (acquisition_value.d_mean / -cdf_over_h - 1.0).abs() < 1e-12,
            "{z}: {acquisition_value:?}, {cdf_over_h}"
        );
        assert!((acquisition_value.d_std / pdf_over_h - 1.0).abs() < 1e-12, "{z}: {acquisition_value:?}, {pdf_over_h}");
        let acquisition_value = probability.evaluate(Prediction { mean: -z, std: 1.0 }, 0.0);
        assert!((acquisition_value.d_mean / -hazard - 1.0).abs() < 1e-13, "{z}: {acquisition_value:?}, {hazard}");
    }
}

#[test]
fn log_expected_improvement_is_exact_without_uncertainty_and_ordered_without_hope() {
    let acquisition_value = |mean: f64, std: f64| {
        Acquisition::LogExpectedImprovement { margin: 0.0 }.evaluate(Prediction { mean, std }, 0.0)
    };
    assert!(close(acquisition_value(-2.0, 1e-9).value, f64::ln(2.0), 1e-12));
    assert!(acquisition_value(1.0, 1e-6).value > acquisition_value(1.1, 1e-6).value);
    assert!(acquisition_value(1.0, 1.1e-6).value > acquisition_value(1.0, 1e-6).value);
    for std in [1e-12, 1.0, 1e12] {
        let acquisition_value = acquisition_value(1.0, std);
        assert!(
            acquisition_value.value.is_finite()
                && acquisition_value.d_mean.is_finite()
                && acquisition_value.d_std.is_finite(),
            "{acquisition_value:?}"
        );
    }
}

/// ∫ gain(y)·N(y; prediction) dy for y below `edge`, by Simpson's rule down to 12 standard deviations below the mean.
fn quadrature(prediction: Prediction, edge: f64, gain: impl Fn(f64) -> f64) -> f64 {
    let Prediction { mean, std } = prediction;
    let low = (mean - 12.0 * std).min(edge - 12.0 * std);
    let steps = 4000;
    let width = (edge - low) / f64::from(steps);
    let at = |i: i32| {
        let y = low + f64::from(i) * width;
        let z = (y - mean) / std;
        gain(y) * (-0.5 * z * z).exp() / (std * (2.0 * std::f64::consts::PI).sqrt())
    };
    let inner: f64 = (1..steps).map(|i| at(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (at(0) + inner + at(steps)) * width / 3.0
}

fn any_prediction() -> impl Strategy<Value = (Prediction, f64, f64)> {
    (-2.0..2.0f64, 0.05..3.0f64, -2.0..2.0f64, 0.0..0.5f64)
        .prop_map(|(mean, std, best, margin)| (Prediction { mean, std }, best, margin))
        .prop_filter("the quadrature is accurate there", |(prediction, best, margin)| {
            (best - margin - prediction.mean) / prediction.std > -8.0
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn improvement_and_probability_equal_their_integrals((prediction, best, margin) in any_prediction()) {
        let edge = best - margin;
        let expected = quadrature(prediction, edge, |y| edge - y).ln();
        let found = Acquisition::LogExpectedImprovement { margin }.evaluate(prediction, best).value;
        prop_assert!(close(found, expected, 1e-7), "{found} {expected}");
        let expected = quadrature(prediction, edge, |_| 1.0).ln();
        let found = Acquisition::LogProbabilityOfImprovement { margin }.evaluate(prediction, best).value;
        prop_assert!(close(found, expected, 1e-7), "{found} {expected}");
    }

    #[test]
    fn derivatives_equal_finite_differences(
        mean in -3.0..3.0f64, std in 0.05..3.0f64, best in -3.0..3.0f64, extra in 0.0..2.0f64,
    ) {
        for acquisition in [
            Acquisition::LogExpectedImprovement { margin: extra },
            Acquisition::LogProbabilityOfImprovement { margin: extra },
            Acquisition::ConfidenceBound { kappa: extra },
        ] {
            let at = |mean, std| acquisition.evaluate(Prediction { mean, std }, best).value;
            let acquisition_value = acquisition.evaluate(Prediction { mean, std }, best);
            let step = 1e-5 * std;
            let d_mean = (at(mean + step, std) - at(mean - step, std)) / (2.0 * step);
            let d_std = (at(mean, std + step) - at(mean, std - step)) / (2.0 * step);
            prop_assert!(close(acquisition_value.d_mean, d_mean, 1e-5), "{acquisition:?} {acquisition_value:?} {d_mean}");
            prop_assert!(close(acquisition_value.d_std, d_std, 1e-5), "{acquisition:?} {acquisition_value:?} {d_std}");
        }
    }

    #[test]
    fn the_confidence_bound_is_mean_minus_kappa_std((prediction, best, kappa) in any_prediction()) {
        let acquisition_value = Acquisition::ConfidenceBound { kappa }.evaluate(prediction, best);
        prop_assert!(close(-acquisition_value.value, prediction.mean - kappa * prediction.std, 1e-15));
    }
}
