//! Several numbers side by side, so that the compiler computes them at once.

/// How many.
pub const LANES: usize = 8;
/// One number of each.
pub type Lanes = [f64; LANES];

/// Σ of all, in one fixed order.
pub fn total(lanes: Lanes) -> f64 {
    let four = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Adding and taking away 1.5·2⁵² leaves the nearest integer, which then is in the lowest bits.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, of which the first has so few bits that its multiples up to 2¹⁰ are exact (Cody and Waite 1980, Software Manual for
/// the Elementary Functions, chapter 6).
const LN2_HIGH: f64 = 0.693_359_375;
const LN2_LOW: f64 = -2.121_944_400_546_905_8e-4;
/// Below it, e^x counts as e^LEAST ≈ 10⁻³⁰⁴.
const LEAST: f64 = -700.0;

/// e^x for x ≤ 0 to the last bit or two, by Taylor's series over |r| ≤ ln(2)/2 and a power of two. Additions and multiplications
/// alone: the same bits on every machine.
#[inline]
pub fn exp(mut x: Lanes) -> Lanes {
    for x in &mut x {
        let clamped = if *x > LEAST { *x } else { LEAST };
        let shifted = clamped * std::f64::consts::LOG2_E + ROUNDING;
        let k = shifted - ROUNDING;
        let r = (clamped - k * LN2_HIGH) - k * LN2_LOW;
        let mut sum = SERIES[0];
        for c in &SERIES[1..] {
            sum = sum * r + c;
        }
        // the exponent of 2^k, k being the lowest bits of `shifted`
        let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
        *x = sum * power;
    }
    x
}

/// 1/13! … 1/1!, 1/0!
const SERIES: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_the_library_to_the_last_bits() {
        for i in 0..60_000 {
            let x = -f64::from(i) * f64::from(i) * 1.9e-7;
            let (found, expected) = (exp([x; LANES])[i as usize % LANES], libm::exp(x));
            assert!((found - expected).abs() <= 2.0 * f64::EPSILON * expected, "{x}: {found} {expected}");
        }
        assert_eq!(exp([0.0; LANES]), [1.0; LANES]);
        assert_eq!(exp([-0.0; LANES]), [1.0; LANES]);
    }

    #[test]
    fn what_is_farther_than_any_distance_is_nothing_and_no_trap() {
        for x in [-700.0, -710.0, -1e300, f64::NEG_INFINITY] {
            let found = exp([x; LANES])[0];
            assert!((0.0..1e-300).contains(&found), "{x}: {found}");
        }
    }

    #[test]
    fn the_total_is_the_sum() {
        assert_eq!(total([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), 36.0);
    }
}
