//! Journals of format 1, written by version 0.1.0, are shown and resumed.

use std::fs;
use std::path::Path;

use hypertune_test_support::{HYPERBAND_JOBS, Lab, RunOutput};

/// The matrix and the command of the two journals.
const MATRIX: &str = "kind: hyperband
maxIterations: 9
eta: 3
seed: 7
resume: true
resource: {name: epochs, type: int}
metric: {name: loss, optimization: minimize}
params:
  x: {kind: uniform, value: [0, 1]}
  y: {kind: choice, value: [0.1, 0.2, 0.3]}
";
const COMMAND: [&str; 4] = ["sh", "-c", "sleep 0.05; echo \"{\\\"loss\\\": ${1#--x=}}\"", "job"];

/// A study with the journal `tests/data/journal-1-{name}.jsonl`.
fn recorded(name: &str) -> Lab {
    let lab = Lab::new(MATRIX);
    let journal = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/journal-1-{name}.jsonl"));
    fs::create_dir(lab.study()).unwrap();
    fs::copy(journal, lab.study().join("journal.jsonl")).unwrap();
    lab
}

fn run(lab: &Lab) -> RunOutput {
    RunOutput::of(lab.command("run m.yaml -j 2 --").args(COMMAND))
}

#[test]
fn half_a_study_is_resumed_to_the_same_outcome() {
    let (half, whole) = (recorded("half"), recorded("whole"));
    let before = fs::read_to_string(half.study().join("journal.jsonl")).unwrap();
    half.hypertune("trials m.study").exits(0);
    run(&half).exits(0);
    let after = fs::read_to_string(half.study().join("journal.jsonl")).unwrap();
    let kept = before.rfind('\n').unwrap();
    assert_eq!(after[..kept], before[..kept], "no line is rewritten");
    assert!(!after.contains("\"crc\":"), "format 1 stays format 1");
    assert_eq!(half.outcome(), whole.outcome());
    assert_eq!(half.outcome().values.len(), HYPERBAND_JOBS);
}

#[test]
fn a_reformatted_matrix_is_the_same_study() {
    let half = recorded("half");
    fs::write(half.path("m.yaml"), format!("# again\n{}", MATRIX.replace("[0, 1]", "0:1"))).unwrap();
    run(&half).exits(0);
    fs::write(half.path("m.yaml"), MATRIX.replace("eta: 3", "eta: 2")).unwrap();
    run(&half).exits(2).stderr_contains("matrix.eta: started with 3, now 2");
}

#[test]
fn its_study_collects_json_lines_as_it_did() {
    let half = recorded("half");
    let other = RunOutput::of(half.command("run m.yaml --collect auto --").args(COMMAND));
    other.exits(2).stderr_contains(r#"metric.collect: started with {"kind":"json"}, now {"kind":"auto"}"#);
}

#[test]
fn a_finished_study_is_shown() {
    let lab = recorded("whole");
    run(&lab).exits(0).stderr_contains("nothing is launched");
    for line in ["best m.study", "trials m.study", "export m.study"] {
        lab.hypertune(line).exits(0);
    }
}

/// Its command has a template that uses no parameter. Version 0.1 appended nothing to such a command.
#[test]
fn its_study_keeps_the_command_lines_it_had() {
    let half = recorded("half");
    let journal = half.study().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
    let command = ["sh", "-c", "echo \"{\\\"loss\\\": $#}\"", "job", "{{ trial }}"];
    header["command"] = command.into();
    fs::write(&journal, format!("{header}\n{rest}")).unwrap();
    RunOutput::of(half.command("run m.yaml -j 2 --").args(command)).exits(0);
    let arguments = |log: &str| half.read(log).trim() == "{\"loss\": 1}";
    assert!(arguments("m.study/trials/14/rung-0.stdout.log"), "{}", half.read("m.study/trials/14/rung-0.stdout.log"));
}
