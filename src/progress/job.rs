//! The line of `--verbose` for a finished job.

use std::time::Duration;

use super::study_progress::StudyProgress;
use crate::journal::record::EndRecord;
use crate::report::text;
use crate::types::ids::JobId;
use crate::types::outcome::Outcome;
use crate::types::printable::printable;

/// `trial 14, rung 1: loss 0.0123, 3.2s`; the attempt is shown from the second on.
pub fn finished_line(progress: &StudyProgress, end: &EndRecord) -> String {
    let result = match (&end.outcome, &progress.metric) {
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
