//! One job's end as a line, for `--verbose`.

use std::time::Duration;

use super::tally::Tally;
use crate::journal::record::EndRecord;
use crate::report::text;
use crate::types::ids::JobId;
use crate::types::outcome::Outcome;
use crate::types::printable::printable;

/// `trial 14, rung 1: loss 0.0123, 3.2s`; only a further attempt is named.
pub fn ended(tally: &Tally, end: &EndRecord) -> String {
    let result = match (&end.outcome, &tally.metric) {
        (Outcome::Failed { failure }, _) => printable(&failure.to_string()).into_owned(),
        (Outcome::Stopped { by, .. }, _) => format!("ended early by {}", printable(&by.rule)),
        (Outcome::Succeeded { score: Some(score) }, Some(metric)) => {
            format!("{} {}", printable(&metric.name), text::short(score.value()))
        }
        (Outcome::Succeeded { .. }, _) => "done".to_owned(),
    };
    let took = Duration::try_from_secs_f64(end.usage.duration_s).unwrap_or_default();
    let JobId { key, attempt } = end.job;
    let attempt = if attempt.0 > 1 { format!(", attempt {attempt}") } else { String::new() };
    format!("trial {}, rung {}{attempt}: {result}, {}", key.trial, key.rung, text::span(took))
}
