//! The hint for a command line without `--` before the training command.

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::subcommand::{Cli, Subcommand};
use crate::cli::args::study::StudyArgs;
use crate::report::text;

/// How to correct `args`, the whole command line, if `error` is about the first word of a training command without `--`.
pub fn hint(error: &clap::Error, args: &[String]) -> Option<String> {
    let Some(ContextValue::String(unexpected)) = error.get(ContextKind::InvalidArg) else { return None };
    let takes_command = args.get(1).is_some_and(|name| ["run", "plan", "check"].contains(&name.as_str()));
    if error.kind() != ErrorKind::UnknownArgument || !takes_command || unexpected.starts_with('-') {
        return None;
    }
    if args.iter().any(|arg| arg == "--") {
        return None;
    }
    // The same word may also be the value of an option; clap decides.
    // Without a matrix, the word before it was read as one.
    let is_start = |at: &usize| args[*at] == *unexpected || args.get(at + 1) == Some(unexpected);
    let starts = (2..args.len()).filter(is_start);
    let corrected = starts.map(|at| with_dashes(args, at)).find(|line| is_complete(line));
    Some(match corrected {
        Some(line) => {
            let line = text::command_line(["hypertune"].into_iter().chain(line[1..].iter().map(String::as_str)));
            format!("put `--` before the training command:\n  {line}")
        }
        None => format!("put `--` before the training command: hypertune {} MATRIX -- COMMAND", args[1]),
    })
}

fn with_dashes(args: &[String], at: usize) -> Vec<String> {
    let (before, command) = args.split_at(at);
    before.iter().cloned().chain(["--".to_owned()]).chain(command.iter().cloned()).collect()
}

/// Whether clap accepts `line` and its matrix exists.
fn is_complete(line: &[String]) -> bool {
    let parsed = Cli::try_parse_from(line).ok().map(|cli| cli.command);
    let study: Option<StudyArgs> = match parsed {
        Some(Subcommand::Run(args)) => Some(args.study),
        Some(Subcommand::Plan(args)) => Some(args.run.study),
        Some(Subcommand::Check(args)) => Some(args.study),
        _ => None,
    };
    study.is_some_and(|study| match &study.matrix {
        Some(matrix) => matrix.exists(),
        None => !study.options.space.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_for(line: &str) -> Option<String> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        hint(&Cli::try_parse_from(&args).expect_err(line), &args)
    }

    #[test]
    fn a_command_without_dashes_gets_the_corrected_line() {
        let folder = tempfile::tempdir().unwrap();
        let matrix = folder.path().join("m.yaml").display().to_string();
        std::fs::write(&matrix, "").unwrap();
        for (line, corrected) in [
            ("run M python3 train.py", "run M -- python3 train.py"),
            ("run -j 2 M python3 train.py --lr 3", "run -j 2 M -- python3 train.py --lr 3"),
            ("run --metric sh M sh -c x", "run --metric sh M -- sh -c x"),
            ("plan M ./train", "plan M -- ./train"),
            ("check M --seed 3 ./train", "check M --seed 3 -- ./train"),
            ("run -s x=int(1,2) python3 train.py", "run -s 'x=int(1,2)' -- python3 train.py"),
        ] {
            let [line, corrected] = [line, corrected].map(|line| format!("hypertune {line}").replace('M', &matrix));
            let hint = hint_for(&line).expect("a hint");
            assert_eq!(hint, format!("put `--` before the training command:\n  {corrected}"));
        }
    }

    #[test]
    fn without_a_matrix_the_hint_names_the_form() {
        let hint = hint_for("hypertune run python3 train.py").expect("a hint");
        assert_eq!(hint, "put `--` before the training command: hypertune run MATRIX -- COMMAND");
    }

    #[test]
    fn other_errors_get_no_such_hint() {
        for line in ["run m.yaml --lr 3", "run m.yaml python3 -- train.py", "best a b", "run -j x m.yaml"] {
            assert_eq!(hint_for(&format!("hypertune {line}")), None, "{line}");
        }
    }
}
