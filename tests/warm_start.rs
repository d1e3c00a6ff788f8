//! The observations of an earlier study's journal that a new study uses.

use std::fs;
use std::path::Path;

use hypertune::engine::experiment::Experiment;
use hypertune::journal::earlier_study::{self, KnownStudies, WarmStartData, WarmStartError};
use hypertune::journal::folder::layout::StudyFolder;
use hypertune::matrix::command_line::overrides::Overrides;
use hypertune::matrix::load;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A study over lr in [0, 1] and a choice of act.
fn experiment(head: &str) -> Experiment {
    let text = format!(
        "{head}\nmetric: {{name: loss, optimization: minimize}}\nparams:\n  lr: {{kind: uniform, value: [0, 1]}}\n  \
         act: {{kind: choice, value: [relu, tanh]}}\n"
    );
    let loaded = load::load_bytes("m.yaml", text.as_bytes(), Path::new(""), &Overrides::default());
    loaded.unwrap_or_else(|report| panic!("{report}")).experiment
}

fn up_to(epochs: u32) -> Experiment {
    experiment(&format!("kind: hyperband\nmaxIterations: {epochs}\nresource: {{name: epochs}}"))
}

/// The journal of a study with up to 9 epochs, if it has a resource.
struct Journal {
    lines: Vec<Value>,
}

impl Journal {
    fn new(resource: Value) -> Journal {
        let metric = json!({"name": "loss", "optimization": "minimize"});
        let plan = json!({"trials": 3, "jobs": 3, "resource": 27.0, "full_resource": 27.0});
        let header = json!({"type": "study", "format": 1, "sampling_rules": 1, "version": "0", "matrix_path": "", "matrix": "",
            "command": [], "options": {}, "seed": 1, "metric": metric, "resource": resource, "plan": plan, "started_at": ""});
        Journal { lines: vec![header] }
    }

    fn launch(&mut self, trial: u64, attempt: u32, resource: f64, params: Value) -> &mut Journal {
        let mut line = json!({"type": "launch", "trial": trial, "rung": 0, "attempt": attempt, "round": 0, "bracket": 0,
            "resource": resource, "previous": 0.0, "slot": 0, "at": 0});
        if attempt == 1 {
            line["params"] = params;
        }
        self.lines.push(line);
        self
    }

    fn end(&mut self, trial: u64, attempt: u32, how: Value) -> &mut Journal {
        let mut line =
            json!({"type": "end", "trial": trial, "rung": 0, "attempt": attempt, "duration_s": 1.0, "at": 1});
        line.as_object_mut().expect("an object").extend(how.as_object().cloned().expect("an object"));
        self.lines.push(line);
        self
    }

    fn job(&mut self, trial: u64, resource: f64, params: Value, how: Value) -> &mut Journal {
        self.launch(trial, 1, resource, params).end(trial, 1, how)
    }

    fn read(&self, expected: &Experiment) -> Result<WarmStartData, WarmStartError> {
        let folder = TempDir::new().expect("a temporary folder");
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(folder.path().join("journal.jsonl"), text).expect("a temporary folder takes files");
        earlier_study::read(&StudyFolder::new(folder.path()), expected, KnownStudies::default())
    }

    /// `params resource score steps` of each job that is used, and the number of jobs that are not.
    fn used(&self, expected: &Experiment) -> String {
        let WarmStartData { observations, left_out, .. } = self.read(expected).expect("the earlier study is usable");
        let line = |o: &hypertune::search::PriorObservation| {
            let steps: Vec<f64> = o.curve.iter().map(|point| point.step).collect();
            format!("{} {} {} {}\n", json!(o.params), o.resource, json!(o.score), json!(steps))
        };
        observations.iter().map(line).collect::<String>() + &format!("{left_out} left out")
    }
}

fn epochs() -> Value {
    json!({"name": "epochs", "type": "int"})
}

fn succeeded(score: f64) -> Value {
    json!({"status": "succeeded", "score": score})
}

fn curve(points: &[(f64, f64)], score: f64) -> Value {
    let curve: Vec<Value> = points.iter().map(|(step, value)| json!({"step": step, "value": value})).collect();
    json!({"status": "succeeded", "score": score, "curve": curve})
}

