//! `hypertune best STUDY`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::options::overrides;
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::fail_if;
use crate::cli::study::location;
use crate::cli::study::ranking;
use crate::cli::study::repetition;
use crate::journal::folder::layout::StudyFolder;
use crate::matrix::command_line::overrides::MetricOverride;
use crate::progress;
use crate::report::best::BestReport;
use crate::report::condition::Condition;
use crate::report::summary_text::{best_text, finish_sentence};
use crate::report::text::command_line;
use crate::report::view::{JobStatus, JobView, StudyView};

/// Arguments of `best`.
#[derive(Clone, Debug, Args)]
pub struct BestArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Rank by this metric instead of the study's: NAME:minimize or NAME:maximize
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric)]
    pub metric: Option<MetricOverride>,
    /// Exit with code 3 if this holds for the best trial, as in 'loss > 0.3' (of 58.8% the value is 58.8); may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Prints the best trial.
pub fn best(args: &BestArgs) -> Result<Exit, CliError> {
    let view = ranking::read(&args.study, args.metric.as_ref(), fail_if::detail(&args.fail_if))?;
    let folder = StudyFolder::new(&args.study);
    // The command is optional output: neither a missing component file nor a missing directory must hide the result.
    let study = StudyDefinition::recorded(&view.header, folder.clone()).ok();
    let directory = location::directory(&view.header, folder.root()).ok();
    let repeat = |job: &JobView| repetition::of(study.as_ref(), &folder, job, directory);
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
