//! The program that a matrix's `tuner` names, found before anything is launched.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::error::CliError;
use crate::command::hub::{FOLDERS_VARIABLE, HubRef, TunerNotFoundError};
use crate::command::program::{explain, locate};
use crate::matrix::sections::tuner::{TunerSource, TunerSpec};
use crate::report::text;
use crate::run::tuner::TunerProgram;

/// The program for `spec` of the matrix file called `matrix`.
pub fn program(spec: &TunerSpec, matrix: &str) -> Result<TunerProgram, CliError> {
    let (name, argv, version) = match &spec.source {
        TunerSource::Command(argv) => {
            let first = argv.first().map_or("", String::as_str);
            locate(first).map_err(|missing| {
                let about = explain(first, &missing);
                CliError::usage(anyhow!("the tuner cannot be started: {about}"))
            })?;
            (text::command_line(argv.iter().map(String::as_str)), argv.clone(), None)
        }
        TunerSource::Hub(reference) => {
            let beside = Path::new(matrix).parent().unwrap_or(Path::new(""));
            let found = reference.find(beside).map_err(|not_found| missing(reference, &not_found))?;
            (reference.path.clone(), vec![found.to_string_lossy().into_owned()], reference.version.clone())
        }
    };
    Ok(TunerProgram { name, argv, version, params: spec.params.clone(), patience: spec.timeout })
}

fn missing(reference: &HubRef, TunerNotFoundError { folders, not_executable }: &TunerNotFoundError) -> CliError {
    let path = &reference.path;
    if let Some(found) = not_executable {
        return CliError::usage(anyhow!("the tuner {} is not executable", found.display())).hint("chmod +x it");
    }
    let fault = CliError::usage(anyhow!("there is no tuner `{path}`"));
    let fault =
        folders.iter().fold(fault, |fault, folder| fault.hint(format!("looked for {}", folder.join(path).display())));
    fault.hint(format!("put it there, or name other folders in {FOLDERS_VARIABLE}"))
}
