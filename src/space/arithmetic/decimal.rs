//! Exact decimal arithmetic on numbers as they are written, so that 3·0.1 is 0.3.

use serde_json::{Number, Value};

/// Exclusive bound of aligned mantissas, so that the sum of two fits in an i128.
const MAX_MANTISSA: i128 = 10i128.pow(36);

/// mantissa·10^exponent, the exact value of a number in its shortest notation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// 10^exponent.
    pub const fn power_of_ten(exponent: i32) -> Decimal {
        Decimal { mantissa: 1, exponent }
    }

    /// The number as it is written; `None` if it is not finite.
    pub fn of(number: &Number) -> Option<Decimal> {
        if let Some(integer) = number.as_i128() {
            return Some(Decimal { mantissa: integer, exponent: 0 });
        }
        Decimal::from_f64(number.as_f64()?)
    }

    /// The shortest decimal that parses to `x`; `None` if `x` is not finite.
    pub fn from_f64(x: f64) -> Option<Decimal> {
        if !x.is_finite() {
            return None;
        }
        let text = format!("{x:e}");
        let (digits, power) = text.split_once('e')?;
        let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let mantissa = digits.replace('.', "").parse().ok()?;
        Some(Decimal { mantissa, exponent: power.parse::<i32>().ok()? - i32::try_from(decimals).ok()? })
    }
}

/// The mantissas of `numbers` for their smallest exponent, and that exponent; `None` if a mantissa needs more than 36 digits.
pub fn align<const N: usize>(numbers: [Decimal; N]) -> Option<([i128; N], i32)> {
    let exponent = numbers.iter().filter(|d| d.mantissa != 0).map(|d| d.exponent).min().unwrap_or(0);
    let mut mantissas = [0; N];
    for (aligned, number) in mantissas.iter_mut().zip(numbers) {
        if number.mantissa != 0 {
            let shift = u32::try_from(number.exponent - exponent).ok()?;
            *aligned = 10i128.checked_pow(shift)?.checked_mul(number.mantissa).filter(|m| m.abs() < MAX_MANTISSA)?;
        }
    }
    Some((mantissas, exponent))
}

/// The 64-bit float nearest to mantissa·10^exponent.
pub fn to_f64(mantissa: i128, exponent: i32) -> f64 {
    // Digits with an exponent always parse.
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// The 64-bit float nearest to numerator/denominator·10^exponent, for |numerator| < 10³⁶ and 0 < denominator < 2⁵³. The quotient is
/// computed to at least twenty digits, so that a ratio with a short decimal is exact.
pub fn ratio_to_f64(numerator: i128, denominator: u64, exponent: i32) -> f64 {
    let (mut scaled, mut exponent) = (numerator, exponent);
    while scaled != 0 && scaled.abs() < MAX_MANTISSA {
        scaled *= 10;
        exponent -= 1;
    }
    to_f64(scaled / i128::from(denominator), exponent)
}

/// ⌊a / b⌋ for b > 0.
pub fn div_floor(a: i128, b: i128) -> i128 {
    a.div_euclid(b)
}

/// ⌈a / b⌉ for b > 0.
pub fn div_ceil(a: i128, b: i128) -> i128 {
    -(-a).div_euclid(b)
}

/// `x` rounded to 12 significant digits if that changes it by a rounding error only (16 units in the last place), otherwise `x`. So
/// 10^−3 is 0.001.
pub fn round_short(x: f64) -> f64 {
    let short: f64 = format!("{x:.11e}").parse().unwrap_or(x);
    if (short - x).abs() <= 16.0 * f64::EPSILON * x.abs() { short } else { x }
}

/// A JSON float; −0.0 becomes 0.0.
pub fn json(x: f64) -> Value {
    Value::from(x + 0.0)
}

/// Whether two numbers are equal up to a rounding error (8 units in the last place).
pub fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 8.0 * f64::EPSILON * a.abs().max(b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_their_shortest_decimal() {
        let read = |x| Decimal::from_f64(x).map(|d| (d.mantissa, d.exponent));
        assert_eq!(read(0.1), Some((1, -1)));
        assert_eq!(read(-12.5), Some((-125, -1)));
        assert_eq!(read(1e300), Some((1, 300)));
        assert_eq!(read(-0.0), Some((0, 0)));
        assert_eq!(read(f64::NAN), None);
    }

    #[test]
    fn alignment_is_exact_or_fails() {
        let of = |x| Decimal::from_f64(x).unwrap();
        assert_eq!(align([of(0.25), of(3.0), of(0.0)]), Some(([25, 300, 0], -2)));
        assert_eq!(align([of(1e300), of(2e299)]), Some(([10, 2], 299)));
        assert_eq!(align([of(1e-300), of(1.0)]), None);
    }

    #[test]
    fn ratios_with_a_short_decimal_are_exact() {
        assert_eq!(ratio_to_f64(3, 10, 0), 0.3);
        assert_eq!(ratio_to_f64(7, 10, -1), 0.07);
        assert_eq!(ratio_to_f64(-1, 3, 0), -1.0 / 3.0);
        assert_eq!(ratio_to_f64(0, 7, 0), 0.0);
    }

    #[test]
    fn round_short_removes_rounding_errors_only() {
        assert_eq!(round_short(0.1 + 0.2), 0.3);
        assert_eq!(round_short(1.0 / 3.0), 1.0 / 3.0);
        assert_eq!(round_short(0.000_000_953_674_316_406_25), 0.000_000_953_674_316_406_25);
    }

    #[test]
    fn division_rounds_down_and_up() {
        assert_eq!((div_floor(-7, 2), div_ceil(-7, 2)), (-4, -3));
        assert_eq!((div_floor(7, 2), div_ceil(7, 2)), (3, 4));
    }
}
