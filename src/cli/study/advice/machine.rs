//! What to do about errors of the machine that end a session.

use std::io;
use std::path::Path;

use crate::cli::error::CliError;
use crate::journal::error::JournalError;
use crate::launch::error::LaunchError;
use crate::run::checkpoints::FileError;
use crate::run::error::RunError;
use crate::run::process::machine_errors;

/// Adds what to do about an error of the machine, such as a full disk. `resume` is the command line that resumes the study;
/// `None` if the study has no record yet.
pub fn with_machine_advice(error: RunError, resume: Option<&str>) -> CliError {
    if let Some(hint) = permission_hint(&error).or_else(|| missing_file_systems(&error).map(str::to_owned)) {
        return CliError::internal(error).hint(hint).hint("then run the same command line again");
    }
    let Some(source) = machine_source(&error) else { return CliError::internal(error) };
    let advice = machine_errors::advice(source);
    let rerun = match (&error, resume) {
        (RunError::Discard(_), _) | (_, None) => "then run the same command line again".to_owned(),
        (_, Some(resume)) => format!("no result is lost; then run the same command line again, or\n  {resume}"),
    };
    CliError::internal(error).hint(advice).hint(rerun)
}

/// The next step if the machine lacks what every session needs.
fn missing_file_systems(error: &RunError) -> Option<&'static str> {
    let RunError::System { source, .. } = error else { return None };
    (source.kind() == io::ErrorKind::NotFound).then_some("hypertune needs /proc and /dev/null: mount them")
}

/// The next step if the user may not write a file of the study.
fn permission_hint(error: &RunError) -> Option<String> {
    let (path, source) = match error {
        RunError::File(FileError { path, source })
        | RunError::Discard(FileError { path, source })
        | RunError::Launch(LaunchError::SessionList { path, source, .. })
        | RunError::Journal(JournalError::Io { path, source, .. }) => (path, source),
        _ => return None,
    };
    let found = path.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
    let what = match source.kind() {
        io::ErrorKind::PermissionDenied => "",
        io::ErrorKind::ReadOnlyFilesystem => "the file system of ",
        _ => return None,
    };
    Some(format!("make {what}{} writable, or choose another folder with --study", found.display()))
}

/// The error of the operating system, if it says something about the machine.
fn machine_source(error: &RunError) -> Option<&io::Error> {
    match error {
        // Only errors of the machine delay a start until the timeout.
        RunError::Refused { source, .. } => Some(source),
        RunError::Journal(JournalError::Io { source, .. })
        | RunError::System { source, .. }
        | RunError::Launch(LaunchError::SessionList { source, .. })
        | RunError::File(FileError { source, .. })
        | RunError::Discard(FileError { source, .. }) => {
            Some(source).filter(|source| machine_errors::machine_error(source).is_some())
        }
        _ => None,
    }
}
