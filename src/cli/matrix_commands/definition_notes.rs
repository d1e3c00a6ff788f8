//! Checks that a command line defines a study, with a matrix file or without one.

use anyhow::anyhow;

use crate::cli::args::study::StudyArgs;
use crate::cli::error::CliError;
use crate::cli::study::definition::StudyDefinition;
use crate::progress::print_message;

/// An error if there is neither a matrix file nor a parameter.
pub fn check(args: &StudyArgs) -> Result<(), CliError> {
    if args.matrix.is_some() || !args.options.space.is_empty() {
        return Ok(());
    }
    let example = "give parameters: -s 'lr=loguniform(1e-5, 1e-1)' -s 'layers=int(1, 8)' --metric loss:minimize";
    Err(CliError::usage(anyhow!("there is no matrix and no parameter")).hint("name a matrix file, or").hint(example))
}

/// Prints which kind was chosen because none is given.
pub fn note_chosen(study: &StudyDefinition) {
    if let Some(chosen) = &study.chosen {
        print_message(&format!("note: kind {chosen}"));
    }
}

/// Prints what the sampler `auto` chose, and why.
pub fn note_sampler(study: &StudyDefinition) {
    let sampler = &study.experiment.method.sampler;
    if let Some(choice) = sampler.choice() {
        print_message(&format!("note: sampler {}, because {}", sampler.name(), choice.reason));
    }
}

/// The error for a study whose jobs have no command.
pub fn no_command(study: &StudyDefinition, args: &StudyArgs) -> CliError {
    let message = match &args.matrix {
        Some(_) => anyhow!("{} has no command", study.source.name),
        None => anyhow!("there is no command"),
    };
    CliError::usage(message).hint("add it after `--`, as in -- python3 train.py")
}
