//! `hypertune resume STUDY`: resumes a study from its folder.

use std::cell::OnceCell;
use std::env;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::options::execution;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::fail_if;
use crate::cli::study::location;
use crate::cli::study::recorded;
use crate::cli::study::session::SessionOptions;
use crate::cli::study::view;
use crate::journal::folder::layout::StudyFolder;
use crate::progress::Verbosity;
use crate::report::condition::Condition;
use crate::run::change::StudyChange;
use crate::run::options::Existing;

/// Arguments of `resume`.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// Folder of the study
    pub study: PathBuf,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Exit with code 3 if this holds for the best trial, as in 'loss > 0.3' (of 58.8% the value is 58.8); may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Resumes the study in `args.study`, in the directory where it was started.
pub fn resume(args: &ResumeArgs) -> Result<Exit, CliError> {
    let view = view::read(&args.study, fail_if::detail(&args.fail_if))?;
    let folder = StudyFolder::new(&args.study).absolute()?;
    let directory = location::directory(&view.header, folder.root())?;
    env::set_current_dir(&directory)
        .with_context(|| format!("cannot enter {}, the directory of the study", directory.display()))
        .map_err(CliError::usage)?;
    let study = StudyDefinition::recorded(&view.header, folder)?;
    if execution::verbosity(&args.execution) != Verbosity::Quiet {
        findings::print_options_without_effect(&args.execution, &study.experiment);
    }
    let change = StudyChange { rerun: args.execution.rerun, ..recorded::unchanged(&view, &study) };
    let last = recorded::last_slots(&view, &study, &study);
    let (execution, format) = (&args.execution, args.format);
    SessionOptions {
        execution,
        format,
        existing: Existing::Continue,
        change,
        fail_if: &args.fail_if,
        places: OnceCell::new(),
        last,
    }
    .resume(study, view)
}
