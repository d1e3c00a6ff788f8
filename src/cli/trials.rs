//! `hypertune trials STUDY`.

use super::args::{FormatArg, TrialsArgs};
use super::error::CliError;
use super::exit_codes::Exit;
use super::output;
use super::study::view;
use crate::report::view::ViewDetail;
use crate::report::{trials, trials_table};

/// Prints all trials, best first.
pub fn trials(args: &TrialsArgs) -> Result<Exit, CliError> {
    let view = view::read(&args.study, ViewDetail::Values)?;
    let trials = trials::trials(&view);
    match args.format {
        FormatArg::Json => output::json(&trials)?,
        FormatArg::Text => output::text(&trials_table::table(&view, &trials))?,
    }
    Ok(Exit::Done)
}
