//! Rounding to multiples of a step q, in exact decimal arithmetic.

use serde_json::Value;

use super::decimal::{self, Decimal};
use crate::types::args::ArgReader;

/// Maximum absolute value of x/q: up to it a 64-bit float represents every integer.
const MAX_INDEX: i64 = 1 << 53;

/// The step q > 0. Values are integers if q is written as an integer (`q: 16`), otherwise floats (`q: 16.0`).
#[derive(Debug)]
pub(in crate::space) struct Quantization {
    mantissa: i128,
    exponent: i32,
    size: f64,
    is_int: bool,
}

/// The multiples k·q for k from `first` to `last`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::space) struct Multiples {
    pub(in crate::space) first: i64,
    pub(in crate::space) last: i64,
}

impl Quantization {
    /// Reads `q` and reports its errors. The absolute value of draws is at most `max`, and almost always at most `usual`.
    pub(in crate::space) fn read(reader: &mut ArgReader<'_>, usual: f64, max: f64) -> Option<Quantization> {
        let size = reader.number("q")?;
        let number = reader.raw("q")?.as_number()?;
        reader.check(size > 0.0, "q", format!("`q` must be above 0, found {number}"));
        if size <= 0.0 {
            return None;
        }
        let countable = size.is_normal() && usual / size < MAX_INDEX as f64;
        reader.check(countable, "q", format!("`q` ({number}) is too small for values of this size"));
        // The largest draw must stay finite when it is rounded up.
        let finite = (max + size).is_finite();
        reader.check(finite, "q", format!("`q` ({number}) is too large: rounded draws may not be finite"));
        let is_int = number.is_i64() || number.is_u64();
        let ([mantissa], exponent) = decimal::align([Decimal::of(number)?])?;
        (countable && finite).then_some(Quantization { mantissa, exponent, size, is_int })
    }

    /// The k for which k·q is nearest to `x`; halfway, the even k, as in IEEE 754, Python and NumPy.
    pub(in crate::space) fn nearest(&self, x: f64) -> i64 {
        // The cast saturates; an unbounded distribution practically never draws such a value.
        (libm::rint(x / self.size) as i64).clamp(-MAX_INDEX, MAX_INDEX)
    }

    /// The multiples in [low, high]; `None` if there are none.
    pub(in crate::space) fn multiples_in(&self, low: f64, high: f64) -> Option<Multiples> {
        let q = Decimal::power_of_ten(self.exponent);
        let exact = |x: f64, divide: fn(i128, i128) -> i128, round: fn(f64) -> f64| {
            let aligned = Decimal::from_f64(x).and_then(|x| decimal::align([x, q]));
            let quotient = aligned.and_then(|([x, one], _)| Some(divide(x, one.checked_mul(self.mantissa)?)));
            // Bounds with too many digits for exact arithmetic are divided as floats.
            quotient.and_then(|k| i64::try_from(k).ok()).unwrap_or_else(|| round(x / self.size) as i64)
        };
        let first = exact(low, decimal::div_ceil, libm::ceil);
        let last = exact(high, decimal::div_floor, libm::floor);
        (first <= last).then_some(Multiples { first, last })
    }

    /// k·q.
    pub(in crate::space) fn number(&self, k: i64) -> f64 {
        decimal::to_f64(self.mantissa * i128::from(k), self.exponent)
    }

    /// k·q as it is passed to a trial.
    pub(in crate::space) fn value(&self, k: i64) -> Value {
        let integer = i64::try_from(self.mantissa * i128::from(k)).ok().filter(|_| self.is_int);
        integer.map_or_else(|| decimal::json(self.number(k)), Value::from)
    }

    /// The k for which `value` is k·q, with a tolerance for rounding.
    pub(in crate::space) fn index_of(&self, value: &Value) -> Option<i64> {
        let x = value.as_f64()?;
        let k = self.nearest(x);
        decimal::close(self.number(k), x).then_some(k)
    }

    /// q.
    pub(in crate::space) fn size(&self) -> f64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Multiples, Quantization};
    use crate::types::args::Args;

    fn quantization(q: Value) -> Quantization {
        let args = Args::from_iter([("q".to_owned(), q)]);
        Quantization::read(&mut args.reader(), 1000.0, 1000.0).unwrap()
    }

    #[test]
    fn multiples_are_exact_decimals_without_a_negative_zero() {
        let tenth = quantization(json!(0.1));
        assert_eq!(tenth.value(tenth.nearest(0.31)).to_string(), "0.3");
        assert_eq!(tenth.value(tenth.nearest(-0.04)).to_string(), "0.0");
        assert_eq!(tenth.index_of(&json!(0.1 + 0.2)), Some(3));
        assert_eq!(tenth.index_of(&json!(0.35)), None);
    }

    #[test]
    fn a_step_written_as_an_integer_gives_integers() {
        assert_eq!(quantization(json!(16)).value(2).to_string(), "32");
        assert_eq!(quantization(json!(16.0)).value(2).to_string(), "32.0");
    }

    #[test]
    fn bounds_are_exact() {
        let tenth = quantization(json!(0.1));
        assert_eq!(tenth.multiples_in(0.1, 0.3), Some(Multiples { first: 1, last: 3 }));
        assert_eq!(tenth.multiples_in(-0.3, 0.35), Some(Multiples { first: -3, last: 3 }));
        assert_eq!(tenth.multiples_in(0.11, 0.19), None);
    }

    #[test]
    fn halves_round_to_the_even_multiple() {
        let one = quantization(json!(1));
        assert_eq!([0.5, 1.5, 2.5, -0.5].map(|x| one.nearest(x)), [0, 2, 2, 0]);
    }
}
