//! Scales: from values to positions in [0, 1] along an axis.

use serde_json::Value;

use super::ticks::{self, Tick};
use crate::report::number::is_logarithmic;

/// The quartiles of at least so many numbers are those of their distribution. Of evenly drawn ones their ratio is below [`EVEN_RATIO`].
const MANY: usize = 8;
const EVEN_RATIO: f64 = 4.5;
/// Numbers farther outside of the quartiles than this many times their distance are drawn at the edge ("far out" in Tukey 1977,
/// "Exploratory Data Analysis", section 2D, is 3).
const FAR_OUT: f64 = 3.0;
/// The share of an axis that is left free at each end, so that marks do not touch it.
const MARGIN: f64 = 0.04;
/// Maximum number of values of a scale of categories; the others have no position.
const MAX_CATEGORIES: usize = 40;

/// A scale.
#[derive(Clone, PartialEq, Debug)]
pub enum Scale {
    /// Numbers from the first to the second, evenly.
    Linear(f64, f64),
    /// Positive numbers from the first to the second, by their logarithms.
    Log(f64, f64),
    /// Values without order, as texts.
    Categories(Vec<String>),
}

impl Scale {
    /// A scale for all finite `numbers`: logarithmic if they are positive and span some decades, and not only because of a few small ones.
    pub fn of_numbers(numbers: impl IntoIterator<Item = f64>) -> Scale {
        let sorted = sorted(numbers);
        let quartile = |q: usize| sorted[(sorted.len() - 1) * q / 4];
        match (sorted.first(), sorted.last()) {
            // Of numbers drawn evenly from 0 to any bound, the upper quartile is three times the lower one.
            (Some(low), Some(high)) if sorted.len() >= MANY && quartile(3) < EVEN_RATIO * quartile(1) => {
                Scale::linear(*low, *high)
            }
            (Some(low), Some(high)) => Scale::between(*low, *high),
            _ => Scale::Linear(0.0, 1.0),
        }
    }

    /// A scale for most of the finite `numbers`: of at least [`MANY`], those far outside are at its ends.
    pub fn of_most(numbers: impl IntoIterator<Item = f64>) -> Scale {
        let sorted = sorted(numbers);
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return Scale::Linear(0.0, 1.0) };
        if sorted.len() < MANY {
            return Scale::between(*low, *high);
        }
        let logarithmic = is_logarithmic(*low, *high);
        let of = |x: f64| if logarithmic { x.ln() } else { x };
        let quartile = |q: usize| of(sorted[(sorted.len() - 1) * q / 4]);
        let reach = FAR_OUT * (quartile(3) - quartile(1));
        let inside = |x: &&f64| (quartile(1) - reach..=quartile(3) + reach).contains(&of(**x));
        let low = sorted.iter().find(inside).unwrap_or(low);
        let high = sorted.iter().rfind(inside).unwrap_or(high);
        Scale::between(*low, *high)
    }

    /// A scale for values of a parameter: numbers, or categories in the order of their texts.
    pub fn of_values<'a>(values: impl IntoIterator<Item = &'a Value>) -> Scale {
        let values: Vec<&Value> = values.into_iter().filter(|value| !value.is_null()).collect();
        if values.iter().all(|value| value.is_number()) {
            return Scale::of_numbers(values.into_iter().filter_map(Value::as_f64));
        }
        let mut texts: Vec<String> = values.into_iter().map(text).collect();
        texts.sort();
        texts.dedup();
        texts.truncate(MAX_CATEGORIES);
        Scale::Categories(texts)
    }

    /// The same, logarithmic if all values are positive numbers.
    pub fn of_logarithmic<'a>(values: impl IntoIterator<Item = &'a Value>) -> Scale {
        let values: Vec<&Value> = values.into_iter().filter(|value| !value.is_null()).collect();
        let numbers = sorted(values.iter().filter_map(|value| value.as_f64()));
        match (numbers.first(), numbers.last()) {
            (Some(low), Some(high)) if numbers.len() == values.len() && *low > 0.0 && low < high => {
                Scale::logarithmic(*low, *high)
            }
            _ => Scale::of_values(values),
        }
    }

    /// From `low` to `high` with a margin.
    fn between(low: f64, high: f64) -> Scale {
        if is_logarithmic(low, high) { Scale::logarithmic(low, high) } else { Scale::linear(low, high) }
    }

    /// Logarithmic from `low` > 0 to `high` with a margin.
    fn logarithmic(low: f64, high: f64) -> Scale {
        let margin = libm::pow(high / low, MARGIN);
        Scale::Log((low / margin).max(f64::MIN_POSITIVE), (high * margin).min(f64::MAX))
    }

    /// Linear from `low` to `high` with a margin.
    fn linear(low: f64, high: f64) -> Scale {
        // In halves: the difference of two large numbers is infinite.
        let margin = (high / 2.0 - low / 2.0) * 2.0 * MARGIN;
        let margin = if low == high { (low.abs() * 0.1).max(0.5e-9) } else { margin };
        Scale::Linear((low - margin).max(f64::MIN), (high + margin).min(f64::MAX))
    }

    /// A linear scale from 0 to at least `high`.
    pub fn from_zero(high: f64) -> Scale {
        Scale::Linear(0.0, if high.is_finite() && high > 0.0 { high } else { 1.0 })
    }

    /// The position of `number`; numbers outside are at the nearest end. `None` if it is not a number or the scale has categories.
    pub fn position(&self, number: f64) -> Option<f64> {
        let at = match self {
            // In quarters: the difference of two large numbers is infinite.
            Scale::Linear(low, high) => (number / 4.0 - low / 4.0) / (high / 4.0 - low / 4.0),
            Scale::Log(low, high) => (number.max(*low).ln() - low.ln()) / (high.ln() - low.ln()),
            Scale::Categories(_) => return None,
        };
        (!at.is_nan()).then_some(at.clamp(0.0, 1.0))
    }

    /// The position of a parameter's value; `None` if it has none.
    pub fn position_of(&self, value: &Value) -> Option<f64> {
        match self {
            Scale::Categories(texts) => {
                let at = texts.iter().position(|other| *other == text(value)).filter(|_| !value.is_null())?;
                Some((at as f64 + 0.5) / texts.len() as f64)
            }
            _ => self.position(value.as_f64()?),
        }
    }

    /// About `count` ticks with their positions.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let placed = |ticks: Vec<Tick>| {
            ticks.into_iter().filter_map(|tick| Some((self.position(tick.value)?, tick.label))).collect()
        };
        match self {
            Scale::Linear(low, high) => placed(ticks::linear(*low, *high, count)),
            Scale::Log(low, high) => placed(ticks::logarithmic(*low, *high, count)),
            Scale::Categories(texts) => {
                let share = 1.0 / texts.len().max(1) as f64;
                texts.iter().enumerate().map(|(i, text)| ((i as f64 + 0.5) * share, text.clone())).collect()
            }
        }
    }
}

