//! Classifies exit codes by the last lines of stderr: whether every configuration would fail in the same way.

use crate::types::outcome::Failure;

/// Exit codes of shells for a program that is not executable or not found (POSIX.1-2017, XCU 2.8.2).
const SHELL_CANNOT_RUN: [i32; 2] = [126, 127];
/// Exit code of Python after an uncaught exception.
const PYTHON_EXCEPTION: i32 = 1;
/// Exit code of argparse, click and most other argument parsers for invalid arguments.
const USAGE_ERROR: i32 = 2;
/// Exit code of absl for invalid flags.
const ABSL_USAGE_ERROR: i32 = 1;
/// How absl's message for invalid flags begins.
const ABSL_ERROR: &str = "FATAL Flags parsing error:";
/// How click's messages begin where it prints no usage before them (`click/exceptions.py`), and Typer's.
const CLICK_ERRORS: [&str; 8] = [
    "Error: Option '",
    "Error: No such option",
    "Error: Invalid value",
    "Error: Missing option",
    "Error: Missing argument",
    "Error: Missing parameter",
    "Error: Got unexpected extra argument",
    "Error: Argument '",
];
/// Titles of the boxes in which tyro prints its messages.
const TYRO_TITLES: [&str; 3] = ["─ Parsing error ─", "─ Unrecognized options ─", "─ Required options ─"];
/// The reason of a failure for which an argument parser ended the program, after the exit code.
pub const REJECTED: &str = "the program rejected its arguments";
/// Python's exceptions for programs that cannot be loaded.
const LOAD_ERRORS: [&str; 5] = ["SyntaxError", "IndentationError", "TabError", "ImportError", "ModuleNotFoundError"];
/// Python's exceptions that point to a bug in the program or a problem of its environment rather than to an unsuitable value.
const PROGRAM_ERRORS: [&str; 10] = [
    "NameError",
    "UnboundLocalError",
    "AttributeError",
    "TypeError",
    "KeyError",
    "NotImplementedError",
    "FileNotFoundError",
    "NotADirectoryError",
    "IsADirectoryError",
    "PermissionError",
];
/// Messages of Python, Perl and dash before they exit with 2 because the script does not exist.
const MISSING_SCRIPT: [&str; 3] = [": can't open file ", "Can't open perl script ", ": 0: cannot open "];
/// Maximum number of characters of a line in the journal.
const MAX_LINE_CHARS: usize = 200;

/// The failure of a job with exit code `code` (not 0) and the last lines of stderr `stderr_tail`.
pub fn failure_of_exit(code: i32, stderr_tail: &str) -> Failure {
    let last = stderr_tail.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let with_line = || format!("exit code {code}: {}", last.chars().take(MAX_LINE_CHARS).collect::<String>());
    match code {
        _ if SHELL_CANNOT_RUN.contains(&code) => Failure::BadCommand(with_line()),
        USAGE_ERROR if MISSING_SCRIPT.iter().any(|text| last.contains(text)) => Failure::BadCommand(with_line()),
        // Without the line, which contains values and so differs between jobs.
        USAGE_ERROR if has_usage(stderr_tail) => Failure::BadCommand(format!("exit code {code}: {REJECTED}")),
        ABSL_USAGE_ERROR if stderr_tail.lines().any(|line| line.starts_with(ABSL_ERROR)) => {
            Failure::BadCommand(format!("exit code {code}: {REJECTED}"))
        }
        PYTHON_EXCEPTION if is_exception(last, &LOAD_ERRORS) => Failure::BadCommand(with_line()),
        PYTHON_EXCEPTION if is_exception(last, &PROGRAM_ERRORS) => Failure::ProgramError(with_line()),
        _ => Failure::Exit(code),
    }
}

/// Whether there is a line of an argument parser: `usage: …`, `PROGRAM: error: …` of argparse, or a message of click or tyro.
fn has_usage(stderr_tail: &str) -> bool {
    let is_usage = |line: &str| line.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("usage:"));
    let is_click = |line: &str| CLICK_ERRORS.iter().any(|start| line.starts_with(start));
    let is_tyro = |line: &str| TYRO_TITLES.iter().any(|title| line.contains(title));
    let mut lines = stderr_tail.lines().map(str::trim_start);
    lines.any(|line| is_usage(line) || line.contains(": error: ") || is_click(line) || is_tyro(line))
}

/// Whether `line` is the last line of a traceback of one of the exceptions `names`.
fn is_exception(line: &str, names: &[&str]) -> bool {
    let name = line.split_once(':').map_or(line, |(name, _)| name);
    names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_bad_command(code: i32, stderr: &str) -> bool {
        matches!(failure_of_exit(code, stderr), Failure::BadCommand(_))
    }

    #[test]
    fn a_program_that_cannot_run_is_a_bad_command() {
        assert!(is_bad_command(127, "sh: 1: trian.py: not found\n") && is_bad_command(126, ""));
        assert!(is_bad_command(1, "  File \"t.py\", line 3\n    x = = 1\nSyntaxError: invalid syntax\n\n"));
        assert!(is_bad_command(
            1,
            "Traceback (most recent call last):\nModuleNotFoundError: No module named 'torch'\n"
        ));
        assert!(is_bad_command(2, "python3: can't open file '/w/trian.py': [Errno 2] No such file or directory\n"));
        assert!(
            is_bad_command(2, "sh: 0: cannot open trian.sh: No such file\n")
                && !is_bad_command(2, "cannot open data.csv\n")
        );
        assert!(!is_bad_command(2, "ModuleNotFoundError: No module named 'torch'\n"), "Python exits with 1");
        assert!(!is_bad_command(1, "ImportErrors: 3\n") && !is_bad_command(1, "see SyntaxError: x\n"));
    }

    #[test]
    fn rejected_arguments_have_one_reason_for_all_values() {
        let argparse = |lr| format!("usage: t.py [-h] [--rate RATE]\nt.py: error: unrecognized arguments: --lr={lr}\n");
        assert_eq!(failure_of_exit(2, &argparse(0.1)), failure_of_exit(2, &argparse(0.2)));
        assert!(is_bad_command(2, "t.py: error: the following arguments are required: --data\n"));
        assert!(is_bad_command(2, "Usage: t.py [OPTIONS]\n\nError: No such option: --lr\n"));
        assert!(is_bad_command(2, "Error: Option '--aug' does not take a value.\n"), "click without a usage");
        assert!(is_bad_command(2, "╭─ Parsing error ─────╮\n│ Argument --layers: expected INT │\n"), "tyro");
        let absl = "FATAL Flags parsing error:\n  Unknown command line flag 'lr'\nPass --helpshort to see help.\n";
        assert!(is_bad_command(1, absl) && !is_bad_command(2, absl));
        assert!(!is_bad_command(2, "Error: the data is damaged\n"));
        assert!(
            !is_bad_command(2, "the usage: none\n")
                && !is_bad_command(3, "usage: t.py\n")
                && !is_bad_command(2, "µusage: x")
        );
    }

    #[test]
    fn program_errors_keep_their_line() {
        let line = "NameError: name 'modle' is not defined";
        assert_eq!(
            failure_of_exit(1, &format!("Traceback\n{line}\n")),
            Failure::ProgramError(format!("exit code 1: {line}"))
        );
        assert_eq!(failure_of_exit(1, "KeyError"), Failure::ProgramError("exit code 1: KeyError".into()));
        assert_eq!(failure_of_exit(1, "ValueError: lr must be positive\n"), Failure::Exit(1));
        assert_eq!(failure_of_exit(1, ""), Failure::Exit(1));
    }
}
