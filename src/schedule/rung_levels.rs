//! Resources and sizes of rungs from r_min, R and η, without a floating-point logarithm.
//!
//! Powers of η are repeated products: exact for an integer η and for short binary fractions (2.5). Otherwise the rounding
//! error has a known bound, and a result within that bound of an integer counts as the integer: 121 / 1.1² is 100, not 99.

use crate::types::units::{Resource, ResourceKind};

/// Maximum number of rungs before equal ones are merged. An η so close to 1 that it needs more is a mistake.
pub const MAX_RUNGS: u32 = 1000;

/// r_min, R and η with 0 < r_min ≤ R, η > 1 and at most [`MAX_RUNGS`] rungs.
#[derive(Clone, PartialEq, Debug)]
pub struct RungLevels {
    min: f64,
    max: f64,
    eta: f64,
    kind: ResourceKind,
    /// η^0 … η^(s_max + 1).
    powers: Vec<Power>,
}

/// A power of η.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Power {
    value: f64,
    /// Bound of the relative rounding error.
    error: f64,
}

/// Bounds or reduction factor out of range.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
pub enum RungLevelsError {
    /// η is not above 1.
    #[error("eta must be above 1, found {0}")]
    Eta(f64),
    /// r_min is not in (0, R].
    #[error("the smallest resource must be above 0 and at most {max}, found {min}")]
    MinResource {
        /// r_min.
        min: f64,
        /// R.
        max: f64,
    },
    /// More than [`MAX_RUNGS`] rungs.
    #[error("from {min} to {max} in factors of {eta} there are more than {MAX_RUNGS} rungs; use a larger eta")]
    TooManyRungs {
        /// r_min.
        min: f64,
        /// R.
        max: f64,
        /// η.
        eta: f64,
    },
}

impl RungLevels {
    /// Rungs from `min` to `max`, in factors of `eta`.
    pub fn new(min: f64, max: f64, eta: f64, kind: ResourceKind) -> Result<RungLevels, RungLevelsError> {
        if !(eta.is_finite() && eta > 1.0) {
            return Err(RungLevelsError::Eta(eta));
        }
        if !(max.is_finite() && min > 0.0 && min <= max) {
            return Err(RungLevelsError::MinResource { min, max });
        }
        let powers = powers(min, max, eta).ok_or(RungLevelsError::TooManyRungs { min, max, eta })?;
        Ok(RungLevels { min, max, eta, kind, powers })
    }

    /// R.
    pub fn max_resource(&self) -> Resource {
        self.resource(self.max, 0.0)
    }

    /// r_min, at least 1 for an integer resource.
    pub fn min_resource(&self) -> Resource {
        self.resource(self.min, 0.0)
    }

    /// η.
    pub fn eta(&self) -> f64 {
        self.eta
    }

    /// s_max: the largest s with R / η^s ≥ r_min (Li et al. 2018, Algorithm 1, line 1).
    pub fn s_max(&self) -> u32 {
        self.powers.len() as u32 - 2
    }

    /// (i, R·η^(i−s)) for i = 0…s ≤ s_max: the rungs of Hyperband's bracket s. The last is exactly R; integer resources are
    /// truncated, and of equal rungs the first is kept.
    pub fn bracket_resources(&self, s: u32) -> Vec<(u32, Resource)> {
        merged((0..=s).map(|i| {
            let power = self.power(s - i);
            (i, self.resource(self.max / power.value, power.error))
        }))
    }

    /// r_min·η^k up to R, and R itself if it is no such product (D2L 19.4.1). Integer resources are truncated and equal
    /// rungs merged.
    pub fn resources(&self) -> Vec<Resource> {
        let products = (0..=self.s_max()).map(|k| {
            let power = self.power(k);
            let amount = self.min * power.value;
            let amount = if reaches(amount, self.max, power.error) { self.max } else { amount };
            (k, self.resource(amount, power.error))
        });
        merged(products.chain([(self.s_max() + 1, self.max_resource())])).into_iter().map(|(_, r)| r).collect()
    }

    /// ⌊count·η^exponent / divisor⌋, for an exponent ≤ s_max + 1.
    pub fn mul_pow_floor(&self, count: f64, exponent: u32, divisor: u32) -> u64 {
        let power = self.power(exponent);
        floor(count * power.value / f64::from(divisor), power.error) as u64
    }

    /// ⌈count·η^exponent / divisor⌉, for an exponent ≤ s_max + 1.
    pub fn mul_pow_ceil(&self, count: f64, exponent: u32, divisor: u32) -> u64 {
        let power = self.power(exponent);
        -floor(-count * power.value / f64::from(divisor), power.error) as u64
    }

    /// ⌊count / η^exponent⌋, for an exponent ≤ s_max + 1.
    pub fn div_pow_floor(&self, count: u64, exponent: u32) -> u64 {
        let power = self.power(exponent);
        floor(count as f64 / power.value, power.error) as u64
    }

    fn power(&self, exponent: u32) -> Power {
        self.powers[exponent as usize]
    }

    fn resource(&self, amount: f64, error: f64) -> Resource {
        let amount = match self.kind {
            ResourceKind::Int => floor(amount, error).max(1.0),
            ResourceKind::Float => amount,
        };
        Resource::new(amount).expect("amounts are between r_min and R, which are finite")
    }
}

/// ⌊x⌋, where an `x` within its relative `error` of an integer counts as that integer.
fn floor(x: f64, error: f64) -> f64 {
    let rounded = x.round();
    if (x - rounded).abs() <= x.abs() * error { rounded } else { x.floor() }
}

/// Whether `x` ≥ `bound`, up to the relative rounding `error`.
fn reaches(x: f64, bound: f64, error: f64) -> bool {
    x >= bound - bound * error
}

