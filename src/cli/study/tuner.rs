//! Finds the program of a matrix's `tuner` before anything is launched.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::error::CliError;
use crate::command::hub::{FOLDERS_VARIABLE, TunerNotFoundError};
use crate::command::program::locate;
use crate::matrix::sections::tuner::{TunerSource, TunerSpec};
use crate::report::text;
use crate::run::tuner::TunerProgram;

/// The program of `spec`, which is in the matrix file `matrix`.
pub fn program(spec: &TunerSpec, matrix: &str) -> Result<TunerProgram, CliError> {
    let (name, argv, version) = match &spec.source {
        TunerSource::Command(argv) => {
            let first = argv.first().map_or("", String::as_str);
            locate(first).map_err(|error| CliError::usage(anyhow!("the tuner cannot be started: {error}")))?;
            (text::command_line(argv.iter().map(String::as_str)), argv.clone(), None)
        }
        TunerSource::Hub(reference) => {
            let beside = Path::new(matrix).parent().unwrap_or(Path::new(""));
            let found = reference.find(beside).map_err(not_found)?;
            (reference.path.clone(), vec![found.to_string_lossy().into_owned()], reference.version.clone())
        }
    };
    Ok(TunerProgram {
        name,
        argv,
        version,
        params: spec.params.clone(),
        timeout: spec.timeout,
        protocol: spec.protocol,
    })
}

fn not_found(error: TunerNotFoundError) -> CliError {
    let hints = match &error {
        TunerNotFoundError::NotExecutable(_) => vec!["make it executable: chmod +x".to_owned()],
        TunerNotFoundError::Missing { path, folders } => {
            let searched = folders.iter().map(|folder| format!("looked for {}", folder.join(path).display()));
            searched.chain([format!("put it there, or list other folders in {FOLDERS_VARIABLE}")]).collect()
        }
    };
    hints.into_iter().fold(CliError::usage(error), CliError::hint)
}
