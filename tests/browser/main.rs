//! The report in a real browser: `page.py` drives Chromium over reports of studies that are made here.
//!
//! Without Playwright for Python and a Chromium, these tests are skipped with a sentence, unless `HYPERTUNE_BROWSER=required`.

use std::path::Path;
use std::process::Command;

use hypertune_test_support::Lab;

const HOSTILE: &str = r#"
kind: hyperband
maxIterations: 9
eta: 3
seed: 7
resource: {name: epochs, type: int}
metric: {name: loss, optimization: minimize}
params:
  x: {kind: uniform, value: [0, 1]}
  "<img src=x onerror=alert(1)>": {kind: choice, value: ["</script><script>alert(2)</script>", "]]>\u2028\"'&amp;", "<!--<script>"]}
  "</title><b>": {kind: choice, value: [1]}
"#;

/// Whether Python has Playwright and a browser starts.
fn is_available() -> bool {
    let found = script().arg("available").output().is_ok_and(|output| output.status.success());
    let is_required = std::env::var("HYPERTUNE_BROWSER").is_ok_and(|value| value == "required");
    assert!(found || !is_required, "HYPERTUNE_BROWSER=required, but Playwright for Python or Chromium is missing");
    if !found {
        eprintln!("skipped: Playwright for Python or Chromium is missing");
    }
    found
}

fn script() -> Command {
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/page.py"));
    python
}

/// Runs the checks called `checks` of `page.py` on the file `page`.
fn check(lab: &Lab, checks: &str, page: &str) {
    let output = script().arg(checks).arg(lab.path(page)).output().expect("python3");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{text}");
}

#[test]
fn the_report_of_a_study_works() {
    if !is_available() {
        return;
    }
    let lab = Lab::hyperband();
    lab.run("-q -j 2 --keep-going", "fail-below=0.15").code();
    lab.hypertune("report m.study -o r.html").exits(0);
    lab.file("trials.json", lab.hypertune("report m.study --format json").exits(0).stdout);
    check(&lab, "report", "r.html");
}

#[test]
fn hostile_names_stay_text() {
    if !is_available() {
        return;
    }
    let lab = Lab::new(HOSTILE);
    lab.run("-q -j 2 --arg-style none", "").exits(0);
    lab.hypertune("report m.study -o r.html").exits(0);
    check(&lab, "hostile", "r.html");
}

#[test]
fn compared_studies_have_selections_of_their_own() {
    if !is_available() {
        return;
    }
    let lab = Lab::hyperband();
    lab.run("-q -j 2", "").exits(0);
    lab.hypertune("report m.study m.study -o r.html").exits(0);
    check(&lab, "compared", "r.html");
}