#[test]
fn configurations_inside_the_new_space_are_used() {
    let mut journal = Journal::new(epochs());
    journal
        .job(0, 9.0, json!({"lr": 0.5, "act": "relu", "depth": 3}), succeeded(1.0))
        .job(1, 9.0, json!({"lr": 1.5, "act": "relu"}), succeeded(2.0))
        .job(2, 9.0, json!({"lr": 0.5}), succeeded(3.0))
        .job(3, 9.0, json!({"lr": 0, "act": "tanh"}), succeeded(4.0));
    insta::assert_snapshot!(journal.used(&up_to(9)), @r#"
    {"lr":0.5,"act":"relu"} 9 1.0 []
    {"lr":0.0,"act":"tanh"} 9 4.0 []
    2 left out
    "#);
}

#[test]
fn only_the_last_attempt_counts_and_failures_count_as_such() {
    let params = || json!({"lr": 0.5, "act": "relu"});
    let failed = |failure: Value| json!({"status": "failed", "failure": failure});
    let mut journal = Journal::new(epochs());
    journal
        .job(0, 3.0, params(), failed(json!({"kind": "exit", "detail": 1})))
        .launch(0, 2, 3.0, Value::Null)
        .end(0, 2, succeeded(0.25))
        .job(1, 3.0, params(), failed(json!({"kind": "exit", "detail": 1})))
        .job(2, 3.0, params(), failed(json!({"kind": "lost"})))
        .job(3, 3.0, params(), failed(json!({"kind": "launch", "detail": "no such file"})));
    insta::assert_snapshot!(journal.used(&up_to(9)), @r#"
    {"lr":0.5,"act":"relu"} 3 0.25 []
    {"lr":0.5,"act":"relu"} 3 null []
    0 left out
    "#);
}

#[test]
fn a_longer_job_counts_with_its_last_reading_within_the_new_resource() {
    let params = || json!({"lr": 0.5, "act": "relu"});
    let mut journal = Journal::new(epochs());
    let readings: Vec<(f64, f64)> = (1..=9).map(|step| (f64::from(step), 10.0 - f64::from(step))).collect();
    journal.job(0, 9.0, params(), curve(&readings, 1.0)).job(1, 9.0, params(), succeeded(2.0));
    insta::assert_snapshot!(journal.used(&up_to(5)), @r#"
    {"lr":0.5,"act":"relu"} 5 5.0 [1.0,2.0,5.0]
    1 left out
    "#);
    insta::assert_snapshot!(journal.used(&up_to(27)), @r#"
    {"lr":0.5,"act":"relu"} 9 1.0 [1.0,2.0,4.0,9.0]
    {"lr":0.5,"act":"relu"} 9 2.0 []
    0 left out
    "#);
}

#[test]
fn a_job_without_a_resource_counts_as_full() {
    let params = || json!({"lr": 0.5, "act": "relu"});
    let mut without = Journal::new(Value::Null);
    without.job(0, 1.0, params(), succeeded(1.0));
    assert_eq!(without.used(&up_to(9)), "{\"lr\":0.5,\"act\":\"relu\"} 9 1.0 []\n0 left out");
    let mut with = Journal::new(epochs());
    with.job(0, 3.0, params(), succeeded(2.0)).job(1, 9.0, params(), succeeded(1.0));
    let plain = experiment("kind: random\nnumRuns: 3");
    assert_eq!(with.used(&plain), "{\"lr\":0.5,\"act\":\"relu\"} 1 1.0 []\n1 left out");
}

#[test]
fn a_stopped_job_counts_at_its_last_step() {
    let mut journal = Journal::new(epochs());
    let how = json!({"status": "stopped", "score": 2.0, "by": {"rule": "median", "value": 2.0, "threshold": 1.0},
        "curve": [{"step": 1.0, "value": 3.0}, {"step": 4.0, "value": 2.0}]});
    journal.job(0, 9.0, json!({"lr": 0.5, "act": "relu"}), how);
    assert_eq!(journal.used(&up_to(9)), "{\"lr\":0.5,\"act\":\"relu\"} 4 2.0 [1.0,4.0]\n0 left out");
}

#[test]
fn a_study_without_a_value_is_refused() {
    let mut journal = Journal::new(epochs());
    journal.job(0, 9.0, json!({"lr": 7.0, "act": "relu"}), succeeded(1.0));
    assert!(matches!(journal.read(&up_to(9)), Err(WarmStartError::NoObservations { left_out: 1, .. })));
    let missing = earlier_study::read(&StudyFolder::new("/nowhere"), &up_to(9), KnownStudies::default())
        .expect_err("there is no study");
    assert_eq!(missing.to_string(), "/nowhere holds no study: there is no journal.jsonl in it");
}
