//! Progress where stderr is a terminal; `script` lends one.

use std::process::Command;

use crate::lab::{HYPERBAND, Lab};

/// What a terminal of 50 columns that calls itself `term` is sent.
fn on_a_terminal(lab: &Lab, term: &str, study: &str) -> String {
    let hypertune = lab.command("").get_program().to_string_lossy().into_owned();
    let run = format!("{hypertune} run m.yaml -j 2 --study {study} -- {} sleep=40", lab.trainer());
    let mut script = Command::new("script");
    script.args(["-qec", &format!("stty cols 50 rows 20; {run}"), "/dev/null"]).current_dir(lab.path("")).env_clear();
    script.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TERM", term).env("SHELL", "/bin/sh");
    let output = script.stdin(std::process::Stdio::null()).output().expect("`script` of util-linux is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn lines_redraw_themselves() {
    let lab = Lab::new(HYPERBAND);
    let sent = on_a_terminal(&lab, "xterm", "x.study");
    let progress = sent.split("best: trial").next().expect("the first part");
    assert!(progress.contains("\u{1b}[2K") && progress.contains(" of 20 jobs") && progress.contains('━'), "{sent:?}");
}

#[test]
fn one_that_cannot_redraw_gets_plain_lines() {
    let lab = Lab::new(HYPERBAND);
    let sent = on_a_terminal(&lab, "dumb", "d.study");
    assert!(!sent.contains('\u{1b}'), "{sent:?}");
    assert!(sent.contains("bracket 2, rung 0 (epochs=1): 9 configurations"), "{sent}");
}
