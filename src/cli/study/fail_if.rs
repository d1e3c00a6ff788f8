//! `--fail-if`: an exit code for continuous integration.

use anyhow::anyhow;

use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::matrix::diagnostics::suggest;
use crate::report::condition::{self, Condition, ConditionMetError};
use crate::report::view::{StudyView, ViewDetail};

/// The detail of a view on which `conditions` can be checked.
pub fn detail(conditions: &[Condition]) -> ViewDetail {
    if conditions.is_empty() { ViewDetail::Values } else { ViewDetail::Full }
}

/// `exit`, or the error with every condition that holds for the result of `view`.
///
/// Conditions change the exit code of a study that completed or was stopped by a limit, not that of one that failed or was
/// interrupted.
pub fn check(conditions: &[Condition], view: &StudyView, exit: Exit) -> Result<Exit, CliError> {
    if !matches!(exit, Exit::Done | Exit::Limit) {
        return Ok(exit);
    }
    let mut met = conditions.iter().filter_map(|condition| condition.check(view).err());
    let Some(first) = met.next() else { return Ok(exit) };
    let error = CliError::no_result(anyhow!("--fail-if: {first}"));
    let error = with_known_name(error, &first, view);
    Err(met.fold(error, |error, next| {
        let error = error.hint(format!("--fail-if: {next}"));
        with_known_name(error, &next, view)
    }))
}

/// `error` with the name that was probably meant, if `met` has one that is not known.
fn with_known_name(error: CliError, met: &ConditionMetError, view: &StudyView) -> CliError {
    let ConditionMetError::NoValue { name, .. } = met else { return error };
    let known = condition::known_names(view);
    suggest::suggestion(name, known.iter().map(String::as_str)).into_iter().fold(error, CliError::hint)
}
