//! A folder of its own for each test, and the real binary in it.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A small hyperband study over one learning rate: 15 trials, 20 jobs, 72 epochs.
pub const HYPERBAND: &str = "\
kind: hyperband
maxIterations: 9
resource: {name: epochs}
metric: {name: loss, optimization: minimize}
seed: 5
params:
  # any number will do
  lr: {kind: uniform, value: [0, 1]}
";

/// A fresh folder with a matrix file in it.
pub struct Lab {
    folder: TempDir,
}

impl Lab {
    /// With `matrix` as `m.yaml`.
    pub fn new(matrix: &str) -> Lab {
        let lab = Lab { folder: tempfile::tempdir().expect("a temporary folder") };
        lab.file("m.yaml", matrix);
        lab
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> &Lab {
        std::fs::write(self.path(name), text).expect("a temporary folder takes files");
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a readable file")
    }

    /// The scriptable trainer as a word of a command line.
    pub fn trainer(&self) -> String {
        trainer().display().to_string()
    }

    /// Names of everything in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// hypertune with these arguments, split at spaces, in the folder and in a clean environment.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("hypertune"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("COLUMNS", "100");
        command
    }

    /// Runs hypertune to its end.
    pub fn hypertune(&self, line: &str) -> Ended {
        Ended::of(line, &self.command(line).output().expect("hypertune starts"))
    }

    /// Runs a study on the fake trainer: `options` of `run`, then `behaviour` of the trainer.
    pub fn run(&self, options: &str, behaviour: &str) -> Ended {
        self.hypertune(&format!("run m.yaml {options} -- {} {behaviour}", self.trainer()))
    }
}

/// The scriptable trainer, `tests/support/fake_trainer.rs`; `cargo test` builds it beside the binary.
fn trainer() -> PathBuf {
    let beside = assert_cmd::cargo::cargo_bin!("hypertune").parent().expect("the binary lies in a folder");
    let trainer = beside.join("examples").join("fake_trainer");
    assert!(trainer.exists(), "build the trainer first: cargo build --example fake_trainer");
    trainer
}

/// How hypertune ended.
pub struct Ended {
    /// What was asked.
    pub line: String,
    /// Exit code.
    pub code: Option<i32>,
    /// stdout.
    pub out: String,
    /// stderr.
    pub err: String,
}

impl Ended {
    fn of(line: &str, output: &Output) -> Ended {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended {
            line: line.to_owned(),
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Fails the test unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ended {
        let Ended { line, out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "hypertune {line}\n--- stdout\n{out}\n--- stderr\n{err}");
        self
    }

    /// Fails the test unless stdout and stderr together hold `words`.
    #[track_caller]
    pub fn says(self, words: &str) -> Ended {
        let Ended { line, out, err, .. } = &self;
        let said = out.contains(words) || err.contains(words);
        assert!(said, "hypertune {line} does not say `{words}`\n--- stdout\n{out}\n--- stderr\n{err}");
        self
    }

    /// stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("stdout is not JSON: {e}\n{}", self.out))
    }

    /// stdout as one JSON value a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }
}
