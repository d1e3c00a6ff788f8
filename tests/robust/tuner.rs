//! External tuners: requests, the same outcome after interruptions, no process left.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use hypertune_test_support::{Lab, RunOutput, StudyOutcome, tuner};

/// Two parameters; the fake tuner proposes for them.
pub const SPACE: &str = "
seed: 7
metric: {name: loss, optimization: minimize}
params:
  x: {kind: uniform, value: [0, 1]}
  y: {kind: choice, value: [0.1, 0.2, 0.3]}
";

/// `kind` with the fake tuner, whose arguments are `words`.
pub fn lab(kind: &str, words: &str) -> Lab {
    let command: Vec<String> = [tuner()].into_iter().chain(words.split_whitespace().map(str::to_owned)).collect();
    Lab::new(&format!("{kind}\ntuner: {{command: {}, timeout: 20, params: {{depth: 3}}}}{SPACE}", json!(command)))
}

const ITERATIVE: &str = "kind: iterative\nmaxIterations: 8";
const HYPERBAND: &str = "kind: hyperband\nmaxIterations: 9\nresource: {name: epochs}";

fn requests(lab: &Lab) -> Vec<Value> {
    let log = fs::read_to_string(lab.path("requests")).unwrap();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The outcome of an undisturbed study.
pub fn undisturbed() -> StudyOutcome {
    let lab = lab(ITERATIVE, "");
    lab.run("-j 1", "").exits(0);
    lab.outcome()
}

#[test]
fn one_seed_has_one_outcome() {
    assert_eq!(undisturbed(), undisturbed());
    assert_eq!(undisturbed().configurations.len(), 8);
}

#[test]
fn requests_contain_every_observation_once_and_the_space() {
    let lab = lab(HYPERBAND, "log=requests");
    lab.run("-j 2", "").exits(0);
    let requests = requests(&lab);
    let observed: Vec<&Value> = requests.iter().flat_map(|q| q["observations"].as_array().unwrap()).collect();
    let ends = lab.records("end");
    for (observed, end) in observed.iter().zip(&ends) {
        assert_eq!(
            (&observed["trial"], &observed["value"], &observed["status"]),
            (&end["trial"], &end["score"], &end["status"])
        );
    }
    assert!(observed.len() > 5 && observed.len() <= ends.len());
    let requested: u64 = requests.iter().map(|q| q["count"].as_u64().unwrap()).sum();
    assert_eq!(requested, 15, "as many configurations as hyperband starts");
    let first = &requests[0];
    assert_eq!(first["params"], json!({"depth": 3}));
    assert_eq!((&first["op"], &first["version"], &first["maxResource"]), (&json!("suggest"), &json!(1), &json!(9)));
    assert_eq!((&first["bracket"], &first["resource"], &first["trials"]), (&json!(2), &json!(1), &json!([0, 1])));
    assert_eq!(first["space"]["x"], json!({"kind": "uniform", "type": "float", "low": 0.0, "high": 1.0, "log": false}));
    assert_eq!(keys(&documented_request()), keys(requests.iter().find(|q| has_observations(q)).unwrap()));
    lab.wait_for_no_processes();
}

/// Whether the request contains observations.
fn has_observations(request: &Value) -> bool {
    request["observations"].as_array().is_some_and(|observed| !observed.is_empty())
}

/// The request in the documentation of the protocol.
fn documented_request() -> Value {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tuners/README.md")).unwrap();
    let block =
        text.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block with a request");
    serde_json::from_str(block).expect(block)
}

/// The keys of a request, of its first parameter and of its first observation, without the optional ones.
fn keys(request: &Value) -> BTreeSet<String> {
    let parts = [
        ("", request),
        ("space.", request["space"].as_object().and_then(|space| space.values().next()).unwrap()),
        ("observation.", &request["observations"][0]),
    ];
    let names = parts
        .iter()
        .flat_map(|(part, value)| value.as_object().into_iter().flatten().map(move |(key, _)| format!("{part}{key}")));
    names.filter(|name| !["observation.metrics", "observation.curve"].contains(&name.as_str())).collect()
}

#[test]
fn large_outputs_of_the_tuner_do_not_block() {
    let lab = lab(ITERATIVE, "flood");
    lab.run("-j 2", "").exits(0);
    assert_eq!(lab.records("end").len(), 8);
    assert!(fs::metadata(lab.study().join("tuner.stderr.log")).unwrap().len() > 1 << 20);
}

#[test]
fn a_tuner_without_more_suggestions_ends_the_study() {
    let lab = lab(HYPERBAND, "none after=5");
    lab.run("-j 1", "").exits(0);
    assert_eq!(lab.outcome().configurations.len(), 5);
    let before = lab.journal();
    lab.run("-j 1", "").exits(0);
    assert_eq!(lab.journal(), before);
}

#[test]
fn starting_points_precede_the_tuner_and_are_reported_to_it() {
    let lab = lab(&format!("{ITERATIVE}\ninitial: [{{x: 0.9}}, {{x: 0.8, y: 0.1}}]"), "log=requests");
    lab.run("-j 1", "").exits(0);
    let ran = lab.records("launch");
    assert_eq!(ran[0]["params"], json!({"x": 0.9, "y": 0.3}));
    assert_eq!(ran[1]["params"], json!({"x": 0.8, "y": 0.1}));
    let requests = requests(&lab);
    assert_eq!(requests.len(), 7, "a complete starting point needs no request");
    assert_eq!(requests[1]["observations"][0]["params"], ran[0]["params"]);
}

#[test]
fn a_kill_or_signal_changes_no_outcome_and_leaves_no_process() {
    let whole = undisturbed();
    for (signal, code) in [(9, None), (2, Some(130))] {
        let lab = lab(ITERATIVE, "log=requests child");
        let driver = lab.start("-j 1 --grace 200ms", "");
        lab.wait_until("three ends", || lab.records("end").len() >= 3);
        driver.signal(signal);
        assert_eq!(driver.wait().status.code(), code);
        lab.wait_for_no_processes();
        let ended = lab.records("end").len();
        fs::remove_file(lab.path("requests")).unwrap();
        lab.run("-j 1", "").exits(0);
        assert_eq!(lab.outcome(), whole);
        let observed = requests(&lab)[0]["observations"].as_array().unwrap().len();
        assert!((3..=ended + 1).contains(&observed), "{observed} of {ended}");
    }
}

/// Joins the process group of a child, answers one request, and does not exit.
const IN_ANOTHER_GROUP: &str = "
import os, time
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    open('up', 'w')
    time.sleep(600)
while not os.path.exists('up'):
    time.sleep(0.01)
os.setpgid(0, child)
input()
print('{\"suggestions\": [{\"x\": 0.5, \"y\": 0.1}], \"done\": true}', flush=True)
time.sleep(600)
";

#[test]
fn a_tuner_that_left_its_group_is_ended() {
    let lab = Lab::new(&format!(
        "kind: iterative\nmaxIterations: 1\ntuner: {{command: [python3, tuner.py], timeout: 20}}{SPACE}"
    ));
    fs::write(lab.path("tuner.py"), IN_ANOTHER_GROUP).unwrap();
    lab.run("-j 1", "").exits(0);
    assert_eq!(lab.job_processes().len(), 0);
}

#[test]
fn a_tuner_that_does_not_exit_is_ended_with_its_processes() {
    let lab = lab("kind: iterative\nmaxIterations: 1", "stay child");
    lab.run("-j 1", "").exits(0);
    lab.wait_for_no_processes();
}

#[test]
fn an_interruption_does_not_wait_for_a_response() {
    let lab = lab(ITERATIVE, "silence after=2 log=requests child");
    let mut driver = lab.start("-j 2", "");
    lab.wait_until("a request that stays open", || {
        fs::read_to_string(lab.path("requests")).is_ok_and(|log| log.lines().count() >= 3)
    });
    assert!(!driver.has_exited());
    driver.signal(15);
    driver.wait().exits(143);
    lab.wait_for_no_processes();
}

#[test]
fn limits_apply_while_a_request_is_pending() {
    let lab = lab(ITERATIVE, "silence after=2");
    lab.run("-j 1 --time-limit 700ms", "").exits(4).stderr_contains("--time-limit");
    lab.wait_for_no_processes();
    lab.run("-j 1 --max-jobs 1 --overwrite", "").exits(4).stderr_contains("--max-jobs");
    assert_eq!(lab.records("end").len(), 1);
}

#[test]
fn a_reference_is_searched_in_listed_folders_and_passed_its_version() {
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{hubRef: 'acme/evolve:1.2'}}{SPACE}"));
    let elsewhere = lab.path("elsewhere");
    let missing = lab
        .run("", "")
        .exits(2)
        .stderr_contains("there is no tuner `acme/evolve`")
        .stderr_contains("tuners/acme/evolve");
    assert!(!missing.stderr.contains("elsewhere") && !lab.study().exists());
    let line = lab.run_line("", "");
    let listed = || {
        let mut command = lab.command(&line);
        command.env("HYPERTUNE_TUNERS", format!("/nowhere:{}", elsewhere.display()));
        RunOutput::of(&mut command)
    };
    let missing = listed().exits(2).stderr_contains("/nowhere/acme/evolve");
    assert!(missing.stderr.contains(&elsewhere.join("acme/evolve").display().to_string()), "{}", missing.stderr);
    let script = format!("#!/bin/sh\necho version $HYPERTUNE_TUNER_VERSION >&2\nexec {}\n", tuner());
    fs::create_dir_all(elsewhere.join("acme")).unwrap();
    lab.script("elsewhere/acme/evolve", &script).set_mode("elsewhere/acme/evolve", 0o644);
    listed().exits(2).stderr_contains("not executable");
    lab.set_mode("elsewhere/acme/evolve", 0o755);
    listed().exits(0);
    assert_eq!(fs::read_to_string(lab.study().join("tuner.stderr.log")).unwrap(), "version 1.2\n");
    fs::rename(&elsewhere, lab.path("tuners")).unwrap();
    lab.run("--overwrite", "").exits(0);
}

