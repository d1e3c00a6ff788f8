//! `hypertune best STUDY`.

use super::args::{BestArgs, FormatArg};
use super::error::CliError;
use super::exit_codes::Exit;
use super::output;
use super::study::definition::StudyDefinition;
use super::study::fail_if;
use super::study::ranking;
use crate::journal::folder::layout::StudyFolder;
use crate::progress;
use crate::report::best::BestReport;
use crate::report::summary_text::{best_text, finish_sentence};
use crate::report::text::command_line;
use crate::report::view::{JobStatus, JobView, StudyView};

/// Prints the best trial.
pub fn best(args: &BestArgs) -> Result<Exit, CliError> {
    let view = ranking::read(&args.study, args.metric.as_ref(), fail_if::detail(&args.fail_if))?;
    // The command is optional output: a missing component file must not hide the result.
    let study = StudyDefinition::recorded(&view.header, StudyFolder::new(&args.study)).ok();
    let repeat = |job: &JobView| study.map(|study| study.repeat(job)).unwrap_or_default();
    let Some(report) = BestReport::new(&view, repeat) else {
        let reason = match view.header.metric {
            Some(_) => "no job has returned a value yet",
            None => "the study has no metric, so its trials are not ranked",
        };
        return Err(CliError::no_result(anyhow::anyhow!("{}: {reason}", args.study.display())));
    };
    if !report.ended {
        progress::print_message(&format!("note: {}", unfinished(&view)));
    }
    match args.format {
        FormatArg::Json => output::json(&report)?,
        FormatArg::Text => {
            output::text(&best_text(&report.best, view.header.resource_name()))?;
        }
    }
    fail_if::check(&args.fail_if, &view, Exit::Done)
}

/// Why the best trial is not final yet.
fn unfinished(view: &StudyView) -> String {
    if view.jobs.iter().any(|job| job.status == JobStatus::Running) {
        return "the study is running; this is the best trial so far".to_owned();
    }
    let resume = command_line(["hypertune", "resume", &view.study.to_string_lossy()]);
    let reason = view.finish.as_ref().map(|reason| format!(" ({})", finish_sentence(reason))).unwrap_or_default();
    format!("the study has not ended{reason}; this is the best trial so far; to continue the study, run\n  {resume}")
}