/// η^0 up to the first power above max / min; `None` if that takes more than [`MAX_RUNGS`].
fn powers(min: f64, max: f64, eta: f64) -> Option<Vec<Power>> {
    // Half a unit in the last place for η itself, if it is a decimal fraction, and for each product.
    let decimal = (eta * f64::from(1u32 << 20)).fract() != 0.0;
    let mut powers = vec![Power { value: 1.0, error: 0.0 }];
    for exponent in 1..=MAX_RUNGS {
        let last = powers[powers.len() - 1];
        let value = last.value * eta;
        let is_exact = !decimal && last.error == 0.0 && last.value.mul_add(eta, -value) == 0.0;
        let error = if is_exact { 0.0 } else { f64::EPSILON * f64::from(exponent) };
        powers.push(Power { value, error });
        if !reaches(max / value, min, error) {
            return Some(powers);
        }
    }
    None
}

/// Keeps the first of equal resources.
fn merged(rungs: impl Iterator<Item = (u32, Resource)>) -> Vec<(u32, Resource)> {
    let mut kept: Vec<(u32, Resource)> = Vec::new();
    for rung in rungs {
        if kept.last().is_none_or(|last| last.1 < rung.1) {
            kept.push(rung);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int_levels(min: f64, max: f64, eta: f64) -> RungLevels {
        RungLevels::new(min, max, eta, ResourceKind::Int).unwrap()
    }

    fn amounts(rungs: Vec<(u32, Resource)>) -> Vec<f64> {
        rungs.into_iter().map(|(_, r)| r.amount()).collect()
    }

    #[test]
    fn s_max_is_exact_where_floating_point_logarithms_are_not() {
        assert_eq!(int_levels(1.0, 243.0, 3.0).s_max(), 5);
        assert_eq!(int_levels(1.0, 1000.0, 10.0).s_max(), 3);
        assert_eq!(int_levels(1.0, 242.0, 3.0).s_max(), 4);
        assert_eq!(int_levels(2.0, 10.0, 3.0).s_max(), 1);
        assert_eq!(int_levels(1.0, 1.0, 3.0).s_max(), 0);
    }

    #[test]
    fn s_max_of_every_integer_power_is_its_exponent() {
        for eta in 2..=20u64 {
            let mut power = 1u64;
            for s in 0.. {
                assert_eq!(int_levels(1.0, power as f64, eta as f64).s_max(), s, "{eta}^{s}");
                if s > 0 {
                    assert_eq!(int_levels(1.0, (power - 1) as f64, eta as f64).s_max(), s - 1, "{eta}^{s} - 1");
                }
                power *= eta;
                if power > 1 << 53 {
                    break;
                }
            }
        }
    }

    #[test]
    fn integer_rungs_are_truncated_merged_and_end_at_r() {
        assert_eq!(amounts(int_levels(1.0, 10.0, 3.0).bracket_resources(2)), [1.0, 3.0, 10.0]);
        assert_eq!(
            int_levels(1.0, 10.0, 1.5).bracket_resources(5)[..2].iter().map(|r| r.0).collect::<Vec<_>>(),
            [0, 2]
        );
        assert_eq!(amounts(int_levels(1.0, 10.0, 1.5).bracket_resources(5)), [1.0, 2.0, 4.0, 6.0, 10.0]);
    }

    #[test]
    fn a_decimal_eta_keeps_integer_resources() {
        assert_eq!(amounts(int_levels(1.0, 121.0, 1.1).bracket_resources(2)), [100.0, 110.0, 121.0]);
    }

    #[test]
    fn float_rungs_are_not_truncated() {
        let levels = RungLevels::new(1.0, 10.0, 2.5, ResourceKind::Float).unwrap();
        assert_eq!(amounts(levels.bracket_resources(2)), [1.6, 4.0, 10.0]);
    }

    #[test]
    fn r_is_added_only_if_it_is_no_product() {
        let amounts = |min, max, eta| -> Vec<f64> {
            int_levels(min, max, eta).resources().into_iter().map(Resource::amount).collect()
        };
        assert_eq!(amounts(2.0, 10.0, 2.0), [2.0, 4.0, 8.0, 10.0]);
        assert_eq!(amounts(1.0, 27.0, 3.0), [1.0, 3.0, 9.0, 27.0]);
        assert_eq!(amounts(5.0, 5.0, 2.0), [5.0]);
        assert_eq!(amounts(1.0, 4.0, 1.3), [1.0, 2.0, 3.0, 4.0]);
        let tenths = RungLevels::new(1.0, 1.21, 1.1, ResourceKind::Float).unwrap().resources();
        assert_eq!(tenths.len(), 3);
        assert_eq!(tenths[2].amount(), 1.21);
    }

    #[test]
    fn extreme_settings_are_rejected_or_saturate() {
        assert!(
            RungLevels::new(1.0, 1e18, 1.0000001, ResourceKind::Float).unwrap_err().to_string().contains("1000 rungs")
        );
        assert!(RungLevels::new(1.0, 81.0, 1.0, ResourceKind::Int).is_err());
        assert!(RungLevels::new(1.0, 81.0, f64::NAN, ResourceKind::Int).is_err());
        assert!(RungLevels::new(0.0, 81.0, 3.0, ResourceKind::Float).is_err());
        assert_eq!(int_levels(1.0, 1e15, 1e300).s_max(), 0);
        assert_eq!(int_levels(1.0, 1e15, 3.0).mul_pow_floor(1e300, 30, 1), u64::MAX);
        assert_eq!(int_levels(1.0, 1e15, 1e300).mul_pow_floor(1e300, 1, 1), u64::MAX);
    }
}
