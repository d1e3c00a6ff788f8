//! One job's end as a line, for `--verbose`.

use std::time::Duration;

use super::tally::Tally;
use crate::journal::record::EndRecord;
use crate::report::text;
use crate::words::outcome::Outcome;

/// `trial 14 rung 1 attempt 1: loss 0.0123, 3.2s`.
pub fn ended(tally: &Tally, end: &EndRecord) -> String {
    let result = match (&end.outcome, &tally.metric) {
        (Outcome::Failed { failure }, _) => failure.to_string(),
        (Outcome::Stopped { by, .. }, _) => format!("ended early by {}", by.rule),
        (Outcome::Succeeded { score: Some(score) }, Some(metric)) => {
            format!("{} {}", metric.name, text::short(score.value()))
        }
        (Outcome::Succeeded { .. }, _) => "done".to_owned(),
    };
    let took = Duration::try_from_secs_f64(end.usage.duration_s).unwrap_or_default();
    format!("{}: {result}, {}", end.job, text::span(took))
}
