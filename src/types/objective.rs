//! The objective: its direction, finite scores, and the only ranking and tie rule.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::ids::TrialId;

/// Whether small or large values of a metric are better.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better.
    Minimize,
    /// Larger is better.
    Maximize,
}

impl Direction {
    /// `Less` if `a` is better than `b`.
    pub fn order(self, a: Score, b: Score) -> Ordering {
        match self {
            Direction::Minimize => a.0.total_cmp(&b.0),
            Direction::Maximize => b.0.total_cmp(&a.0),
        }
    }

    /// Whether `a` is strictly better than `b`.
    pub fn better(self, a: Score, b: Score) -> bool {
        self.order(a, b) == Ordering::Less
    }

    /// Whether `a` is at least as good as `b`.
    pub fn reaches(self, a: Score, b: Score) -> bool {
        self.order(a, b) != Ordering::Greater
    }

    /// The score as a cost: smaller is better in both directions.
    pub fn cost(self, score: Score) -> f64 {
        match self {
            Direction::Minimize => score.0,
            Direction::Maximize => -score.0,
        }
    }
}

/// The value of a metric, which can be ranked: finite, with −0.0 as 0.0.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(f64);

impl Score {
    /// `None` for NaN and the infinities.
    pub fn new(value: f64) -> Option<Score> {
        value.is_finite().then_some(Score(value + 0.0))
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// The metric that a study optimizes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Metric {
    /// Its key in the readings.
    pub name: String,
    /// Whether small or large values are better.
    #[serde(rename = "optimization")]
    pub direction: Direction,
}

/// The ranking rule: better scores first, no score last, ties by the lower trial id.
pub fn rank(direction: Direction, a: (TrialId, Option<Score>), b: (TrialId, Option<Score>)) -> Ordering {
    let by_score = match (a.1, b.1) {
        (Some(x), Some(y)) => direction.order(x, y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    by_score.then(a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_finite_and_zero_is_positive() {
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Score::new), [None; 3]);
        assert_eq!(Score::new(-0.0).map(|score| score.value().is_sign_positive()), Some(true));
    }

    #[test]
    fn better_scores_rank_first_then_lower_trials_and_no_score_last() {
        let entries = [(0, None), (1, Score::new(2.0)), (2, Score::new(1.0)), (3, None), (4, Score::new(1.0))];
        let ranked = |direction| {
            let mut entries = entries.map(|(trial, score)| (TrialId(trial), score));
            entries.sort_by(|a, b| rank(direction, *a, *b));
            entries.map(|(trial, _)| trial.0)
        };
        assert_eq!(ranked(Direction::Minimize), [2, 4, 1, 0, 3]);
        assert_eq!(ranked(Direction::Maximize), [1, 2, 4, 0, 3]);
    }
}
