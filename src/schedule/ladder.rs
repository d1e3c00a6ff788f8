//! Rung arithmetic without a floating logarithm: resources and sizes of rungs from r_min, R and η.
//!
//! Powers of η are repeated products, exact for whole η and for short binary fractions (2.5). Where they are not, the error is
//! bounded, and what misses a whole number by no more than that counts as it: 121 / 1.1² is 100, not 99.

use crate::words::args::Reader;
use crate::words::units::{Resource, ResourceKind};

use super::RungPlan;

/// Most rungs of a ladder before equal ones are merged. An η so close to 1 that it needs more is a slip.
pub const MAX_RUNGS: u32 = 1000;

/// Largest whole resource that a 64-bit float counts exactly, rounded down to a readable number.
const MAX_COUNT: f64 = 9e15;

/// r_min, R and η, checked: 0 < r_min ≤ R, η > 1, at most [`MAX_RUNGS`] rungs.
#[derive(Clone, PartialEq, Debug)]
pub struct Ladder {
    min: f64,
    max: f64,
    eta: f64,
    kind: ResourceKind,
    /// η^0 … η^(s_max + 1).
    powers: Vec<Power>,
}

/// A power of η, and by how much rounding may have changed it, as a share of it.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Power {
    value: f64,
    slack: f64,
}

impl Ladder {
    /// A ladder from `min` to `max` in factors of `eta`; the error says which of them is out of range.
    pub fn new(min: f64, max: f64, eta: f64, kind: ResourceKind) -> Result<Ladder, String> {
        if !(eta.is_finite() && eta > 1.0) {
            return Err(format!("eta must be above 1, found {eta}"));
        }
        if !(max.is_finite() && min > 0.0 && min <= max) {
            return Err(format!("the smallest resource must be above 0 and at most {max}, found {min}"));
        }
        let powers = powers(min, max, eta).ok_or_else(|| {
            format!("from {min} to {max} in factors of {eta} there are more than {MAX_RUNGS} rungs; take a larger eta")
        })?;
        Ok(Ladder { min, max, eta, kind, powers })
    }

    /// Reads `maxIterations` (≥ 1), `minIterations` (default 1), `eta` (default 3) and `resourceType` (default int).
    pub fn read(reader: &mut Reader<'_>) -> Option<Ladder> {
        let kind = match reader.text_or_absent("resourceType").as_deref() {
            Some("float") => ResourceKind::Float,
            _ => ResourceKind::Int,
        };
        let max = reader.number("maxIterations");
        let min = reader.number_or_absent("minIterations");
        let eta = reader.number_or_absent("eta").unwrap_or(3.0);
        reader.check(eta > 1.0, "eta", format!("`eta` must be above 1, found {eta}"));
        let (max, min) = (max?, min.unwrap_or(1.0));
        reader.check(max >= 1.0, "maxIterations", format!("`maxIterations` must be 1 or more, found {max}"));
        reader.check(min > 0.0, "minIterations", format!("`minIterations` must be above 0, found {min}"));
        if max >= 1.0 && min > 0.0 {
            let orderly = format!("`minIterations` {min} is above `maxIterations` {max}");
            reader.check(min <= max, "minIterations", orderly);
            check_whole(reader, "maxIterations", max, kind);
            check_whole(reader, "minIterations", min, kind);
        }
        if !reader.is_clean() {
            return None;
        }
        Ladder::new(min, max, eta, kind).map_err(|message| reader.fault("eta", message)).ok()
    }

    /// R.
    pub fn full(&self) -> Resource {
        self.resource(self.max, 0.0)
    }

