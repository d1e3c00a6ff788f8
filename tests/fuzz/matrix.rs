//! The matrix file: errors come soon and have a position, and accepted files can be run and journalled.

use std::path::Path;
use std::sync::Arc;

use hypertune::engine::Engine;
use hypertune::engine::event::{Command, Event};
use hypertune::engine::experiment::Experiment;
use hypertune::journal::record::{LaunchRecord, Record};
use hypertune::matrix::command_line::overrides::Overrides;
use hypertune::matrix::diagnostics::diagnostic::Styling;
use hypertune::matrix::load::load_bytes;
use hypertune::types::outcome::Outcome;
use hypertune::types::units::Moment;
use proptest::prelude::*;

use crate::cases;
use crate::damage::{damage, damaged};

const FILES: [&str; 7] = [
    include_str!("../../examples/polyaxon/operation.yaml"),
    include_str!("../../examples/polyaxon/component.yaml"),
    include_str!("../../examples/d2l/matrix.yaml"),
    include_str!("../../examples/digits/matrix.yaml"),
    include_str!("../../examples/tuners/optuna.yaml"),
    EVERYTHING,
    LISTED,
];

const EVERYTHING: &str = "\
kind: hyperband
maxIterations: 27
minIterations: 1
eta: 3
bracketSizes: ceil
rounds: 2
resume: true
seed: 3
concurrency: 4
sampler: tpe
resource: {name: epochs, type: float}
metric: {name: loss, optimization: minimize}
earlyStopping:
  - {metric: loss, value: 0.01, optimization: minimize}
  - {metric: loss, optimization: minimize, policy: {kind: median, evaluationInterval: 2, minInterval: 3, minSamples: 2}}
  - {metric: loss, optimization: minimize, policy: {kind: truncation, percent: 20, includeSucceeded: true}}
  - {kind: failure_early_stopping, percent: 50}
params:
  a: {kind: choice, value: [1, 2.5, x, [1, 2], {b: 3}, null, true]}
  b: {kind: pchoice, value: [[x, 0.1], [y, 0.8]]}
  c: {kind: range, value: [0, 10, 3]}
  d: {kind: linspace, value: '0:1:5'}
  e: {kind: logspace, value: {start: 0, stop: 2, num: 3, base: 10}}
  f: {kind: geomspace, value: [1, 100, 3]}
  g: {kind: daterange, value: [2020-01-01, 2020-02-01, 7]}
  h: {kind: datetimerange, value: ['2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z', 3600]}
  i: {kind: loguniform, value: {min: 1e-5, max: 0.1}}
  j: {kind: quniform, value: [0, 1, 0.1]}
  k: {kind: normal, value: [0, 1]}
  l: {kind: qlognormal, value: [0, 1, 0.5]}
";

const LISTED: &str = "kind: mapping\nseed: 1\nvalues:\n  - {lr: 0.1, net: [1, {a: 2}]}\n  - {lr: 1e-3, net: null}\n";

const WORDS: [&str; 40] = [
    "kind",
    "matrix",
    "params",
    "value",
    "values",
    "hyperband",
    "halving",
    "asha",
    "auto",
    "random",
    "grid",
    "mapping",
    "iterative",
    "numRuns",
    "maxIterations",
    "eta",
    "resource",
    "metric",
    "name",
    "type",
    "int",
    "float",
    "optimization",
    "minimize",
    "seed",
    "resume",
    "sampler",
    "tpe",
    "gp",
    "uniform",
    "lognormal",
    "choice",
    "pchoice",
    "range",
    "geomspace",
    "daterange",
    "min",
    "max",
    "component",
    "tuner",
];

/// Loads the file, and runs it if it is valid.
fn answers(bytes: &[u8]) {
    match load_bytes("m.yaml", bytes, Path::new("/nonexistent"), &Overrides::default()) {
        Err(report) => {
            assert!(report.error_count() > 0);
            let text = report.render(Styling::Plain);
            assert!(text.len() < 200_000 && text.contains("m.yaml"), "{text}");
            assert!(serde_json::to_string(&report.to_json()).is_ok());
        }
        Ok(study) => runs(study.experiment),
    }
}

/// The first launches, of which every record can be read back.
fn runs(experiment: Experiment) {
    let plan = experiment.plan();
    let _ = experiment.totals(&plan);
    // Schedules allocate memory for all their jobs; plans of millions of jobs are measured by a bench.
    if plan.jobs() > 200_000 {
        return;
    }
    let mut engine = Engine::new(Arc::new(experiment), 3);
    let mut commands = engine.handle(Moment(0), Event::Start);
    for _ in 0..12 {
        let Some(launch) =
            commands.iter().find_map(|c| if let Command::Launch(l) = c { Some(l.clone()) } else { None })
        else {
            return;
        };
        let record = Record::Launch(Box::new(LaunchRecord {
            job: launch.job,
            bracket: launch.bracket,
            resource: launch.resource,
            previous: launch.previous,
            slot: launch.slot,
            params: Some((*launch.assignment).clone()),
            origin: launch.origin,
            at: Moment(1),
        }));
        let line = serde_json::to_string(&record).unwrap();
        let back: Record = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(back, record);
        let outcome = Outcome::Succeeded { score: None };
        commands = engine.handle(Moment(2), Event::Ended { job: launch.job, outcome, curve: Vec::new(), step: None });
    }
}

#[test]
fn the_files_to_be_damaged_are_good() {
    for (index, file) in FILES.iter().enumerate() {
        let loaded = load_bytes("m.yaml", file.as_bytes(), Path::new("/nonexistent"), &Overrides::default());
        assert!(loaded.is_ok() || index == 1, "{}", loaded.unwrap_err().render(Styling::Plain));
        answers(file.as_bytes());
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        answers(&bytes);
    }

    #[test]
    fn anything_like_yaml(text in "([a-z]{1,3}|kind|matrix|params|value|hyperband|[\\[\\]{}:,&*!|>'\"#?%@`~<-]|[0-9.e+-]{1,4}| |\n|\n  |\n    |\\{\\{|\\}\\}){0,80}") {
        answers(text.as_bytes());
    }

    #[test]
    fn damaged_files(which in 0..FILES.len(), damage in damage()) {
        answers(&damaged(FILES[which].as_bytes(), &damage, &WORDS));
    }
}
