//! `hypertune run MATRIX -- COMMAND`: begins a study, goes on with it, or shows its result again.

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

/// Runs the study that `args` describe.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let study = StudyDefinition::load(&args.study).map_err(findings::refused)?;
    let verbosity = execution::verbosity(&args.execution);
    if verbosity != Verbosity::Quiet {
        findings::warn(&study.warnings);
    }
    if args.dry_run {
        return plan::show(study, args.format, verbosity);
    }
    if study.renderer.is_none() {
        return Err(CliError::usage(anyhow!("{} names no command", study.source.name))
            .hint("write it after two dashes: hypertune run MATRIX -- python3 train.py"));
    }
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Continue };
    claim::check(&study.folder).map_err(view::unreadable)?;
    let recorded = match existing {
        Existing::Overwrite => None,
        Existing::Continue => recorded(&study.folder)?,
    };
    let session = SessionOptions { execution: &args.execution, format: args.format, existing };
    match recorded {
        Some(header) => go_on(study, header, &session),
        None => begin(study, &session, verbosity),
    }
}

fn begin(study: StudyDefinition, session: &SessionOptions<'_>, verbosity: Verbosity) -> Result<Exit, CliError> {
    session::find_program(&study)?;
    let study = warm_start::learn(study, verbosity)?;
    let study = match study.seed {
        Some(_) => study,
        None => {
            let drawn = seed::draw()?;
            if verbosity != Verbosity::Quiet {
                print_message(&format!("seed {drawn} (drawn: give --seed {drawn} for the same configurations)"));
            }
            study.with_seed(drawn)
        }
    };
    let header = session::header(&study)?;
    session.run(study, header)
}

fn go_on(study: StudyDefinition, header: Header, session: &SessionOptions<'_>) -> Result<Exit, CliError> {
    let beside = Path::new(&study.source.name).parent().unwrap_or(Path::new(""));
    let recorded = StudyDefinition::recorded_beside(&header, study.folder.clone(), beside)?;
    let found = differences(&header, &recorded, &study);
    if !found.is_empty() {
        return Err(changed(&study.folder, &found));
    }
    session.run(study.with_seed(header.seed).with_prior(&header.prior), header)
}

/// The header of the study that is in `folder` already. A journal that was torn in its header is as good as none.
fn recorded(folder: &StudyFolder) -> Result<Option<Header>, CliError> {
    match reader::open(folder) {
        Ok(found) => Ok(found.map(|(header, _)| header)),
        Err(JournalError::Missing { .. }) => Ok(None),
        Err(fault) => Err(view::unreadable(fault)),
    }
}

/// The study in `folder` is another one.
fn changed(folder: &StudyFolder, found: &[Difference]) -> CliError {
    let shown = folder.root().display();
    let fault = CliError::usage(anyhow!("{shown} holds a study that was begun differently"));
    let fault = found.iter().fold(fault, |fault, difference| {
        let Difference { what, recorded, now, place } = difference;
        let place = place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        fault.hint(format!("{what}: begun with {recorded}, now {now}{place}"))
    });
    fault.hint("begin another one with --study OTHER, or discard it with --overwrite")
}
