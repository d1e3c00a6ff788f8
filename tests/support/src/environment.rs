//! The environment of child processes.

use std::env;
use std::process::Command;

/// Variables that a child inherits from the process that runs the tests. All others could change what it does: `HYPERTUNE_*`,
/// `CUDA_VISIBLE_DEVICES`, `NO_COLOR`, `PYTHONPATH`, `OMP_NUM_THREADS`, `TERM`.
const KEPT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// Columns for help and tables where the output is not a terminal.
const COLUMNS: &str = "100";

/// Clears the environment of `command`, except the variables in [`KEPT`], and sets `COLUMNS` to 100.
pub fn reset_environment(command: &mut Command) {
    command.env_clear().env("COLUMNS", COLUMNS);
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
}