#[test]
fn the_python_example_supports_every_kind_of_parameter() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tuners/evolve.py");
    let lab = Lab::new(&format!(
        "kind: random\nnumRuns: 60\nseed: 3\nmetric: {{name: loss, optimization: minimize}}\n\
         tuner: {{command: [python3, {script}], params: {{parents: 4, fresh: 0}}}}\n{EVERY_KIND}"
    ));
    lab.run("-j 1 --keep-going", "fail-below=0.05").exits(0);
    let ends = lab.records("end");
    let best = |ends: &[Value]| ends.iter().filter_map(|e| e["score"].as_f64()).fold(f64::INFINITY, f64::min);
    assert!(best(&ends[20..]) < best(&ends[..10]), "it uses its observations");
}

const EVERY_KIND: &str = "
params:
  a: {kind: uniform, value: [0, 1]}
  b: {kind: loguniform, value: {min: 0.001, max: 10}}
  c: {kind: quniform, value: [-1, 1, 0.1]}
  d: {kind: qloguniform, value: {min: 16, max: 256, q: 16}}
  e: {kind: normal, value: [0, 1]}
  f: {kind: qnormal, value: [0, 3, 0.1]}
  g: {kind: lognormal, value: [0, 1]}
  h: {kind: qlognormal, value: [1, 1, 0.5]}
  i: {kind: choice, value: [relu, [1, 2], null, true]}
  j: {kind: pchoice, value: [[adam, 0.9], [{sgd: 0.9}, 0.1]]}
  k: {kind: range, value: [0, 100000, 3]}
  l: {kind: linspace, value: [0, 1, 11]}
  m: {kind: logspace, value: [-3, 0, 7]}
  n: {kind: geomspace, value: [1, 64, 7]}
  o: {kind: daterange, value: ['2024-01-01', '2030-01-01', 1]}
  p: {kind: datetimerange, value: ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', 60]}
";

#[test]
fn suggestions_that_break_a_constraint_are_requested_again() {
    let text = |words: &str| {
        let command: Vec<String> = [tuner()].into_iter().chain(words.split_whitespace().map(str::to_owned)).collect();
        format!(
            "{ITERATIVE}\ntuner: {{command: {}, timeout: 20}}{SPACE}  z: {{kind: uniform, value: [0, 1], when: {{y: 0.2}}}}\n\
             constraints: [x < 0.8]\n",
            json!(command)
        )
    };
    let lab = Lab::new(&text("log=requests after=1 blind"));
    lab.run("-j 1", "").exits(1).output_contains("100 responses in a row").output_contains("`x < 0.8` on line 10");
    let requests = requests(&lab);
    assert!(requests.iter().all(|request| request["version"] == 2 && request["constraints"] == json!(["x < 0.8"])));
    assert_eq!(requests[1].get("rejected"), None);
    let rejected = &requests[2]["rejected"][0];
    assert_eq!(rejected["params"], json!({"x": 0.9, "y": 0.1}));
    assert_eq!(requests[2]["trials"], requests[1]["trials"]);
    assert_eq!(requests[1]["space"]["z"]["when"], json!({"y": [0.2]}));
}
