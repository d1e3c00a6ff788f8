//! What the last lines of a job's stderr say about its exit code: whether any configuration would have failed in this way.

use crate::types::outcome::Failure;

/// Exit codes of a shell whose program is not executable, or missing (POSIX.1-2017, XCU 2.8.2).
const SHELL_CANNOT_RUN: [i32; 2] = [126, 127];
/// Exit code of Python after an exception.
const PYTHON_EXCEPTION: i32 = 1;
/// Exit code of argparse, click and most other parsers of arguments.
const USAGE: i32 = 2;
/// Python's exceptions for programs that cannot be loaded.
const NOT_LOADED: [&str; 5] = ["SyntaxError", "IndentationError", "TabError", "ImportError", "ModuleNotFoundError"];
/// Python's exceptions that are mistakes of the program or of its surroundings rather than of a value.
const MISTAKES: [&str; 10] = [
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
/// What Python, Perl and dash print before they exit with 2 because there is no such script.
const NO_SUCH_SCRIPT: [&str; 3] = [": can't open file ", "Can't open perl script ", ": 0: cannot open "];
/// Most characters of a line that are journalled.
const LONGEST: usize = 200;

/// The failure of a job that ended with exit code `code` (not 0) and left `stderr_tail`.
pub fn failure_of_exit(code: i32, stderr_tail: &str) -> Failure {
    let last = stderr_tail.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let with_line = || format!("exit code {code}: {}", last.chars().take(LONGEST).collect::<String>());
    match code {
        _ if SHELL_CANNOT_RUN.contains(&code) => Failure::BadCommand(with_line()),
        // the line itself names values, so that it differs between jobs
        USAGE if NO_SUCH_SCRIPT.iter().any(|text| last.contains(text)) => Failure::BadCommand(with_line()),
        USAGE if has_usage(stderr_tail) => {
            Failure::BadCommand(format!("exit code {code}: the program refuses its arguments"))
        }
        PYTHON_EXCEPTION if is_exception(last, &NOT_LOADED) => Failure::BadCommand(with_line()),
        PYTHON_EXCEPTION if is_exception(last, &MISTAKES) => Failure::ProgramError(with_line()),
        _ => Failure::Exit(code),
    }
}

/// Whether a line is what parsers of arguments print: `usage: …` first, in argparse `PROGRAM: error: …` last.
fn has_usage(stderr_tail: &str) -> bool {
    let begins = |line: &str| line.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("usage:"));
    stderr_tail.lines().map(str::trim_start).any(|line| begins(line) || line.contains(": error: "))
}

/// Whether `line` is the last one of a traceback that ended with one of `names`.
fn is_exception(line: &str, names: &[&str]) -> bool {
    let name = line.split_once(':').map_or(line, |(name, _)| name);
    names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(code: i32, stderr: &str) -> bool {
        matches!(failure_of_exit(code, stderr), Failure::BadCommand(_))
    }

    #[test]
    fn a_program_that_cannot_run_is_told_apart() {
        assert!(bad(127, "sh: 1: trian.py: not found\n") && bad(126, ""));
        assert!(bad(1, "  File \"t.py\", line 3\n    x = = 1\nSyntaxError: invalid syntax\n\n"));
        assert!(bad(1, "Traceback (most recent call last):\nModuleNotFoundError: No module named 'torch'\n"));
        assert!(bad(2, "python3: can't open file '/w/trian.py': [Errno 2] No such file or directory\n"));
        assert!(bad(2, "sh: 0: cannot open trian.sh: No such file\n") && !bad(2, "cannot open data.csv\n"));
        assert!(!bad(2, "ModuleNotFoundError: No module named 'torch'\n"), "Python exits with 1");
        assert!(!bad(1, "ImportErrors: 3\n") && !bad(1, "see SyntaxError: x\n"));
    }

    #[test]
    fn refused_arguments_are_one_reason_whatever_their_values() {
        let argparse = |lr| format!("usage: t.py [-h] [--rate RATE]\nt.py: error: unrecognized arguments: --lr={lr}\n");
        assert_eq!(failure_of_exit(2, &argparse(0.1)), failure_of_exit(2, &argparse(0.2)));
        assert!(bad(2, "t.py: error: the following arguments are required: --data\n"));
        assert!(bad(2, "Usage: t.py [OPTIONS]\n\nError: No such option: --lr\n"));
        assert!(!bad(2, "the usage: none\n") && !bad(3, "usage: t.py\n") && !bad(2, "µusage: x"));
    }

    #[test]
    fn mistakes_of_the_program_keep_their_line() {
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
