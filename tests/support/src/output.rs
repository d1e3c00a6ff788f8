//! The exit status and the output of a program that has ended.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output};

use serde_json::Value;

/// The exit status and the output of a program that has ended.
#[derive(Debug)]
pub struct RunOutput {
    /// The command line, for messages of failed assertions.
    pub command: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl RunOutput {
    /// Runs `command` until it ends.
    pub fn of(command: &mut Command) -> RunOutput {
        let output = command.output().unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        RunOutput::new(format!("{command:?}"), output)
    }

    /// The output of a program that was started with `command`.
    pub fn new(command: impl Into<String>, output: Output) -> RunOutput {
        let command = command.into();
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|e| panic!("{command}: output is not UTF-8: {e}"));
        RunOutput { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr), command }
    }

    /// The exit code; `None` if a signal ended the program.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended the program.
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Fails the test unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> RunOutput {
        assert_eq!(self.code(), Some(code), "{}", self.describe());
        self
    }

    /// Fails the test unless stderr contains `text`.
    #[track_caller]
    pub fn stderr_contains(self, text: &str) -> RunOutput {
        assert!(self.stderr.contains(text), "no `{text}` on stderr\n{}", self.describe());
        self
    }

    /// Fails the test unless stdout or stderr contains `text`.
    #[track_caller]
    pub fn output_contains(self, text: &str) -> RunOutput {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(found, "no `{text}` on stdout or stderr\n{}", self.describe());
        self
    }

    /// stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("stdout is not JSON: {e}\n{}", self.describe()))
    }

    /// stdout as one JSON value per line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON: {e}\n{line}"));
        self.stdout.lines().map(parse).collect()
    }

    fn describe(&self) -> String {
        let RunOutput { command, status, stdout, stderr } = self;
        format!("{command}\n{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
