//! Fixed-size vectors of numbers that the compiler turns into SIMD instructions.

/// Number of elements of a vector.
pub const LANES: usize = 8;
/// A vector of [`LANES`] numbers.
pub type F64s = [f64; LANES];

/// Calls a function marked `#[inline(always)]` in a version compiled for AVX2, if the processor has it. The results are the same: the
/// compiler neither reorders operations nor fuses a multiplication with an addition.
macro_rules! dispatch {
    ($function:ident($($argument:ident: $type:ty),*) $(-> $output:ty)?) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx2")]
            fn with_avx2($($argument: $type),*) $(-> $output)? {
                $function($($argument),*)
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                #[allow(unsafe_code)]
                return unsafe { with_avx2($($argument),*) };
            }
        }
        $function($($argument),*)
    }};
}
pub(super) use dispatch;

/// The sum of all elements, always in the same order.
#[inline(always)]
pub fn sum(x: F64s) -> f64 {
    let four = [x[0] + x[4], x[1] + x[5], x[2] + x[6], x[3] + x[7]];
    (four[0] + four[2]) + (four[1] + four[3])
}

/// 1.5·2⁵²: adding it rounds to an integer, which is then in the lowest bits; subtracting it again gives that integer.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// ln 2 = LN2_HIGH + LN2_LOW. LN2_HIGH has few bits, so that its multiples up to 2¹⁰ are exact (Cody and Waite 1980, Software Manual
/// for the Elementary Functions, chapter 6).
const LN2_HIGH: f64 = 0.693_359_375;
const LN2_LOW: f64 = -2.121_944_400_546_905_8e-4;
/// Arguments below it are replaced by it: e^−700 ≈ 10⁻³⁰⁴.
const MIN_EXPONENT: f64 = -700.0;

/// e^x for x ≤ 0, with a relative error of at most 2 ulp: Taylor's series for |r| ≤ ln(2)/2, times a power of two. It uses only
/// additions and multiplications, so that the result is the same on every machine.
#[inline(always)]
pub fn exp(mut x: F64s) -> F64s {
    for x in &mut x {
        let clamped = if *x > MIN_EXPONENT { *x } else { MIN_EXPONENT };
        let shifted = clamped * std::f64::consts::LOG2_E + ROUNDING;
        let k = shifted - ROUNDING;
        let r = (clamped - k * LN2_HIGH) - k * LN2_LOW;
        let mut series = COEFFICIENTS[0];
        for c in &COEFFICIENTS[1..] {
            series = series * r + c;
        }
        // 2^k: k is in the lowest bits of `shifted`.
        let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
        *x = series * power;
    }
    x
}

/// 1/13!, …, 1/1!, 1/0!
const COEFFICIENTS: [f64; 14] = [
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
    fn exp_agrees_with_libm_within_two_ulp() {
        for i in 0..60_000 {
            let x = -f64::from(i) * f64::from(i) * 1.9e-7;
            let (found, expected) = (exp([x; LANES])[i as usize % LANES], libm::exp(x));
            assert!((found - expected).abs() <= 2.0 * f64::EPSILON * expected, "{x}: {found} {expected}");
        }
        assert_eq!(exp([0.0; LANES]), [1.0; LANES]);
        assert_eq!(exp([-0.0; LANES]), [1.0; LANES]);
    }

    #[test]
    fn exp_of_very_small_arguments_is_tiny_and_finite() {
        for x in [-700.0, -710.0, -1e300, f64::NEG_INFINITY] {
            let found = exp([x; LANES])[0];
            assert!((0.0..1e-300).contains(&found), "{x}: {found}");
        }
    }

    #[test]
    fn sum_adds_all_elements() {
        assert_eq!(sum([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), 36.0);
    }
}
