//! The line for a finished job.

use std::time::Duration;

use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::journal::record::EndRecord;
use crate::report::study_progress::StudyProgress;
use crate::report::text;
use crate::types::assignment::Assignment;
use crate::types::ids::JobId;
use crate::types::outcome::{Failure, Outcome};
use crate::types::printable::printable;

/// `trial 14, rung 1: loss 0.0123, 3.2s`; the attempt is shown from the second on.
pub fn finished_line(progress: &StudyProgress, end: &EndRecord) -> String {
    let result = match (&end.outcome, &progress.metric) {
        (Outcome::Failed { failure }, _) => format!("failed: {}", printable(&failure.to_string())),
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

/// Most columns of a trial's parameters.
const PARAMS_COLUMNS: usize = 100;

/// The parameters of a trial: `lr 0.1, act relu`.
pub fn params_text(params: &Assignment) -> String {
    let words = params.iter().map(|(name, value)| format!("{} {}", printable(name), text::short_value(value)));
    let whole = words.collect::<Vec<_>>().join(", ");
    if text::width(&whole) <= PARAMS_COLUMNS { whole } else { format!("{}…", text::cut(&whole, PARAMS_COLUMNS - 1)) }
}

/// The line without a terminal: `trial 14, rung 1: loss 0.0123, 3.2s · lr 0.1 · best 0.011 (trial 9)`. A failed job has its log instead
/// of the best trial.
pub fn plain_line(progress: &StudyProgress, end: &EndRecord, params: &str, folder: &StudyFolder) -> String {
    let mut parts = vec![finished_line(progress, end)];
    parts.extend((!params.is_empty()).then(|| params.to_owned()));
    match &end.outcome {
        Outcome::Failed { failure } => parts.push(format!("log {}", log(end, failure, folder))),
        _ => parts.extend(
            progress.best().map(|best| format!("best {} (trial {})", text::short(best.score.value()), best.job.trial)),
        ),
    }
    parts.join(" · ")
}

/// The log in which the reason is, or the trial's folder if the job may have printed nothing.
fn log(end: &EndRecord, failure: &Failure, folder: &StudyFolder) -> String {
    let path = match failure {
        Failure::NoMetric(_) | Failure::NotFinite(_) => folder.log(end.job, LogStream::Stdout),
        _ if !end.stderr_tail.is_empty() => folder.log(end.job, LogStream::Stderr),
        _ => folder.trial(end.job.key.trial),
    };
    printable(&path.display().to_string()).into_owned()
}
