//! `hypertune trials STUDY`.

use std::sync::Arc;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::options::overrides;
use crate::cli::output;
use crate::cli::study::ranking;
use crate::matrix::command_line::overrides::MetricOverride;
use crate::progress;
use crate::report::trial_columns::SortOrder;
use crate::report::trial_columns::{self, Column};
use crate::report::trials::TrialView;
use crate::report::view::ViewDetail;
use crate::report::{trials, trials_table};
use crate::types::printable::printable;

/// Arguments of `trials`.
#[derive(Clone, Debug, Args)]
pub struct TrialsArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Rank by this metric instead of the study's: NAME:minimize or NAME:maximize
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric)]
    pub metric: Option<MetricOverride>,
    /// Show only the first N
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Sort by a field, written FIELD, FIELD:asc or FIELD:desc [default: best first]
    #[arg(long, value_name = "FIELD", value_parser = sort_key)]
    pub sort: Option<(String, SortOrder)>,
    /// Fields to show: trial, bracket, status, resource, value, jobs, duration_s, reason, params.NAME, metrics.NAME, as in the
    /// headings; the study's names of the resource, the metric and a parameter too
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// `FIELD`, `FIELD:asc` or `FIELD:desc`.
fn sort_key(text: &str) -> Result<(String, SortOrder), String> {
    let (field, order) = match text.rsplit_once(':') {
        Some((field, "asc")) => (field, SortOrder::Ascending),
        Some((field, "desc")) => (field, SortOrder::Descending),
        _ => (text, SortOrder::Ascending),
    };
    if field.is_empty() { Err("the field is missing".to_owned()) } else { Ok((field.to_owned(), order)) }
}

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
        FormatArg::Json if columns.is_empty() => {
            trials.iter_mut().for_each(|trial| trial.params = Arc::new(view.header.with_inactive(&trial.params)));
            output::json(&trials)?;
        }
        FormatArg::Json => output::json(&trials.iter().map(|trial| selected(trial, &columns)).collect::<Vec<_>>())?,
        FormatArg::Text if columns.is_empty() => {
            let (columns, omitted) = fitting(Column::usual(&view, &trials), &trials);
            output::text(&trials_table::table(&trials, &columns))?;
            if !omitted.is_empty() {
                let names = printable(&omitted.join(", ")).into_owned();
                progress::print_message(&format!(
                    "note: the terminal has no space for {names}; --columns chooses, and a pipe or file gets all columns"
                ));
            }
        }
        FormatArg::Text => output::text(&trials_table::table(&trials, &columns))?,
    }
    Ok(Exit::Done)
}

/// The columns that the terminal has space for, and the names of the others. Other outputs get all columns.
fn fitting(columns: Vec<Column>, trials: &[TrialView]) -> (Vec<Column>, Vec<String>) {
    match output::terminal_width() {
        Some(width) => trial_columns::fitting(columns, trials, usize::from(width)),
        None => (columns, Vec::new()),
    }
}

fn selected(trial: &TrialView, columns: &[Column]) -> Map<String, Value> {
    columns.iter().map(|column| (column.name.clone(), column.json(trial))).collect()
}
