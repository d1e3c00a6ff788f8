//! Runs a study with a program of `programs/` and compares what it received with what was sampled.

use std::path::{Path, PathBuf};
use std::process::Command;

use hypertune_test_support::{Lab, RunOutput};
use serde_json::{Value, json};

/// A library and how parameters are passed to its program.
pub struct Library {
    /// What Python imports.
    pub import: &'static str,
    /// The file in `programs/`.
    pub program: &'static str,
    /// The content of `arguments`.
    pub arguments: &'static str,
    /// Parameters with an `arg`.
    pub args: &'static [(&'static str, &'static str)],
}

/// Texts that shells, YAML, Python or an option parser could read as something else.
pub const TEXTS: [&str; 37] = [
    "a b",
    "it's \"quoted\"",
    "café ☃",
    "-x",
    "--lr=3",
    "-3",
    "-1e-5",
    "",
    "a,b",
    "[1, 2]",
    "a=b",
    "{x: 1}",
    "$HOME",
    "${x}",
    "${HOME}/a",
    r"\${x}",
    r"\\${x}'${y.z}\",
    r"a\'b${",
    "${oc.env:HOME}",
    "back\\slash\\",
    "*",
    "# text",
    "'",
    "tab\tline\n",
    "True",
    "1e5",
    "1_000",
    "null",
    "None",
    " padded ",
    "(1",
    "a: b",
    "@file",
    "%(x)s",
    "x-1",
    "-",
    "--",
];

/// Whether the library can be imported.
pub fn is_available(import: &str) -> bool {
    let mut python = Command::new("python3");
    let found = python.args(["-c", &format!("import {import}")]).output().is_ok_and(|output| output.status.success());
    let required = std::env::var("HYPERTUNE_LIBRARIES").is_ok_and(|value| value == "required");
    assert!(found || !required, "python3 cannot import {import}");
    if !found {
        eprintln!("skipped: python3 cannot import {import}");
    }
    found
}

pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/arguments/programs")
}

/// The configurations that are passed: a value of each kind, and all of [`TEXTS`].
fn rows() -> Vec<Value> {
    let row = |flag: bool, lr: f64, bias: f64, floats: Value, words: Value, maybe: Value| {
        let mut row = json!({
            "flag": flag, "switch": flag, "plain": !flag, "lr": lr, "bias": bias, "count": -3, "batch_size": 64,
            "floats": floats, "ints": [64, -32], "words": words, "maybe": maybe
        });
        for (index, text) in TEXTS.iter().enumerate() {
            row[format!("t_{index}")] = json!(text);
        }
        row
    };
    vec![
        row(true, 1e-5, -4.7e-6, json!([0.1, -2e-7]), json!(["a", "b c"]), json!(null)),
        row(false, 1e22, -1.5e300, json!([1.0]), json!(["it's", "é", "${x}", r"\${HOME}'"]), json!(-0.25)),
    ]
}

/// Passes [`rows`] in `style` and returns an error for each value that was received differently.
pub fn differences(library: &Library, style: &str, skipped: &[&str]) -> Vec<String> {
    let mut rows = rows();
    for row in &mut rows {
        row.as_object_mut().unwrap().retain(|_, value| !skipped.iter().any(|skipped| value == skipped));
    }
    pass(library, style, &rows)
}

/// Passes `rows`, which have the same names.
pub fn pass(library: &Library, style: &str, rows: &[Value]) -> Vec<String> {
    let lab = Lab::new(&matrix(library, rows));
    for program in ["report.py", library.program] {
        lab.file(program, std::fs::read(programs().join(program)).unwrap());
    }
    let points: Vec<String> = rows.iter().map(Value::to_string).collect();
    lab.file("points.jsonl", points.join("\n"));
    let mut run = lab.command("run m.yaml -q --enqueue points.jsonl --arg-style");
    RunOutput::of(run.args([style, "--", "python3", library.program])).exits(0);
    let received: Vec<Value> =
        lab.read("received.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(received.len(), rows.len(), "{received:?}");
    let same = |a: &Value, b: &Value| a == b || (a.is_number() && b.is_number() && a.as_f64() == b.as_f64());
    let is_equal = |a: &Value, b: &Value| match (a.as_array(), b.as_array()) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => same(a, b),
    };
    let mut wrong = Vec::new();
    for job in &received {
        for (name, sampled) in job["sampled"].as_object().unwrap() {
            let got = &job["received"][name];
            if !is_equal(sampled, got) {
                wrong.push(format!("{} {style} {name}: {sampled} was sampled, {got} received", library.import));
            }
        }
    }
    wrong
}

/// A random search over the values in `rows`, as many trials as rows.
fn matrix(library: &Library, rows: &[Value]) -> String {
    let mut params = serde_json::Map::new();
    for name in rows[0].as_object().unwrap().keys() {
        let mut values: Vec<&Value> = Vec::new();
        rows.iter().map(|row| &row[name]).for_each(|value| {
            if !values.contains(&value) {
                values.push(value);
            }
        });
        let mut param = json!({"kind": "choice", "value": values});
        if let Some((_, arg)) = library.args.iter().find(|(param, _)| param == name) {
            param["arg"] = json!(arg);
        }
        params.insert(name.clone(), param);
    }
    format!(
        "kind: random\nnumRuns: {}\nseed: 1\nmetric: {{name: loss, optimization: minimize}}\narguments: {{{}}}\nparams: {}\n",
        rows.len(),
        library.arguments,
        Value::Object(params)
    )
}
