//! Conditions on the result of a study, such as `loss > 0.3` (`--fail-if`).

use std::fmt;
use std::str::FromStr;

use super::best::best_job;
use super::view::{JobView, StudyView};
use super::{metrics, number};
use crate::types::printable::printable;
use crate::types::units::Moment;

/// How a value is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// The two-letter operators come first, as each begins with a shorter one.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// The names of figures of a study.
const FAILED: &str = "failed";
const DURATION: &str = "duration";
const FIGURES: [&str; 2] = [FAILED, DURATION];

/// A comparison of a metric of the best trial, or of a figure of the study, with a number.
///
/// The figures are `failed`, the number of failed jobs, and `duration`, the time of the study in seconds. A metric with such a name
/// takes precedence.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    name: String,
    comparison: Comparison,
    number: f64,
}

/// Why a text is not a [`Condition`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected NAME, one of < <= > >= == !=, and a number, as in 'loss > 0.3'")]
pub struct ConditionError;

/// A [`Condition`] that holds, or that cannot be evaluated, which counts as holding.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ConditionMetError {
    #[error("{name} is {}, so `{condition}` holds", number::shortest(*.value))]
    Holds { condition: String, name: String, value: f64 },
    #[error("`{condition}` cannot be evaluated: the best trial has no {name}")]
    NoValue { condition: String, name: String },
    #[error("`{condition}` cannot be evaluated: there is no best trial")]
    NoBest { condition: String },
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Condition, ConditionError> {
        let at = text.find(['<', '>', '=', '!']).ok_or(ConditionError)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let found = COMPARISONS.iter().find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?)));
        let (comparison, number) = found.ok_or(ConditionError)?;
        let number: f64 = number.trim().parse().map_err(|_| ConditionError)?;
        if name.is_empty() || number.is_nan() {
            return Err(ConditionError);
        }
        Ok(Condition { name: name.to_owned(), comparison, number })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign =
            COMPARISONS.iter().find(|(_, comparison)| *comparison == self.comparison).map_or("", |(sign, _)| sign);
        write!(f, "{} {sign} {}", printable(&self.name), number::shortest(self.number))
    }
}

impl Condition {
    /// `Err` if the condition holds for the result of `view`, or cannot be evaluated. `view` has
    /// [`ViewDetail::Full`](super::view::ViewDetail::Full).
    pub fn check(&self, view: &StudyView) -> Result<(), ConditionMetError> {
        let (condition, name) = (self.to_string(), printable(&self.name).into_owned());
        let best = best_job(view);
        let metric = best.as_ref().and_then(|(candidate, job)| match &view.header.metric {
            Some(own) if own.name == self.name => Some(candidate.score.value()),
            _ => in_last_reading(job, &self.name),
        });
        match metric.or_else(|| figure(view, &self.name)) {
            Some(value) if self.holds(value) => Err(ConditionMetError::Holds { condition, name, value }),
            Some(_) => Ok(()),
            None if best.is_none() => Err(ConditionMetError::NoBest { condition }),
            None => Err(ConditionMetError::NoValue { condition, name }),
        }
    }

    /// Every condition holds for NaN: a result that is no number never passes.
    fn holds(&self, value: f64) -> bool {
        let holds = match self.comparison {
            Comparison::Less => value < self.number,
            Comparison::LessOrEqual => value <= self.number,
            Comparison::Greater => value > self.number,
            Comparison::GreaterOrEqual => value >= self.number,
            Comparison::Equal => value == self.number,
            Comparison::NotEqual => value != self.number,
        };
        holds || value.is_nan()
    }
}

/// The names that a condition may have for the result of `view`: the metric, the numbers of the best trial's last reading, and figures.
pub fn known_names(view: &StudyView) -> Vec<String> {
    let own = view.header.metric.as_ref().map(|metric| metric.name.clone());
    let best = best_job(view);
    let reading = best.as_ref().and_then(|(_, job)| job.metrics.as_deref());
    let numbers = reading.into_iter().flatten().filter(|(_, value)| metrics::number(value).is_some());
    let figures = FIGURES.map(str::to_owned);
    own.into_iter().chain(numbers.map(|(name, _)| name.clone())).chain(figures).collect()
}

fn in_last_reading(job: &JobView, name: &str) -> Option<f64> {
    job.metrics.as_deref().and_then(|reading| metrics::find(reading, name)).and_then(metrics::number)
}

fn figure(view: &StudyView, name: &str) -> Option<f64> {
    match name {
        FAILED => Some(view.last_attempts().filter(|job| job.is_failure()).count() as f64),
        DURATION => Some(view.last.since(Moment(0)).as_secs_f64()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};

    fn check(view: &StudyView, condition: &str) -> String {
        let condition: Condition = condition.parse().expect("a condition");
        condition.check(view).map_or_else(|met| met.to_string(), |()| "passes".to_owned())
    }

    #[test]
    fn conditions_are_about_the_best_trial_and_the_study() {
        let mut view = halving().view();
        view.jobs[3].metrics = serde_json::from_value(json!({"loss": 0.5, "val": {"acc": 0.9}, "grad": "NaN"})).ok();
        let conditions = [
            "loss > 0.1",
            "loss>0.3",
            "loss == 0.125",
            "val.acc<0.95",
            "val/acc != 0.9",
            "grad > 1",
            "failed>=1",
            "duration > 4",
            "acc < 1",
        ];
        insta::assert_snapshot!(conditions.map(|condition| check(&view, condition)).join("\n"), @r"
        loss is 0.125, so `loss > 0.1` holds
        passes
        loss is 0.125, so `loss == 0.125` holds
        val.acc is 0.9, so `val.acc < 0.95` holds
        passes
        grad is NaN, so `grad > 1` holds
        failed is 1, so `failed >= 1` holds
        passes
        `acc < 1` cannot be evaluated: the best trial has no acc
        ");
        assert_eq!(
            check(&StudyFixture::new().view(), "loss > 1"),
            "`loss > 1` cannot be evaluated: there is no best trial"
        );
        assert_eq!(check(&StudyFixture::new().view(), "failed > 0"), "passes");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "loss", "loss >", "> 0.3", "loss = 0.3", "loss > x", "loss > nan", "loss => 1", "a < b < 1"] {
            assert_eq!(text.parse::<Condition>(), Err(ConditionError), "{text}");
        }
    }
}
