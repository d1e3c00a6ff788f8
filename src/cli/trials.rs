//! `hypertune trials STUDY`.

use serde_json::{Map, Value};

use super::args::{FormatArg, TrialsArgs};
use super::error::CliError;
use super::exit_codes::Exit;
use super::output;
use super::study::ranking;
use crate::report::trial_columns::{self, Column};
use crate::report::trials::TrialView;
use crate::report::view::ViewDetail;
use crate::report::{trials, trials_table};

/// Prints the trials, best first unless they are sorted otherwise.
pub fn trials(args: &TrialsArgs) -> Result<Exit, CliError> {
    let needs_metrics = args.format == FormatArg::Json || args.sort.is_some() || !args.columns.is_empty();
    let detail = if needs_metrics { ViewDetail::Full } else { ViewDetail::Values };
    let view = ranking::read(&args.study, args.metric.as_ref(), detail)?;
    let mut trials = trials::trials(&view);
    let named = |name: &str| Column::named(name.trim(), &view, &trials).map_err(CliError::usage);
    let columns = args.columns.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
    if let Some((field, order)) = &args.sort {
        let column = named(field)?;
        trial_columns::sort(&mut trials, &column, *order);
    }
    trials.truncate(args.top.unwrap_or(usize::MAX));
    match args.format {
        FormatArg::Json if columns.is_empty() => output::json(&trials)?,
        FormatArg::Json => output::json(&trials.iter().map(|trial| selected(trial, &columns)).collect::<Vec<_>>())?,
        FormatArg::Text if columns.is_empty() => {
            output::text(&trials_table::table(&trials, &Column::usual(&view, &trials)))?;
        }
        FormatArg::Text => output::text(&trials_table::table(&trials, &columns))?,
    }
    Ok(Exit::Done)
}

fn selected(trial: &TrialView, columns: &[Column]) -> Map<String, Value> {
    columns.iter().map(|column| (column.name.clone(), column.json(trial))).collect()
}
