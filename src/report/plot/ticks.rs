//! Round numbers for the ticks of an axis.

use crate::report::number::shortest;

/// A tick of an axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Tick {
    /// Its value.
    pub value: f64,
    /// Its text.
    pub label: String,
}

impl Tick {
    fn new(value: f64) -> Tick {
        Tick { value, label: shortest(value) }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten in [low, high], at most `count` + 1 of them.
pub fn linear(low: f64, high: f64, count: usize) -> Vec<Tick> {
    // The difference of two large numbers is infinite.
    let count_of_steps = count.max(1) as f64;
    let step = round_step(high / count_of_steps - low / count_of_steps);
    if !step.is_normal() {
        return vec![Tick::new(low)];
    }
    let digits = (-step.log10().floor()).clamp(0.0, 17.0) as usize;
    // A millionth of a step is a rounding error.
    let first = (low / step - 1e-6).ceil();
    let values: Vec<f64> = (0..=count + 1)
        .map(|i| (first + i as f64) * step)
        .take_while(|value| value.is_finite() && *value <= high + 1e-6 * step)
        .collect();
    if values.is_empty() {
        return vec![Tick::new(low)];
    }
    // Multiples such as 3 × 0.1 have a rounding error, which must not be in the label.
    values.into_iter().map(|value| Tick::new(if digits == 0 { value } else { rounded(value, digits) })).collect()
}

/// Powers of ten in [low, high], both above 0, and their multiples by 2 and 5 where there are few; at most about `count`.
pub fn logarithmic(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let decades = (high.log10().ceil() as i32 - low.log10().floor() as i32).max(1) as usize;
    let ticks = if decades * 3 <= count {
        Vec::new()
    } else {
        multiples_of_powers(low, high, &[1.0], decades.div_ceil(count.max(1)))
    };
    let ticks = if ticks.len() < 2 { multiples_of_powers(low, high, &[1.0, 2.0, 5.0], 1) } else { ticks };
    if ticks.len() < 2 { linear(low, high, count.min(3)) } else { ticks }
}

/// The `multiples` of each `stride`-th power of ten from that below `low` on, in [low, high].
fn multiples_of_powers(low: f64, high: f64, multiples: &[f64], stride: usize) -> Vec<Tick> {
    let powers = (low.log10().floor() as i32..=high.log10().ceil() as i32).step_by(stride);
    // Parsed, because a product such as 5 × 1e-3 has a rounding error.
    let values = powers.flat_map(|power| multiples.iter().filter_map(move |m| format!("{m}e{power}").parse().ok()));
    let inside = values.filter(|value| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value));
    inside.map(Tick::new).collect()
}

fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.digits$}").parse().unwrap_or(value)
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let multiple = [1.0, 2.0, 5.0].into_iter().find(|m| m * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
    multiple * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(linear(0.0, 1.0, 5)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(linear(0.13, 0.31, 4)), ["0.15", "0.2", "0.25", "0.3"]);
        assert_eq!(labels(linear(-30.0, 50.0, 4)), ["-20", "0", "20", "40"]);
        assert_eq!(labels(linear(2.0, 2.0, 4)), ["2"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten_or_their_multiples() {
        assert_eq!(labels(logarithmic(1e-5, 0.1, 5)), ["1e-5", "0.0001", "0.001", "0.01", "0.1"]);
        assert_eq!(labels(logarithmic(0.02, 0.6, 8)), ["0.02", "0.05", "0.1", "0.2", "0.5"]);
        assert_eq!(labels(logarithmic(1e-12, 1.0, 4)), ["1e-12", "1e-9", "1e-6", "0.001", "1"]);
        assert_eq!(labels(logarithmic(0.00023, 0.0032, 3)), ["0.0005", "0.001", "0.002"]);
        assert_eq!(labels(logarithmic(3.0, 4.0, 4)), ["3", "3.5", "4"]);
    }

    proptest! {
        #[test]
        fn ticks_are_inside_and_ascending(a in -1e9..1e9f64, span in 1e-9..1e9f64, count in 1usize..12) {
            let high = a + span;
            let ticks = linear(a, high, count);
            prop_assert!(ticks.len() <= count + 1 && !ticks.is_empty() || span < 1e-6 * a.abs());
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].value < pair[1].value);
            }
            let step = span * 1e-3;
            prop_assert!(ticks.iter().all(|t| t.value >= a - step && t.value <= high + step) || span < 1e-6 * a.abs());
        }
    }
}
