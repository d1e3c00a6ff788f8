//! What larger values, or other categories, of a parameter do to the metric.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::param_column::GridValue;
use crate::types::objective::{Direction, Score};

/// A curve whose ends differ by this share of all its ups and downs is monotone.
const MONOTONE: f64 = 0.75;
/// With a smaller share of the variance a parameter has no clear effect.
const CLEAR: f64 = 0.01;

/// The mean value of the metric at one value of a parameter, over the distributions of all others.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EffectPoint {
    /// The parameter's value; null also where it is not active.
    pub value: Value,
    /// Whether the parameter is active.
    pub active: bool,
    /// The metric.
    pub mean: f64,
}

/// The direction of an effect.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// The share of the variance is too small to say.
    Unclear,
    /// Larger numbers give better values.
    HigherIsBetter,
    /// Larger numbers give worse values.
    HigherIsWorse,
    /// Neither: numbers near `best` give the best values.
    NotMonotone {
        /// One of the parameter's numbers.
        best: Value,
    },
    /// The parameter has categories, or matters mostly by being null or not active.
    Category {
        /// The best one; null also where the parameter is not active.
        best: Value,
        /// Whether the parameter is active there.
        active: bool,
    },
}

/// With the same fields for all kinds: `best` is null where there is none.
impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, best, active) = match self {
            Effect::Unclear => ("unclear", &Value::Null, true),
            Effect::HigherIsBetter => ("higher_is_better", &Value::Null, true),
            Effect::HigherIsWorse => ("higher_is_worse", &Value::Null, true),
            Effect::NotMonotone { best } => ("not_monotone", best, true),
            Effect::Category { best, active } => ("category", best, *active),
        };
        let mut fields = serializer.serialize_struct("Effect", 3)?;
        fields.serialize_field("kind", kind)?;
        fields.serialize_field("best", best)?;
        fields.serialize_field("active", &active)?;
        fields.end()
    }
}

/// The effect of a parameter with `share` of the variance and the mean values `means` at `grid`.
pub fn effect(grid: &[GridValue], means: &[f64], share: f64, direction: Direction) -> Effect {
    let cost = |mean: f64| Score::new(mean).map_or(f64::INFINITY, |mean| direction.cost(mean));
    let points: Vec<(&GridValue, f64)> = grid.iter().zip(means.iter().map(|mean| cost(*mean))).collect();
    let numbers: Vec<(&GridValue, f64)> = points.iter().copied().filter(|(at, _)| at.is_number).collect();
    let Some((best, _)) = points.iter().min_by(|a, b| a.1.total_cmp(&b.1)) else { return Effect::Unclear };
    if share < CLEAR {
        return Effect::Unclear;
    }
    if numbers.len() < 2 || range(&numbers) < 0.5 * range(&points) {
        return Effect::Category { best: best.value.clone().unwrap_or_default(), active: best.value.is_some() };
    }
    let (first, last) = (numbers[0].1, numbers[numbers.len() - 1].1);
    let changes: f64 = numbers.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).sum();
    if (last - first).abs() >= MONOTONE * changes {
        return if last < first { Effect::HigherIsBetter } else { Effect::HigherIsWorse };
    }
    let best = numbers.iter().min_by(|a, b| a.1.total_cmp(&b.1)).and_then(|(at, _)| at.value.clone());
    Effect::NotMonotone { best: best.unwrap_or_default() }
}

fn range(points: &[(&GridValue, f64)]) -> f64 {
    let costs = || points.iter().map(|(_, cost)| *cost);
    costs().fold(f64::MIN, f64::max) - costs().fold(f64::MAX, f64::min)
}
