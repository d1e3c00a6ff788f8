//! `hypertune run MATRIX -- COMMAND`: starts a study, resumes it, or prints the result of a complete one.

use std::cell::OnceCell;

use clap::Args;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::args::study::StudyArgs;
use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::matrix_commands::definition_notes;
use crate::cli::options::execution;
use crate::cli::study::advice::passing;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::fail_if;
use crate::cli::study::recorded::{Decision, decide};
use crate::cli::study::seed;
use crate::cli::study::session;
use crate::cli::study::session::SessionOptions;
use crate::cli::study::view;
use crate::cli::study::warm_start;
use crate::journal::error::JournalError;
use crate::journal::folder::claim;
use crate::journal::folder::layout::StudyFolder;
use crate::progress::{Verbosity, print_message};
use crate::report::condition::Condition;
use crate::report::view::{StudyView, ViewDetail};
use crate::run::change::StudyChange;
use crate::run::options::Existing;

/// Arguments of `run`, and of `plan`, which takes the same ones.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Only show what would run, like `plan`
    #[arg(long)]
    pub dry_run: bool,
    /// Discard an existing study in the folder and start a new one
    #[arg(long)]
    pub overwrite: bool,
    /// Exit with code 3 if this holds for the best trial, as in 'loss > 0.3' (of 58.8% the value is 58.8); may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Runs the study in `args`.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    definition_notes::check(&args.study)?;
    let study = StudyDefinition::load(&args.study).map_err(findings::invalid_file)?;
    let verbosity = execution::verbosity(&args.execution);
    findings::print_warnings(&study.warnings);
    if verbosity != Verbosity::Quiet {
        findings::print_options_without_effect(&args.execution, &study.experiment);
        definition_notes::note_chosen(&study);
    }
    if study.renderer.is_none() {
        return Err(definition_notes::no_command(&study, &args.study));
    }
    claim::check(&study.folder).map_err(folder_error)?;
    let recorded = if args.overwrite { None } else { recorded(&study.folder, fail_if::detail(&args.fail_if))? };
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Continue };
    let (execution, format) = (&args.execution, args.format);
    let session = SessionOptions {
        execution,
        format,
        existing,
        change: StudyChange::default(),
        fail_if: &args.fail_if,
        places: OnceCell::new(),
        last: None,
    };
    let Some(view) = recorded else {
        note_rerun(args, verbosity);
        return start(study, &session, verbosity);
    };
    let study = study.load_again(&args.study, &view.header)?;
    match decide(&view, study, execution.rerun, verbosity)? {
        Decision::StartAgain(study) => {
            start(study, &SessionOptions { existing: Existing::Overwrite, ..session }, verbosity)
        }
        Decision::Continue(study, change, last) => {
            let study = study.with_seed(view.header.seed);
            SessionOptions { change, last, ..session }.resume(study, view)
        }
    }
}

/// The error of a folder that cannot be used, with the next step.
fn folder_error(error: JournalError) -> CliError {
    let is_io = matches!(error, JournalError::Io { .. });
    let error = view::journal_error(error);
    if is_io { error.hint("choose another folder with --study, or give yourself access to this one") } else { error }
}

/// Notes that there is nothing to run again in a new study.
fn note_rerun(args: &RunArgs, verbosity: Verbosity) {
    if args.execution.rerun.is_some() && verbosity != Verbosity::Quiet {
        print_message("note: --rerun has no effect: this is a new study");
    }
}

fn start(study: StudyDefinition, session: &SessionOptions<'_>, verbosity: Verbosity) -> Result<Exit, CliError> {
    session.check_program(&study)?;
    if let Some(passed) = passing::booleans(&study).filter(|_| verbosity != Verbosity::Quiet) {
        print_message(&format!("note: {passed}"));
    }
    let study = warm_start::load(study, verbosity)?;
    let study = match study.experiment.method.sampler.choice() {
        Some(_) => {
            let slots = session.slot_count(&study)?;
            study.with_slots(slots)
        }
        None => study,
    };
    if verbosity != Verbosity::Quiet {
        definition_notes::note_sampler(&study);
    }
    let study = match study.seed {
        Some(_) => study,
        None => {
            let drawn = seed::draw()?;
            if verbosity != Verbosity::Quiet {
                let slots = session.slot_count(&study)?;
                print_message(&seed::note(drawn, &*study.experiment.method.sampler, slots));
            }
            study.with_seed(drawn)
        }
    };
    let header = session::header(&study)?;
    session.run(study, header)
}

/// The study in `folder`. `None` also for a journal with an incomplete header: nothing was launched then.
pub fn recorded(folder: &StudyFolder, detail: ViewDetail) -> Result<Option<StudyView>, CliError> {
    match folder.journal().symlink_metadata() {
        Ok(_) => view::try_read(folder.root(), detail),
        Err(_) => Ok(None),
    }
}
