//! `hypertune resume STUDY`: resumes a study from its folder.

use std::cell::OnceCell;
use std::env;

use anyhow::Context;

use super::args::ResumeArgs;
use super::error::CliError;
use super::exit_codes::Exit;
use super::study::definition::StudyDefinition;
use super::study::fail_if;
use super::study::location;
use super::study::recorded;
use super::study::session::SessionOptions;
use super::study::view;
use crate::journal::folder::layout::StudyFolder;
use crate::run::change::StudyChange;
use crate::run::options::Existing;

/// Resumes the study in `args.study`, in the directory where it was started.
pub fn resume(args: &ResumeArgs) -> Result<Exit, CliError> {
    let view = view::read(&args.study, fail_if::detail(&args.fail_if))?;
    let folder = StudyFolder::new(&args.study).absolute()?;
    let directory = location::directory(&view.header, folder.root())?;
    env::set_current_dir(&directory)
        .with_context(|| format!("cannot enter {}, the directory of the study", directory.display()))
        .map_err(CliError::usage)?;
    let study = StudyDefinition::recorded(&view.header, folder)?;
    let change = StudyChange { rerun: args.execution.rerun, ..recorded::unchanged(&view, &study) };
    let (execution, format) = (&args.execution, args.format);
    SessionOptions {
        execution,
        format,
        existing: Existing::Continue,
        change,
        fail_if: &args.fail_if,
        slots: OnceCell::new(),
    }
    .resume(study, view)
}
