//! Any assignment of scalars and lists is received by argparse as it was, in the styles `equals` and `space`.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use hypertune::command::style::catalogue::ArgStyle;
use hypertune::command::style::form::{Booleans, Lists, ValueForm};
use hypertune::command::style::member::{Argument, JobArguments};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::received::{is_available, programs};

/// Assignments in one run of Python.
const ASSIGNMENTS: u32 = 1_000;

/// Values by the name of the parameter, each with the kind of option that takes it.
type Assignment = BTreeMap<String, (&'static str, Value)>;

fn option() -> impl Strategy<Value = (&'static str, Value)> {
    let float = || any::<f64>().prop_filter("JSON has only finite numbers", |number| number.is_finite());
    // argparse before Python 3.13 removes `--` from the values of an option.
    let text =
        || ".{0,8}|[-=,'\" a1.e]{0,6}".prop_filter("no NUL, no `--`", |text| !text.contains('\0') && text != "--");
    let boolean = prop_oneof![Just("flag"), Just("no-flag"), Just("empty")];
    prop_oneof![
        text().prop_map(|text| ("text", json!(text))),
        any::<i64>().prop_map(|number| ("int", json!(number))),
        float().prop_map(|number| ("float", json!(number))),
        (-1e-4..1e-4).prop_map(|number: f64| ("float", json!(number))),
        (boolean, any::<bool>()).prop_map(|(kind, value)| (kind, json!(value))),
        vec(any::<i64>(), 0..4).prop_map(|items| ("ints", json!(items))),
        vec(float(), 0..4).prop_map(|items| ("floats", json!(items))),
        vec(text(), 1..4).prop_map(|items| ("texts", json!(items))),
    ]
}

fn form(kind: &str) -> ValueForm {
    let booleans = Booleans::NAMES.into_iter().find(|(name, _)| *name == kind).map(|(_, booleans)| booleans);
    let lists = match kind {
        "ints" | "floats" => Some(Lists::Words),
        "texts" => Some(Lists::Repeat),
        _ => None,
    };
    ValueForm { booleans, lists, ..ValueForm::default() }
}

fn argv(assignment: &Assignment, style: ArgStyle) -> Vec<String> {
    let mut job = JobArguments::default();
    for (name, (kind, value)) in assignment {
        style.pass(&Argument { name, value, form: &form(kind) }, &mut job);
    }
    job.argv
}

/// What argparse makes of each case.
fn parsed(cases: &[Value]) -> Vec<Value> {
    let mut python = Command::new("python3");
    python.arg(programs().join("parse_lines.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn argparse_receives_any_assignment() {
    if !is_available("argparse") {
        return;
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let assignments = btree_map("[a-z][a-z_]{2,8}x", option(), 1..6);
    let assignments: Vec<Assignment> =
        (0..ASSIGNMENTS).map(|_| assignments.new_tree(&mut runner).unwrap().current()).collect();
    for style in ["equals", "space"] {
        let style = ArgStyle::by_name(style).unwrap();
        let case = |assignment: &Assignment| {
            let options: Vec<_> = assignment.iter().map(|(name, (kind, _))| (name, kind)).collect();
            json!({"options": options, "argv": argv(assignment, style)})
        };
        let cases: Vec<Value> = assignments.iter().map(case).collect();
        let parsed = parsed(&cases);
        for (index, assignment) in assignments.iter().enumerate() {
            let received = parsed.get(index).unwrap_or_else(|| panic!("argparse refused {}", cases[index]));
            let sampled: Value = assignment.iter().map(|(name, (_, value))| (name.clone(), value.clone())).collect();
            assert_eq!(received, &sampled, "{}", cases[index]);
        }
    }
}
