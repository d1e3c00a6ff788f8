//! `normal`, `lognormal` and their forms rounded to multiples of q.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::continuous::{Continuous, Support, quantized, unrounded};
use super::distribution::Distribution;
use super::uniform::MAX_EXPONENT;
use super::{Form, ParamKind, display};
use crate::types::args::ArgReader;
use crate::types::std_normal;
use crate::types::stream::Stream;

const LOC_SCALE: Form = Form::Named { required: &["loc", "scale"], optional: &[], positional: true };
const LOC_SCALE_Q: Form = Form::Named { required: &["loc", "scale", "q"], optional: &[], positional: true };

/// `normal`: mean `loc`, standard deviation `scale` > 0.
pub static NORMAL: ParamKind =
    ParamKind { name: "normal", forms: &[LOC_SCALE], build: |args| unrounded(args, normal), advice: |_| None };

/// `lognormal`: exp of a normal draw with mean `loc` and standard deviation `scale` > 0.
pub static LOGNORMAL: ParamKind =
    ParamKind { name: "lognormal", forms: &[LOC_SCALE], build: |args| unrounded(args, log_normal), advice: |_| None };

/// `qnormal`: a normal draw rounded to multiples of q.
pub static QNORMAL: ParamKind =
    ParamKind { name: "qnormal", forms: &[LOC_SCALE_Q], build: |args| quantized(args, normal), advice: |_| None };

/// `qlognormal`: a lognormal draw rounded to multiples of q, which include zero.
pub static QLOGNORMAL: ParamKind = ParamKind {
    name: "qlognormal",
    forms: &[LOC_SCALE_Q],
    build: |args| quantized(args, log_normal),
    advice: |_| None,
};

/// Maximum distance of a draw from the mean in standard deviations: beyond 3.65 the ziggurat algorithm adds −ln(u)/3.65 with u ≥ 2⁻⁵³,
/// at most 10.1 (J. A. Doornik, "An improved ziggurat method to generate normal random samples", 2005).
const MAX_DEVIATION: f64 = 14.0;

/// 2⁻⁵³, half the distance of 64-bit floats below 1: 0 and 1 of the unit interval are replaced by TAIL and 1 − TAIL.
const TAIL: f64 = f64::EPSILON / 2.0;

#[derive(Debug)]
struct Normal {
    loc: f64,
    scale: f64,
}

fn normal(reader: &mut ArgReader<'_>) -> Option<Normal> {
    let (loc, scale) = (reader.number("loc"), reader.number("scale"));
    reader.check(scale.is_none_or(|s| s > 0.0), "scale", "`scale` (the standard deviation) must be above 0");
    let normal = Normal { loc: loc?, scale: scale.filter(|s| *s > 0.0)? };
    let finite = normal.max_abs().is_finite();
    reader.check(finite, "scale", "draws with this `loc` and `scale` may not be finite");
    let distinct = normal.loc + normal.scale != normal.loc;
    reader.check(distinct, "scale", "`scale` is too small relative to `loc`: all draws would be equal");
    (finite && distinct).then_some(normal)
}

impl Continuous for Normal {
    fn draw(&self, stream: &mut Stream) -> f64 {
        let z: f64 = stream.sample(StandardNormal);
        self.loc + self.scale * z
    }

    fn cdf(&self, x: f64) -> f64 {
        std_normal::cdf((x - self.loc) / self.scale)
    }

    fn quantile(&self, unit: f64) -> f64 {
        self.loc + self.scale * std_normal::quantile(unit.clamp(TAIL, 1.0 - TAIL))
    }

    fn support(&self) -> Support {
        Support { low: f64::NEG_INFINITY, high: f64::INFINITY }
    }

    fn max_abs(&self) -> f64 {
        self.loc.abs() + MAX_DEVIATION * self.scale
    }

    fn distribution(&self) -> Distribution {
        Distribution::Normal { loc: self.loc, scale: self.scale }
    }

    fn describe(&self) -> String {
        format!("normal, mean {}, deviation {}", display::number(self.loc), display::number(self.scale))
    }
}

#[derive(Debug)]
struct LogNormal {
    exponent: Normal,
}

fn log_normal(reader: &mut ArgReader<'_>) -> Option<LogNormal> {
    let exponent = normal(reader)?;
    let fits = exponent.max_abs() <= MAX_EXPONENT;
    reader.check(fits, "scale", "exp of a draw with this `loc` and `scale` may be outside the range of floats");
    fits.then_some(LogNormal { exponent })
}

impl Continuous for LogNormal {
    fn draw(&self, stream: &mut Stream) -> f64 {
        libm::exp(self.exponent.draw(stream))
    }