    /// r_min, at least 1 where the resource is whole.
    pub fn least(&self) -> Resource {
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

    /// R·η^(i−s) for i = 0…s ≤ s_max as (i, resource), ints truncated, the last exactly R; of equal ones the first stays.
    pub fn down_from_full(&self, s: u32) -> Vec<(u32, Resource)> {
        merged((0..=s).map(|i| {
            let power = self.power(s - i);
            (i, self.resource(self.max / power.value, power.slack))
        }))
    }

    /// r_min·η^k up to R, and R itself where the ladder misses it (D2L 19.4.1), ints truncated and equal rungs merged.
    pub fn up_from_least(&self) -> Vec<Resource> {
        let climb = (0..=self.s_max()).map(|k| {
            let power = self.power(k);
            let amount = self.min * power.value;
            let amount = if reaches(amount, self.max, power.slack) { self.max } else { amount };
            (k, self.resource(amount, power.slack))
        });
        merged(climb.chain([(self.s_max() + 1, self.full())])).into_iter().map(|(_, resource)| resource).collect()
    }

    /// ⌊count·η^exponent / parts⌋, for an exponent up to s_max + 1.
    pub fn grown(&self, count: f64, exponent: u32, parts: u32) -> u64 {
        let power = self.power(exponent);
        floor(count * power.value / f64::from(parts), power.slack) as u64
    }

    /// ⌈count·η^exponent / parts⌉, for an exponent up to s_max + 1.
    pub fn grown_up(&self, count: f64, exponent: u32, parts: u32) -> u64 {
        let power = self.power(exponent);
        -floor(-count * power.value / f64::from(parts), power.slack) as u64
    }

    /// ⌊count / η^exponent⌋, for an exponent up to s_max + 1.
    pub fn shrunk(&self, count: u64, exponent: u32) -> u64 {
        let power = self.power(exponent);
        floor(count as f64 / power.value, power.slack) as u64
    }

    fn power(&self, exponent: u32) -> Power {
        self.powers[exponent as usize]
    }

    fn resource(&self, amount: f64, slack: f64) -> Resource {
        let amount = match self.kind {
            ResourceKind::Int => floor(amount, slack).max(1.0),
            ResourceKind::Float => amount,
        };
        Resource::new(amount).expect("amounts lie between r_min and R, which are finite")
    }
}

/// The rungs of one bracket that starts `started` of its planned configurations: every rung shrinks in proportion, and at
/// least one configuration may go on to the end.
pub fn shrink(rungs: &[RungPlan], started: u64) -> Vec<RungPlan> {
    let planned = rungs.first().map_or(0, |r| r.configs).max(1);
    let part = |configs: u64| (u128::from(configs) * u128::from(started) / u128::from(planned)) as u64;
    let least = started.min(1);
    rungs.iter().map(|r| RungPlan { configs: part(r.configs).clamp(least, r.configs), ..*r }).collect()
}

/// ⌊x⌋, where an `x` that rounding alone may have kept from a whole number counts as that number.
fn floor(x: f64, slack: f64) -> f64 {
    let whole = x.round();
    if (x - whole).abs() <= x.abs() * slack { whole } else { x.floor() }
}

/// Whether `x` is `bound` or more but for rounding.
fn reaches(x: f64, bound: f64, slack: f64) -> bool {
    x >= bound - bound * slack
}

/// η^0 up to the first power above max / min; `None` if that takes more than [`MAX_RUNGS`].
fn powers(min: f64, max: f64, eta: f64) -> Option<Vec<Power>> {
    // Half a unit in the last place for η itself, which a decimal fraction is not exactly, and for each product.
    let decimal = (eta * f64::from(1u32 << 20)).fract() != 0.0;
    let mut powers = vec![Power { value: 1.0, slack: 0.0 }];
    for exponent in 1..=MAX_RUNGS {
        let last = powers[powers.len() - 1];
        let value = last.value * eta;
        let is_exact = !decimal && last.slack == 0.0 && last.value.mul_add(eta, -value) == 0.0;
        let slack = if is_exact { 0.0 } else { f64::EPSILON * f64::from(exponent) };
        powers.push(Power { value, slack });
        if !reaches(max / value, min, slack) {
            return Some(powers);
        }
    }
    None
}

fn merged(rungs: impl Iterator<Item = (u32, Resource)>) -> Vec<(u32, Resource)> {
    let mut kept: Vec<(u32, Resource)> = Vec::new();
    for rung in rungs {
        if kept.last().is_none_or(|last| last.1 < rung.1) {
            kept.push(rung);
        }
    }
    kept
}

fn check_whole(reader: &mut Reader<'_>, name: &str, bound: f64, kind: ResourceKind) {
    if kind == ResourceKind::Int {
        reader.check(bound.fract() == 0.0, name, format!("`{name}` must be whole for an int resource, found {bound}"));
        reader.check(bound <= MAX_COUNT, name, format!("`{name}` must be at most {MAX_COUNT:e} for an int resource"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(min: f64, max: f64, eta: f64) -> Ladder {
        Ladder::new(min, max, eta, ResourceKind::Int).unwrap()
    }

    fn amounts(rungs: Vec<(u32, Resource)>) -> Vec<f64> {
        rungs.into_iter().map(|(_, r)| r.amount()).collect()
    }

    #[test]
    fn s_max_is_exact_where_logarithms_are_not() {
        assert_eq!(whole(1.0, 243.0, 3.0).s_max(), 5);
        assert_eq!(whole(1.0, 1000.0, 10.0).s_max(), 3);
        assert_eq!(whole(1.0, 242.0, 3.0).s_max(), 4);
        assert_eq!(whole(2.0, 10.0, 3.0).s_max(), 1);
        assert_eq!(whole(1.0, 1.0, 3.0).s_max(), 0);
    }

    #[test]
    fn every_whole_power_gives_its_own_exponent() {
        for eta in 2..=20u64 {
            let mut power = 1u64;
            for s in 0.. {
                assert_eq!(whole(1.0, power as f64, eta as f64).s_max(), s, "{eta}^{s}");
                if s > 0 {
                    assert_eq!(whole(1.0, (power - 1) as f64, eta as f64).s_max(), s - 1, "{eta}^{s} - 1");
                }
                power *= eta;
                if power > 1 << 53 {
                    break;
                }
            }
        }
    }

    #[test]
    fn int_rungs_truncate_merge_and_end_at_r() {
        assert_eq!(amounts(whole(1.0, 10.0, 3.0).down_from_full(2)), [1.0, 3.0, 10.0]);
        assert_eq!(whole(1.0, 10.0, 1.5).down_from_full(5)[..2].iter().map(|r| r.0).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(amounts(whole(1.0, 10.0, 1.5).down_from_full(5)), [1.0, 2.0, 4.0, 6.0, 10.0]);
    }

    #[test]
    fn decimal_factors_do_not_lose_a_whole_number() {
        assert_eq!(amounts(whole(1.0, 121.0, 1.1).down_from_full(2)), [100.0, 110.0, 121.0]);
    }

    #[test]
    fn float_rungs_keep_their_fractions() {
        let ladder = Ladder::new(1.0, 10.0, 2.5, ResourceKind::Float).unwrap();
        assert_eq!(amounts(ladder.down_from_full(2)), [1.6, 4.0, 10.0]);
    }

    #[test]
    fn a_climbing_ladder_adds_r_only_where_it_misses_it() {
        let climb = |min, max, eta| -> Vec<f64> {
            whole(min, max, eta).up_from_least().into_iter().map(Resource::amount).collect()
        };
        assert_eq!(climb(2.0, 10.0, 2.0), [2.0, 4.0, 8.0, 10.0]);
        assert_eq!(climb(1.0, 27.0, 3.0), [1.0, 3.0, 9.0, 27.0]);
        assert_eq!(climb(5.0, 5.0, 2.0), [5.0]);
        assert_eq!(climb(1.0, 4.0, 1.3), [1.0, 2.0, 3.0, 4.0]);
        let tenths = Ladder::new(1.0, 1.21, 1.1, ResourceKind::Float).unwrap().up_from_least();
        assert_eq!(tenths.len(), 3);
        assert_eq!(tenths[2].amount(), 1.21);
    }

    #[test]
    fn absurd_terms_are_refused_or_bounded() {
        assert!(Ladder::new(1.0, 1e18, 1.0000001, ResourceKind::Float).unwrap_err().contains("1000 rungs"));
        assert!(Ladder::new(1.0, 81.0, 1.0, ResourceKind::Int).is_err());
        assert!(Ladder::new(1.0, 81.0, f64::NAN, ResourceKind::Int).is_err());
        assert!(Ladder::new(0.0, 81.0, 3.0, ResourceKind::Float).is_err());
        assert_eq!(whole(1.0, 1e15, 1e300).s_max(), 0);
        assert_eq!(whole(1.0, 1e15, 3.0).grown(1e300, 30, 1), u64::MAX);
        assert_eq!(whole(1.0, 1e15, 1e300).grown(1e300, 1, 1), u64::MAX);
    }

    #[test]
    fn a_bracket_started_in_part_shrinks_in_proportion() {
        let rungs: Vec<RungPlan> =
            [81, 27, 9, 3, 1].map(|configs| RungPlan { configs, resource: Resource::ONE }).to_vec();
        let sizes = |started| shrink(&rungs, started).iter().map(|r| r.configs).collect::<Vec<_>>();
        assert_eq!(sizes(81), [81, 27, 9, 3, 1]);
        assert_eq!(sizes(30), [30, 10, 3, 1, 1]);
        assert_eq!(sizes(1), [1, 1, 1, 1, 1]);
        assert_eq!(sizes(0), [0, 0, 0, 0, 0]);
    }
}
