//! The line of a program's stderr that says why it ended.

/// What begins such a line in several languages.
const STARTS: [&str; 12] = [
    "Error: ",
    "ERROR: ",
    "error: ",
    "Error in ",
    "fatal: ",
    "FATAL: ",
    "fatal error: ",
    "panic: ",
    "Exception in thread ",
    "Uncaught ",
    "RuntimeError",
    "Exception: ",
];
/// Ends of the names of exceptions.
const EXCEPTIONS: [&str; 5] = ["Error", "Exception", "Interrupt", "Exit", "Warning"];
/// The first line of a traceback of Python.
const TRACEBACK: &str = "Traceback (most recent call last)";

/// The last error in `stderr`: an exception of Python, Java, JavaScript, Julia or R, a panic of Rust or Go, or a line that begins with
/// `error: `. For a panic or an error whose message is on the next line, both.
pub fn last_error(stderr: &str) -> Option<String> {
    let lines: Vec<&str> = stderr.lines().map(str::trim_end).collect();
    let traceback = lines.iter().rposition(|line| line.contains(TRACEBACK));
    if let Some(at) = traceback
        && let Some(line) = lines[at + 1..].iter().find(|line| line.starts_with(char::is_alphabetic))
    {
        return Some((*line).to_owned());
    }
    (0..lines.len()).rev().find_map(|at| error_at(&lines, at))
}

/// The error that the line at `at` is, with its message.
fn error_at(lines: &[&str], at: usize) -> Option<String> {
    let line = lines[at];
    let next = || lines.get(at + 1).map(|line| line.trim()).filter(|line| !line.is_empty());
    if line.starts_with("thread '") && line.contains("' panicked at ") {
        // Since Rust 1.73 the message is on the next line.
        let message = next().filter(|_| line.ends_with(':'));
        return Some(message.map_or_else(|| line.to_owned(), |message| format!("{line} {message}")));
    }
    if let Some(exception) = line.strip_prefix("terminate called after throwing an instance of ") {
        let what = next().and_then(|line| line.strip_prefix("what():")).unwrap_or_default();
        return Some(format!("{}: {}", exception.trim_matches('\''), what.trim()).trim_end_matches(": ").to_owned());
    }
    if line.starts_with("Error in ") && line.ends_with(':') {
        return Some(next().map_or_else(|| line.to_owned(), |message| format!("{line} {message}")));
    }
    let is_error = STARTS.iter().any(|start| line.starts_with(start)) || is_exception(line);
    is_error.then(|| line.to_owned())
}

/// Whether `line` begins with the name of an exception, with or without its module: `torch.cuda.OutOfMemoryError: CUDA out of memory`.
fn is_exception(line: &str) -> bool {
    let (path, _) = line.split_once(": ").unwrap_or((line.strip_suffix(':').unwrap_or(line), ""));
    let name = path.rsplit(['.', ':']).next().unwrap_or(path);
    let is_path = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
    is_path && name.starts_with(char::is_uppercase) && EXCEPTIONS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_real_print_outs_is_found() {
        let cases = [
            (
                "Traceback (most recent call last):\n  File \"t.py\", line 3, in <module>\n    main()\n    ~~~~^^\nValueError: lr must be positive\n",
                "ValueError: lr must be positive",
            ),
            (
                "Traceback (most recent call last):\n  File \"t.py\", line 3, in <module>\n    x()\nmylib.errors.Diverged: loss is nan\n[W CUDAGuardImpl.h:46] Warning\n",
                "mylib.errors.Diverged: loss is nan",
            ),
            (
                "Traceback (most recent call last):\n  File \"t.py\", line 1\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"t.py\", line 2\nRuntimeError: mat1 and mat2 shapes cannot be multiplied (4x3 and 2x1)\nsee the manual",
                "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x3 and 2x1)",
            ),
            (
                "    return f(x)\n           ^^^^\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\n",
                "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
            ),
            (
                "\nthread 'main' panicked at src/main.rs:3:5:\nlr must be positive\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
                "thread 'main' panicked at src/main.rs:3:5: lr must be positive",
            ),
            (
                "thread 'main' panicked at 'index out of bounds', src/main.rs:3:5\nnote: run with `RUST_BACKTRACE=1`\n",
                "thread 'main' panicked at 'index out of bounds', src/main.rs:3:5",
            ),
            ("Error: Os { code: 2, kind: NotFound }\n", "Error: Os { code: 2, kind: NotFound }"),
            (
                "ERROR: LoadError: DomainError with -1.0:\nsqrt was called with a negative real argument\nStacktrace:\n [1] throw_complex_domainerror(f::Symbol, x::Float64)\n   @ Base.Math ./math.jl:33\n",
                "ERROR: LoadError: DomainError with -1.0:",
            ),
            (
                "Error in sqrt(\"a\") : non-numeric argument to mathematical function\nExecution halted\n",
                "Error in sqrt(\"a\") : non-numeric argument to mathematical function",
            ),
            (
                "Error in fit(x, learning_rate = -1, a_long_argument = 2) :\n  learning rate must be positive\nCalls: fit\nExecution halted\n",
                "Error in fit(x, learning_rate = -1, a_long_argument = 2) : learning rate must be positive",
            ),
            (
                "Exception in thread \"main\" java.lang.IllegalArgumentException: lr\n\tat Train.main(Train.java:3)\n",
                "Exception in thread \"main\" java.lang.IllegalArgumentException: lr",
            ),
            (
                "/w/train.js:1\nthrow new TypeError('lr')\n^\n\nTypeError: lr\n    at Object.<anonymous> (/w/train.js:1:7)\n\nNode.js v20.1.0\n",
                "TypeError: lr",
            ),
            ("panic: lr must be positive\n\ngoroutine 1 [running]:\nmain.main()\n", "panic: lr must be positive"),
            (
                "terminate called after throwing an instance of 'std::runtime_error'\n  what():  lr must be positive\n",
                "std::runtime_error: lr must be positive",
            ),
        ];
        for (stderr, error) in cases {
            assert_eq!(last_error(stderr).as_deref(), Some(error), "{stderr}");
        }
    }

    #[test]
    fn other_lines_are_no_errors() {
        for stderr in ["", "broken\n", "epoch 1: loss 0.5\n", "No errors: 0\n", "  File \"t.py\", line 3\n"] {
            assert_eq!(last_error(stderr), None, "{stderr}");
        }
    }
}
