//! Escape sequences and other control characters in text from files, arguments and jobs are not written to a terminal.

use std::ffi::OsStr;

use serde_json::{Value, json};

use hypertune_test_support::{Lab, hypertune};

/// Text that would set a terminal's title, clear it, recolour or reorder it, in C0, C1 and Unicode.
const HOSTILE_TEXTS: [&str; 4] = [
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred",
    "a\u{9b}2J\u{90}x\u{9c}\u{85}b\u{7f}",
    "x\u{202e}cba\u{2066}y\u{2028}z\u{200f}",
    "l1\r\nbest: trial 99\t\u{8}\u{b}",
];

fn is_printable(c: char) -> bool {
    c == '\n' || !(c.is_control() || "\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}".contains(c))
}

/// stdout and stderr of hypertune, after a check that they contain no control characters.
#[track_caller]
fn printable_output<S: AsRef<OsStr>>(lab: &Lab, arguments: impl IntoIterator<Item = S>) -> String {
    let output = lab.command("").args(arguments).output().expect("hypertune starts");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert!(text.chars().all(is_printable), "{text:?}");
    assert!(!text.contains("internal error"), "{text}");
    text
}

fn matrix(hostile: &str) -> String {
    let matrix = json!({
        "kind": "hyperband", "maxIterations": 3, "seed": 1, "resource": {"name": format!("r{hostile}")},
        "metric": {"name": format!("m{hostile}"), "optimization": "minimize"},
        "params": {format!("p{hostile}"): {"kind": "choice", "value": [hostile, [hostile], {hostile: hostile}]}},
    });
    // YAML requires that these characters are escaped.
    let escaped = |c: char| if is_printable(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    matrix.to_string().chars().map(escaped).collect()
}

#[test]
fn text_of_the_matrix_and_of_jobs_is_escaped() {
    for hostile in HOSTILE_TEXTS {
        let lab = Lab::new("");
        let file = format!("{hostile}.yaml").replace('/', "");
        lab.file(&file, matrix(hostile));
        // Every second job prints the metric, the others another key; all write to stderr.
        let script = r#"import json, os, sys
hostile = sys.argv[1]
print(hostile, file=sys.stderr)
print(json.dumps({("m" if int(os.environ["HYPERTUNE_TRIAL"]) % 2 == 0 else "k") + hostile: 1, "other" + hostile: hostile}))
sys.exit(3 * (os.environ["HYPERTUNE_TRIAL"] == "2"))"#;
        let run = ["run", &file, "--study", hostile, "-v", "-j", "1", "--", "python3", "-c", script, hostile];
        let shown = printable_output(&lab, run);
        assert!(shown.contains("best: trial "), "{shown}");
        printable_output(&lab, run);
        for line in
            ["best", "trials", "export", "resume", "export --format csv", "best --format json", "trials --format json"]
        {
            let words: Vec<&str> = line.split(' ').collect();
            printable_output(&lab, [&words[..1], &[hostile], &words[1..]].concat());
        }
        let plan = ["plan", &file, "--", "echo", hostile];
        printable_output(&lab, plan);
        let exported = lab.command("export").arg(hostile).output().expect("it starts").stdout;
        let first: Value = serde_json::from_slice(exported.split(|b| *b == b'\n').next().unwrap()).expect("JSON");
        assert!(first["params"].get(format!("p{hostile}")).is_some(), "exact in JSON: {first}");
        let json = lab
            .command("plan --format json")
            .arg(&file)
            .args(["--", "echo", hostile])
            .output()
            .expect("it starts")
            .stdout;
        let plan: Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(plan["commands"][0][1], hostile);
    }
}

#[test]
fn text_in_errors_is_escaped() {
    let valid = "kind: random\nnumRuns: 1\nmetric: {name: loss, optimization: minimize}\nparams: {x: {kind: uniform, value: [0, 1]}}\n";
    for hostile in HOSTILE_TEXTS {
        let lab = Lab::new(valid);
        let name = hostile.replace('/', "");
        let quoted = json!(hostile);
        lab.file("key", format!("{valid}{quoted}: 1\n")).file("kind", format!("kind: {quoted}\n{valid}"));
        lab.file("raw", format!("{valid}# {hostile}\nparams: [{hostile}\n"))
            .file(&name, format!("- {{{quoted}: {quoted}}}\n"));
        lab.file("command", format!("{valid}tuner: {{command: [{quoted}]}}\n"));
        let tuner = format!(
            "tuner: {{command: [sh, -c, 'read x; cat {hostile:?} >&2; printf %s \"$0\"; exit 3', {quoted}]}}\n"
        );
        lab.file("tuner", valid.replace("random\nnumRuns: 1", "iterative\nmaxIterations: 2") + &tuner);
        let echo = ["--", "echo"];
        for file in ["key", "kind", "raw", name.as_str(), "command", "tuner", hostile] {
            printable_output(&lab, [&["check", file][..], &echo].concat());
            printable_output(&lab, [&["check", file, "--format", "json"][..], &echo].concat());
            printable_output(&lab, [&["run", file, "--study", "s"][..], &echo].concat());
        }
        let lines: [&[&str]; 13] = [
            &[hostile],
            &["run", "m.yaml", hostile],
            &["run", "m.yaml", &format!("--{name}"), "--", "echo"],
            &["run", "m.yaml", "--metric", &format!("x:{hostile}"), "--", "echo"],
            &["run", "m.yaml", "--grace", hostile, "--", "echo"],
            &["run", "m.yaml", "--gpus", &format!("{hostile},{hostile}"), "--", "echo"],
            &["run", "m.yaml", "-P", &format!("{hostile}={hostile}"), "--", "echo"],
            &["run", "m.yaml", "--sampler", hostile, "--", "echo"],
            &["run", "m.yaml", "--enqueue", &name, "--", "echo"],
            &["run", "m.yaml", "--warm-start", hostile, "--", "echo"],
            &["run", "m.yaml", "--study", "m.yaml", "--", hostile],
            &[
                "run",
                "m.yaml",
                "--",
                "echo",
                &format!("{{{{ x | {hostile} }}}} {{{{ {quoted} * 2 }}}} {{{{ y{hostile} }}}}"),
            ],
            &["best", hostile],
        ];
        for line in lines {
            printable_output(&lab, line);
        }
    }
}

#[test]
fn a_terminal_gets_only_the_sequences_of_hypertune() {
    for hostile in HOSTILE_TEXTS {
        let lab = Lab::new("");
        lab.file("m.yaml", matrix(hostile));
        let line = "stty cols 60 rows 20; \"$HT\" run m.yaml -v -- sh -c 'sleep 0.2; printf \"%s\\n\" \"$HOSTILE\" >&2; exit 3'; \
                    \"$HT\" check \"$HOSTILE\"; \"$HT\" \"$HOSTILE\"";
        let output = lab.terminal(line).env("HT", hypertune()).env("HOSTILE", hostile).output();
        let text = String::from_utf8(output.expect("`script` of util-linux is there").stdout).expect("UTF-8");
        assert!(text.contains('\u{1b}'), "no colours and no progress: {text:?}");
        for sequence in ["\u{1b}]", "\u{1b}[2J", "\u{1b}[31m", "\u{7}", "\u{8}", "\u{b}", "\rbest", "\u{7f}"] {
            assert!(!text.contains(sequence), "{sequence:?} in {text:?}");
        }
        let ours = |c: char| "\u{1b}\r".contains(c) || is_printable(c);
        assert!(text.chars().all(ours), "{text:?}");
    }
}