fn sorted(numbers: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.into_iter().filter(|x| x.is_finite()).collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// A value as a category: strings without quotes.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_over_some_decades_are_logarithmic() {
        let Scale::Log(low, high) = Scale::of_numbers([0.1, 1e-4]) else { panic!("it is logarithmic") };
        assert!((0.7e-4..1e-4).contains(&low) && (0.1..0.14).contains(&high), "{low} {high}");
        assert_eq!(Scale::of_numbers([0.0, 100.0]), Scale::Linear(-4.0, 104.0));
        assert_eq!(Scale::of_numbers([f64::NAN]), Scale::Linear(0.0, 1.0));
        assert_eq!(Scale::Log(1e-4, 1.0).position(0.01), Some(0.5));
        let even = (1..=100).map(|i| f64::from(i) / 100.0);
        assert!(matches!(Scale::of_numbers(even.clone()), Scale::Linear(..)));
        assert!(matches!(Scale::of_numbers(even.map(|x| 1e-4f64.powf(x))), Scale::Log(..)));
    }

    #[test]
    fn numbers_far_outside_are_at_the_ends() {
        let scale = Scale::of_most([0.5, 0.6, 0.55, 0.7, 0.65, 0.58, 0.57, 1e6]);
        assert!(scale.position(0.5).unwrap() > 0.0 && scale.position(0.7).unwrap() < 1.0);
        assert_eq!(scale.position(1e6), Some(1.0));
        assert_eq!(scale.position(f64::INFINITY), Some(1.0));
        assert_eq!(scale.position(f64::NAN), None);
        // Of three numbers none is far outside.
        let few = Scale::of_most([0.6265, 0.6295, 0.7562]);
        assert!(few.position(0.7562).unwrap() < 1.0, "{few:?}");
    }

    #[test]
    fn few_values_of_a_logarithmic_parameter_are_logarithmic() {
        let values = [json!(0.002), json!(null), json!(0.02)];
        assert!(matches!(Scale::of_values(&values), Scale::Linear(..)));
        assert!(matches!(Scale::of_logarithmic(&values), Scale::Log(..)));
        assert!(matches!(Scale::of_logarithmic(&[json!(0.0), json!(0.02)]), Scale::Linear(..)));
        assert!(matches!(Scale::of_logarithmic(&[json!(3)]), Scale::Linear(..)));
        assert!(matches!(Scale::of_logarithmic(&[json!(3), json!("auto")]), Scale::Categories(..)));
    }

    #[test]
    fn mixed_values_are_categories() {
        let values = [json!("sgd"), json!(1), json!(true), json!("adam"), json!("sgd"), json!(null)];
        let scale = Scale::of_values(&values);
        let ticks: Vec<String> = scale.ticks(3).into_iter().map(|(_, label)| label).collect();
        assert_eq!(ticks, ["1", "adam", "sgd", "true"]);
        assert_eq!(scale.position_of(&json!("adam")), Some(0.375));
        assert_eq!(scale.position_of(&json!(null)), None);
    }

    #[test]
    fn one_value_is_in_the_middle() {
        for value in [3.0, 0.0, -2.5e300, 0.9 * f64::MAX, -0.9 * f64::MAX] {
            let position = Scale::of_numbers([value]).position(value).unwrap();
            assert!((position - 0.5).abs() < 1e-6, "{value} is at {position}");
        }
        for value in [f64::MAX, f64::MIN] {
            let scale = Scale::of_numbers([value]);
            assert!((0.0..=1.0).contains(&scale.position(value).unwrap()), "{scale:?}");
            assert!(!scale.ticks(5).is_empty(), "{scale:?}");
        }
    }

    #[test]
    fn the_largest_numbers_have_positions_and_ticks() {
        let values = [f64::MIN, -1.0, 0.0, 1.0, f64::MAX];
        let scale = Scale::of_numbers(values);
        let positions: Vec<f64> = values.iter().map(|value| scale.position(*value).unwrap()).collect();
        assert_eq!(positions, [0.0, 0.5, 0.5, 0.5, 1.0]);
        let ticks = scale.ticks(5);
        assert!(ticks.len() > 1 && ticks.iter().all(|(at, _)| (0.0..=1.0).contains(at)), "{ticks:?}");
    }
}
