//! Quantizing: round(x / q) · q in exact decimals, kept inside bounds.

use serde_json::Value;

use super::decimal::{self, Decimal};
use crate::words::args::Reader;

/// Most steps a value may be away from zero: a double still tells their numbers apart.
const MOST: i64 = 1 << 53;

/// The step q > 0 of a quantised domain. Values are ints where q is written as an int, as in `q: 16` for a batch size, and floats
/// otherwise (`q: 16.0`).
#[derive(Debug)]
pub(super) struct Quantum {
    mantissa: i128,
    exponent: i32,
    size: f64,
    ints: bool,
}

/// The multiples of q inside the bounds: first and last, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Multiples {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Quantum {
    /// Reads `q` for a law whose draws are at most `largest` in size, and nearly all at most `usual`; notes what is wrong with it.
    pub(super) fn read(reader: &mut Reader<'_>, usual: f64, largest: f64) -> Option<Quantum> {
        let size = reader.number("q")?;
        let number = reader.raw("q")?.as_number()?;
        reader.check(size > 0.0, "q", format!("`q` must be above 0, found {number}"));
        if size <= 0.0 {
            return None;
        }
        let countable = size.is_normal() && usual / size < MOST as f64;
        reader.check(countable, "q", format!("`q` ({number}) is too small for values of this size"));
        // one step of rounding beyond the largest value must stay a number
        let finite = (largest + size).is_finite();
        reader.check(finite, "q", format!("`q` ({number}) is too large: rounded draws may not be finite"));
        let ints = number.is_i64() || number.is_u64();
        let ([mantissa], exponent) = decimal::align([Decimal::of(number)?])?;
        (countable && finite).then_some(Quantum { mantissa, exponent, size, ints })
    }

    /// The multiple nearest to `x`; halfway goes to the even one, as in IEEE 754, Python and numpy.
    pub(super) fn nearest(&self, x: f64) -> i64 {
        // the cast saturates; what a law without bounds draws out there is not worth a refusal
        (libm::rint(x / self.size) as i64).clamp(-MOST, MOST)
    }

    /// The multiples that lie in [low, high]; `None` where there are none.
    pub(super) fn inside(&self, low: f64, high: f64) -> Option<Multiples> {
        let q = Decimal::power_of_ten(self.exponent);
        let exact = |x: f64, divide: fn(i128, i128) -> i128, round: fn(f64) -> f64| {
            let aligned = Decimal::from_f64(x).and_then(|x| decimal::align([x, q]));
            let quotient = aligned.and_then(|([x, one], _)| Some(divide(x, one.checked_mul(self.mantissa)?)));
            // bounds with more digits than are held exactly are not meant to be hit exactly
            quotient.and_then(|k| i64::try_from(k).ok()).unwrap_or_else(|| round(x / self.size) as i64)
        };
        let first = exact(low, decimal::div_ceil, libm::ceil);
        let last = exact(high, decimal::div_floor, libm::floor);
        (first <= last).then_some(Multiples { first, last })
    }

    /// The `k`-th multiple as a number.
    pub(super) fn number(&self, k: i64) -> f64 {
        decimal::to_f64(self.mantissa * i128::from(k), self.exponent)
    }

    /// The `k`-th multiple as it is handed to a trial.
    pub(super) fn value(&self, k: i64) -> Value {
        let whole = i64::try_from(self.mantissa * i128::from(k)).ok().filter(|_| self.ints);
        whole.map_or_else(|| decimal::json(self.number(k)), Value::from)
    }

    /// Which multiple `value` is, within rounding.
    pub(super) fn index_of(&self, value: &Value) -> Option<i64> {
        let x = value.as_f64()?;
        let k = self.nearest(x);
        decimal::close(self.number(k), x).then_some(k)
    }

    /// q itself.
    pub(super) fn size(&self) -> f64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Multiples, Quantum};
    use crate::words::args::Args;

    fn quantum(q: Value) -> Quantum {
        let args = Args::from_iter([("q".to_owned(), q)]);
        Quantum::read(&mut args.reader(), 1000.0, 1000.0).unwrap()
    }

    #[test]
    fn multiples_are_exact_decimals_without_a_negative_zero() {
        let tenth = quantum(json!(0.1));
        assert_eq!(tenth.value(tenth.nearest(0.31)).to_string(), "0.3");
        assert_eq!(tenth.value(tenth.nearest(-0.04)).to_string(), "0.0");
        assert_eq!(tenth.index_of(&json!(0.1 + 0.2)), Some(3));
        assert_eq!(tenth.index_of(&json!(0.35)), None);
    }

    #[test]
    fn a_whole_step_gives_ints_if_it_is_written_as_one() {
        assert_eq!(quantum(json!(16)).value(2).to_string(), "32");
        assert_eq!(quantum(json!(16.0)).value(2).to_string(), "32.0");
    }

    #[test]
    fn bounds_are_met_exactly() {
        let tenth = quantum(json!(0.1));
        assert_eq!(tenth.inside(0.1, 0.3), Some(Multiples { first: 1, last: 3 }));
        assert_eq!(tenth.inside(-0.3, 0.35), Some(Multiples { first: -3, last: 3 }));
        assert_eq!(tenth.inside(0.11, 0.19), None);
    }

    #[test]
    fn halves_go_to_the_even_multiple() {
        let one = quantum(json!(1));
        assert_eq!([0.5, 1.5, 2.5, -0.5].map(|x| one.nearest(x)), [0, 2, 2, 0]);
    }
}
