//! The line for a finished job.

use std::time::Duration;

use super::line;
use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::journal::record::EndRecord;
use crate::report::failures::error_of;
use crate::report::study_progress::StudyProgress;
use crate::report::text;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, JobId};
use crate::types::outcome::{Failure, Outcome};
use crate::types::printable::printable;
use crate::types::units::Resource;

/// What a job was launched with.
#[derive(Clone, Debug)]
pub struct ProgressJob {
    /// The parameters of its trial, as text.
    pub params: String,
    /// Its bracket.
    pub bracket: BracketId,
    /// The resource allotted to its trial.
    pub resource: Resource,
}

/// `trial 14, rung 1: loss 0.0123, 3.2s`; the attempt is shown from the second on.
pub fn finished_line(progress: &StudyProgress, end: &EndRecord) -> String {
    let JobId { key, .. } = end.job;
    format!("trial {}, rung {}{}: {}", key.trial, key.rung, attempt(end), result(progress, end))
}

/// `trial 14, bracket 2, rung 1 (epochs=3)`; only the trial and the rung if there is no resource.
fn name(progress: &StudyProgress, end: &EndRecord, launched: Option<&ProgressJob>) -> String {
    let JobId { key, .. } = end.job;
    let (Some(launched), Some(resource)) = (launched, &progress.resource) else {
        return format!("trial {}, rung {}{}", key.trial, key.rung, attempt(end));
    };
    let rung = line::rung_of(progress, launched.bracket, key.rung);
    format!("trial {}, {rung} ({}={}){}", key.trial, printable(resource), launched.resource, attempt(end))
}

fn attempt(end: &EndRecord) -> String {
    if end.job.attempt.0 > 1 { format!(", attempt {}", end.job.attempt) } else { String::new() }
}

/// `loss 0.0123, 3.2s`
fn result(progress: &StudyProgress, end: &EndRecord) -> String {
    let result = match (&end.outcome, &progress.metric) {
        (Outcome::Failed { failure }, _) => {
            let reason = failure.to_string();
            let error = error_of(&reason, &end.stderr_tail);
            let error =
                error.map(|error| format!(": {}", printable(text::cut(&error, ERROR_COLUMNS)))).unwrap_or_default();
            format!("failed: {}{error}", printable(&reason))
        }
        (Outcome::Stopped { by, .. }, _) => format!("ended early by {}", printable(&by.rule)),
        (Outcome::Succeeded { score: Some(score) }, Some(metric)) => {
            format!("{} {}", printable(&metric.name), text::short(score.value()))
        }
        (Outcome::Succeeded { .. }, _) => "done".to_owned(),
    };
    let took = Duration::try_from_secs_f64(end.usage.duration_s).unwrap_or_default();
    format!("{result}, {}", text::span(took))
}

/// Most columns of an error.
const ERROR_COLUMNS: usize = 120;
/// Most columns of a trial's parameters.
const PARAMS_COLUMNS: usize = 100;

/// The parameters of a trial: `lr 0.1, act relu`.
pub fn params_text(params: &Assignment) -> String {
    let words = params.iter().map(|(name, value)| format!("{} {}", printable(name), text::short_value(value)));
    let whole = words.collect::<Vec<_>>().join(", ");
    if text::width(&whole) <= PARAMS_COLUMNS { whole } else { format!("{}…", text::cut(&whole, PARAMS_COLUMNS - 1)) }
}

/// The line without a terminal: `trial 14, bracket 2, rung 1 (epochs=3): loss 0.0123, 3.2s · lr 0.1 · best 0.011 (trial 9)`. A failed
/// job has its log instead of the best trial. The results of all lines begin in the column `result_column`, or further to the right,
/// which is then the new column.
pub fn plain_line(
    progress: &StudyProgress,
    end: &EndRecord,
    launched: Option<&ProgressJob>,
    folder: &StudyFolder,
    result_column: &mut usize,
) -> String {
    let name = format!("{}: ", name(progress, end, launched));
    *result_column = text::width(&name).max(*result_column);
    let mut parts = vec![format!("{}{}", text::padded(&name, *result_column), result(progress, end))];
    parts.extend(launched.map(|launched| launched.params.clone()).filter(|params| !params.is_empty()));
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