    fn cdf(&self, x: f64) -> f64 {
        if x > 0.0 { self.exponent.cdf(libm::log(x)) } else { 0.0 }
    }

    fn quantile(&self, unit: f64) -> f64 {
        libm::exp(self.exponent.quantile(unit))
    }

    fn support(&self) -> Support {
        Support { low: 0.0, high: f64::INFINITY }
    }

    fn max_abs(&self) -> f64 {
        libm::exp(self.exponent.loc + MAX_DEVIATION * self.exponent.scale)
    }

    fn distribution(&self) -> Distribution {
        Distribution::LogNormal { loc: self.exponent.loc, scale: self.exponent.scale }
    }

    fn describe(&self) -> String {
        let middle = display::number(libm::exp(self.exponent.loc));
        format!("lognormal, median {middle}, deviation {} of the logarithm", display::number(self.exponent.scale))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LOGNORMAL, NORMAL, QLOGNORMAL, QNORMAL};
    use crate::space::tests::{domain, draws, error, moments};

    #[test]
    fn draws_have_the_given_moments() {
        let (mean, deviation) = moments(draws(&NORMAL, json!([5, 2]), 20_000).into_iter());
        assert!((mean - 5.0).abs() < 0.06 && (deviation - 2.0).abs() < 0.05, "{mean} {deviation}");
        let (mean, deviation) = moments(draws(&LOGNORMAL, json!([1, 0.5]), 20_000).iter().map(|x| x.ln()));
        assert!((mean - 1.0).abs() < 0.02 && (deviation - 0.5).abs() < 0.02, "{mean} {deviation}");
        // Rounding to q adds a variance of q²/12.
        let (mean, deviation) = moments(draws(&QNORMAL, json!([0, 1, 0.5]), 20_000).into_iter());
        assert!(mean.abs() < 0.03 && (deviation - 1.0104).abs() < 0.03, "{mean} {deviation}");
        let (mean, _) = moments(draws(&QLOGNORMAL, json!([3, 0.5, 1]), 20_000).into_iter());
        // exp(loc + scale²/2).
        assert!((mean / 22.76 - 1.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn a_third_of_the_draws_is_beyond_one_standard_deviation() {
        let beyond = draws(&NORMAL, json!([0, 1]), 20_000).iter().filter(|z| z.abs() > 1.0).count();
        assert!((beyond as f64 / 20_000.0 - 0.3173).abs() < 0.015, "{beyond}");
    }

    #[test]
    fn the_middle_of_the_unit_interval_is_the_median() {
        assert_eq!(domain(&NORMAL, json!([5, 2])).from_unit(0.5), json!(5.0));
        assert_eq!(domain(&LOGNORMAL, json!([0, 2])).from_unit(0.5), json!(1.0));
        assert_eq!(domain(&NORMAL, json!([5, 2])).to_unit(&json!(5)), Some(0.5));
        assert!(domain(&NORMAL, json!([5, 2])).from_unit(1.0).as_f64().unwrap() < 25.0);
    }

    #[test]
    fn integer_steps_give_integers_and_small_draws_round_to_zero() {
        let ints = domain(&QNORMAL, json!([0, 3, 2]));
        assert_eq!(ints.from_unit(0.9).to_string(), "4");
        assert_eq!(domain(&QNORMAL, json!([0, 1, 0.5])).from_unit(0.45).to_string(), "0.0");
        assert_eq!(domain(&QLOGNORMAL, json!([0, 1, 10])).from_unit(0.1).to_string(), "0");
        assert!(ints.contains(&json!(-4)) && !ints.contains(&json!(3)));
        assert!(!domain(&QLOGNORMAL, json!([0, 1, 1])).contains(&json!(-1)));
    }

    #[test]
    fn arguments_with_infinite_draws_are_rejected() {
        insta::assert_snapshot!(error(&NORMAL, json!([0, 0])), @r#"Key("scale") `scale` (the standard deviation) must be above 0"#);
        insta::assert_snapshot!(error(&NORMAL, json!([1e300, 1])), @r#"Key("scale") `scale` is too small relative to `loc`: all draws would be equal"#);
        insta::assert_snapshot!(error(&NORMAL, json!([0, 1e308])), @r#"Key("scale") draws with this `loc` and `scale` may not be finite"#);
        insta::assert_snapshot!(error(&LOGNORMAL, json!([700, 1])), @r#"Key("scale") exp of a draw with this `loc` and `scale` may be outside the range of floats"#);
        insta::assert_snapshot!(error(&QNORMAL, json!([0, 1, -1])), @r#"Key("q") `q` must be above 0, found -1"#);
    }
}
