//! `hypertune run MATRIX -- COMMAND`: starts a study, resumes it, or prints the result of a complete one.

use std::cell::OnceCell;

use anyhow::anyhow;

use super::args::RunArgs;
use super::error::CliError;
use super::exit_codes::Exit;
use super::findings;
use super::options::execution;
use super::plan;
use super::study::definition::StudyDefinition;
use super::study::fail_if;
use super::study::recorded::{Decision, decide};
use super::study::seed;
use super::study::session;
use super::study::session::SessionOptions;
use super::study::view;
use super::study::warm_start;
use crate::journal::folder::claim;
use crate::journal::folder::layout::StudyFolder;
use crate::progress::{Verbosity, print_message};
use crate::report::view::{StudyView, ViewDetail};
use crate::run::change::StudyChange;
use crate::run::options::Existing;

/// Runs the study in `args`.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    if args.dry_run {
        return plan::plan(args);
    }
    let study = StudyDefinition::load(&args.study).map_err(findings::invalid_file)?;
    let verbosity = execution::verbosity(&args.execution);
    if verbosity != Verbosity::Quiet {
        findings::print_warnings(&study.warnings);
        findings::print_options_without_effect(&args.execution);
    }
    if study.renderer.is_none() {
        return Err(CliError::usage(anyhow!("{} has no command", study.source.name))
            .hint("add it after `--`: hypertune run MATRIX -- python3 train.py"));
    }
    claim::check(&study.folder).map_err(view::journal_error)?;
    let recorded = if args.overwrite { None } else { recorded(&study.folder, fail_if::detail(&args.fail_if))? };
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Continue };
    let (execution, format) = (&args.execution, args.format);
    let session = SessionOptions {
        execution,
        format,
        existing,
        change: StudyChange::default(),
        fail_if: &args.fail_if,
        slots: OnceCell::new(),
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
        Decision::Continue(study, change) => {
            let study = study.with_seed(view.header.seed).with_prior(&view.header.prior);
            SessionOptions { change, ..session }.resume(study, view)
        }
    }
}

/// Notes that there is nothing to run again in a new study.
fn note_rerun(args: &RunArgs, verbosity: Verbosity) {
    if args.execution.rerun.is_some() && verbosity != Verbosity::Quiet {
        print_message("note: --rerun has no effect: this is a new study");
    }
}

fn start(study: StudyDefinition, session: &SessionOptions<'_>, verbosity: Verbosity) -> Result<Exit, CliError> {
    session::check_program(&study)?;
    let study = warm_start::load(study, verbosity)?;
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
fn recorded(folder: &StudyFolder, detail: ViewDetail) -> Result<Option<StudyView>, CliError> {
    match folder.journal().symlink_metadata() {
        Ok(_) => view::try_read(folder.root(), detail),
        Err(_) => Ok(None),
    }
}
