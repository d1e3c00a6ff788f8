//! `hypertune run MATRIX -- COMMAND`: starts a study, resumes it, or prints the result of a complete one.

use std::path::Path;

use anyhow::anyhow;

use super::args::RunArgs;
use super::error::CliError;
use super::exit_codes::Exit;
use super::findings;
use super::options::execution;
use super::plan;
use super::study::definition::StudyDefinition;
use super::study::identity::{Difference, differences};
use super::study::seed;
use super::study::session;
use super::study::session::SessionOptions;
use super::study::view;
use super::study::warm_start;
use crate::journal::error::JournalError;
use crate::journal::folder::claim;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::Header;
use crate::progress::{Verbosity, print_message};
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
    }
    if study.renderer.is_none() {
        return Err(CliError::usage(anyhow!("{} has no command", study.source.name))
            .hint("add it after `--`: hypertune run MATRIX -- python3 train.py"));
    }
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Continue };
    claim::check(&study.folder).map_err(view::journal_error)?;
    let recorded = match existing {
        Existing::Overwrite => None,
        Existing::Continue => recorded(&study.folder)?,
    };
    let session = SessionOptions { execution: &args.execution, format: args.format, existing };
    match recorded {
        Some(header) => resume(study, header, &session),
        None => start(study, &session, verbosity),
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

fn resume(study: StudyDefinition, header: Header, session: &SessionOptions<'_>) -> Result<Exit, CliError> {
    let directory = Path::new(&study.source.name).parent().unwrap_or(Path::new(""));
    let recorded = StudyDefinition::recorded_in(&header, study.folder.clone(), directory)?;
    let found = differences(&header, &recorded, &study);
    if !found.is_empty() {
        return Err(different_study(&study.folder, &found));
    }
    session.run(study.with_seed(header.seed).with_prior(&header.prior), header)
}

/// The header of the study in `folder`. `None` also for a journal with an incomplete header: nothing was launched then.
fn recorded(folder: &StudyFolder) -> Result<Option<Header>, CliError> {
    match reader::open(folder) {
        Ok(found) => Ok(found.map(|(header, _)| header)),
        Err(JournalError::Missing { .. }) => Ok(None),
        Err(error) => Err(view::journal_error(error)),
    }
}

/// The error for a command line that differs from the study in `folder`.
fn different_study(folder: &StudyFolder, found: &[Difference]) -> CliError {
    let folder = folder.root().display();
    let error = CliError::usage(anyhow!("this command line differs from the study in {folder}"));
    let error = found.iter().fold(error, |error, difference| {
        let Difference { field, recorded, now, location } = difference;
        let location = location.as_ref().map(|location| format!(" ({location})")).unwrap_or_default();
        error.hint(format!("{field}: started with {recorded}, now {now}{location}"))
    });
    error.hint("start another study with --study OTHER, or discard this one with --overwrite")
}
