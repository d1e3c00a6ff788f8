//! Overrides on the command line.

use serde_json::json;

use super::*;
use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::types::objective::{Direction, Metric};

const MATRIX: &str = "\
matrix:
  kind: random
  numRuns: 1
  seed: 3
  concurrency: 2
  metric: {name: acc, optimization: maximize}
  params: {lr: {kind: uniform, value: [0, 1]}, act: {kind: choice, value: [relu, tanh]}}
component:
  inputs: [{name: lr}, {name: act}, {name: tag, type: str, isOptional: true}, {name: n, type: int, value: 1}]
  container: {command: [train, '{{ params.as_args }}']}
";

fn with(values: &[(&str, &str)]) -> Result<LoadedMatrix, InvalidFileError> {
    let values = values.iter().map(|(n, t)| ValueOverride { name: (*n).into(), text: (*t).into() }).collect();
    load_text(MATRIX, &Overrides { values, ..Overrides::default() })
}

fn metric(name: &str, direction: Option<Direction>) -> (Option<Metric>, usize) {
    let metric = Some(MetricOverride { name: name.into(), direction });
    let study = load_text(MATRIX, &Overrides { metric, ..Overrides::default() }).unwrap();
    (study.experiment.metric, study.warnings.len())
}

#[test]
fn the_command_line_overrides_the_file() {
    let study = load_text(MATRIX, &Overrides { seed: Some(0), concurrency: Some(7), ..Overrides::default() }).unwrap();
    assert_eq!((study.seed, study.experiment.seed, study.concurrency), (Some(0), 0, Some(7)));
    let study = load_text(MATRIX, &Overrides::default()).unwrap();
    assert_eq!((study.seed, study.experiment.seed, study.concurrency), (Some(3), 3, Some(2)));
}

#[test]
fn a_metric_without_direction_has_that_of_the_file_or_is_minimized_with_a_warning() {
    let expected = |name: &str, direction| Some(Metric { name: name.into(), direction });
    assert_eq!(metric("acc", None), (expected("acc", Direction::Maximize), 0));
    assert_eq!(metric("loss", None), (expected("loss", Direction::Minimize), 1));
    assert_eq!(metric("loss", Some(Direction::Maximize)), (expected("loss", Direction::Maximize), 0));
}

#[test]
fn a_metric_on_the_command_line_is_enough() {
    let text = "kind: hyperband\nmaxIterations: 9\nresource: {name: e}\nparams: {lr: {kind: uniform, value: [0, 1]}}\n";
    insta::assert_snapshot!(errors_of(text), @"1:1 missing field `metric` in the matrix");
    let metric = Some(MetricOverride { name: "loss".into(), direction: Some(Direction::Minimize) });
    assert!(load_text(text, &Overrides { metric, ..Overrides::default() }).unwrap().experiment.metric.is_some());
}

#[test]
fn a_fixed_parameter_has_one_value() {
    let study = with(&[("lr", "0.25"), ("act", "tanh"), ("tag", "007"), ("n", "4")]).unwrap();
    let messages: Vec<_> = study.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(messages, ["no parameter varies, all trials have the same configuration"]);
    assert_eq!(study.experiment.space.cardinality(), Some(1));
    let values: Vec<_> = study.experiment.space.params.iter().map(|p| p.domain.level(0).unwrap()).collect();
    assert_eq!(values, [json!(0.25), json!("tanh")]);
    let inputs: Vec<_> = study.renderer.unwrap().names().inputs.iter().map(|i| i.value.clone()).collect();
    assert_eq!(inputs, [None, None, Some(json!("007")), Some(json!(4))]);
}

#[test]
fn invalid_values_are_shown_on_the_command_line() {
    insta::assert_snapshot!(warnings(&with(&[("lr", "5")]).unwrap()), @"
    warning: `5` is not among the values of `lr`
     --> command line:1:7
      |
    1 | -P lr=5
      |       ^
      |
      = help: the matrix has 0 to 1
    ");
    insta::assert_snapshot!(with(&[("lrr", "5"), ("n", "x")]).unwrap_err().render(Styling::Plain), @"
    error: unknown parameter or input `lrr`
     --> command line:1:4
      |
    1 | -P lrr=5
      |    ^^^
      |
      = help: did you mean `lr`?

    error: the input `n` must be a whole number, found `x`
     --> command line:1:6
      |
    1 | -P n=x
      |      ^

    matrix.yaml: 2 errors, nothing was launched
    ");
}

#[test]
fn an_unknown_sampler_is_an_error() {
    let overrides = Overrides { sampler: Some("randm".into()), ..Overrides::default() };
    insta::assert_snapshot!(load_text(MATRIX, &overrides).unwrap_err().render(Styling::Plain), @"
    error: unknown sampler `randm`
     --> command line:1:11
      |
    1 | --sampler randm
      |           ^^^^^
      |
      = help: did you mean `random`?

    matrix.yaml: 1 error, nothing was launched
    ");
}
