//! `hypertune best STUDY`.

use super::args::{BestArgs, FormatArg};
use super::error::CliError;
use super::exit_codes::Exit;
use super::output;
use super::study::definition::StudyDefinition;
use super::study::view;
use crate::journal::folder::layout::StudyFolder;
use crate::report::best::BestView;
use crate::report::summary_text::best_text;
use crate::report::view::{JobView, ViewDetail};

/// Prints the best trial.
pub fn best(args: &BestArgs) -> Result<Exit, CliError> {
    let view = view::read(&args.study, ViewDetail::Values)?;
    // the command is a convenience: without the component file, say, the rest still stands
    let study = StudyDefinition::recorded(&view.header, StudyFolder::new(&args.study)).ok();
    let repeat = |job: &JobView| study.map(|study| study.repeat(job)).unwrap_or_default();
    let Some(best) = BestView::of(&view, repeat) else {
        let why = match view.header.metric {
            Some(_) => "no job has a value yet",
            None => "the study has no metric, so nothing is ranked",
        };
        return Err(CliError::no_result(anyhow::anyhow!("{}: {why}", args.study.display())));
    };
    match args.format {
        FormatArg::Json => output::json(&best)?,
        FormatArg::Text => {
            output::text(&best_text(&best, view.header.resource.as_ref().map(|r| r.name.as_str())))?;
        }
    }
    Ok(Exit::Done)
}
