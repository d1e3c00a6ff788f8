mod arguments;
mod commands;
mod forms;
mod guesses;
mod hostile;
mod mistakes;
mod models;
mod nested_params;
mod overrides;
mod proposals;
mod rules;
mod shapes;
mod typos;

use super::*;
use crate::matrix::diagnostics::diagnostic::Styling;

/// The example of the reference documentation, with the indentation of its last block corrected.
const DOCUMENTED: &str = r#"version: 1.1
kind: operation
matrix:
  kind: hyperband
  concurrency: 5
  maxIterations: 81
  eta: 3
  resource:
    name: num_steps
    type: int
  metric:
    name: loss
    optimization: minimize
  resume: False
  params:
    lr:
      kind: uniform
      value: [0, 0.9]
    dropout:
      kind: choice
      value: [0.25, 0.3]
    activation:
      kind: pchoice
      value: [[relu, 0.1], [sigmoid, 0.8]]
  early_stopping:
    - metric: accuracy
      value: 0.9
      optimization: maximize
    - metric: loss
      value: 0.05
      optimization: minimize
component:
  inputs:
    - name: batch_size
      type: int
      isOptional: true
      value: 128
    - name: logspace
      type: float
    - name: dropout
      type: float
  container:
    image: image:latest
    command: [python3, train.py]
    args: [
        "--batch-size={{ batch_size }}",
        "--lr={{ lr }}",
        "--dropout={{ dropout }}",
        "--activation={{ activation }}"
    ]
"#;

fn load_text(text: &str, overrides: &Overrides) -> Result<LoadedMatrix, InvalidFileError> {
    load_bytes("matrix.yaml", text.as_bytes(), Path::new(""), overrides)
}

fn rendered_errors(text: &str) -> String {
    load_text(text, &Overrides::default()).unwrap_err().render(Styling::Plain)
}

/// A hyperband matrix that ends with `params`.
fn hyperband(params: &str) -> String {
    format!(
        "kind: hyperband\nmaxIterations: 9\nresource: {{name: epochs}}\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{params}"
    )
}

/// The diagnostics as `line:column message (hint)`.
fn summary(report: &InvalidFileError) -> String {
    let line = |d: &Diagnostic| {
        let place = d.line_column().map_or("-".to_owned(), |p| format!("{}:{}", p.line, p.column));
        let hint = d.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        format!("{place} {}{hint}", d.message)
    };
    report.diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn errors_of(text: &str) -> String {
    summary(&load_text(text, &Overrides::default()).expect_err(text))
}

fn warnings(study: &LoadedMatrix) -> String {
    study.warnings.iter().map(|w| w.render(Styling::Plain)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_documented_example_is_valid() {
    let study = load_text(DOCUMENTED, &Overrides::default()).unwrap();
    let plan = study.experiment.plan();
    let table: Vec<Vec<(u64, f64)>> =
        plan.brackets.iter().map(|b| b.rungs.iter().map(|r| (r.configs, r.resource.amount())).collect()).collect();
    assert_eq!(table[0], [(81, 1.0), (27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]);
    assert_eq!(table.iter().map(|b| b[0].0).collect::<Vec<_>>(), [81, 27, 9, 6, 5]);
    assert_eq!((study.concurrency, study.seed), (Some(5), None));
    assert_eq!(study.experiment.stopping.conditions.len(), 2);
    insta::assert_snapshot!(warnings(&study), @"
    warning: the command does not use `num_steps`
     --> matrix.yaml:4:9
      |
    4 |   kind: hyperband
      |         ^^^^^^^^^
      |
      = help: add {{ num_steps }}; nothing is appended to a command with a template that uses a parameter

    warning: the component declares no input `lr`
      --> matrix.yaml:16:5
       |
    16 |     lr:
       |     ^^

    warning: the component declares no input `activation`
      --> matrix.yaml:22:5
       |
    22 |     activation:
       |     ^^^^^^^^^^

    warning: required input `logspace` has no value and is not used
      --> matrix.yaml:38:13
       |
    38 |     - name: logspace
       |             ^^^^^^^^

    warning: ignored field `image`; it applies only on a cluster
      --> matrix.yaml:43:5
       |
    43 |     image: image:latest
       |     ^^^^^
    ");
}

#[test]
fn all_errors_are_reported_at_once() {
    insta::assert_snapshot!(rendered_errors(r#"kind: hyperband
maxIteration: 81
eta: 0.5
max_iterations: 27
maxIterations: 27
resource: {name: epochs, type: integer}
metric:
  name: loss
  optimization: minimise
seed: -1
params:
  lr: {kind: loguniform, value: [-5, .nan]}
  dropout:
    kind: unifrom
    value: [0, 1]
  layers:
    kind: choice
    values: [1, 2]
  width: {kind: uniform, value: {lo: 1, high: 2}}
  depth: {kind: range, value: "1:2:3:4"}
  epochs: {kind: uniform, value: [0, 1]}
earlyStopping:
  - metric: loss
    optimization: minimize
  - kind: failure_early_stopping
    percent: 100
"#), @r#"
error: unknown field `maxIteration` in the matrix
 --> matrix.yaml:2:1
  |
2 | maxIteration: 81
  | ^^^^^^^^^^^^
  |
  = help: did you mean `maxIterations`?

error: `eta` must be above 1, found 0.5
 --> matrix.yaml:3:6
  |
3 | eta: 0.5
  |      ^^^

error: duplicate field `maxIterations`; first given as `max_iterations` on line 4
 --> matrix.yaml:5:1
  |
5 | maxIterations: 27
  | ^^^^^^^^^^^^^

error: invalid value `integer` for `type`
 --> matrix.yaml:6:32
  |
6 | resource: {name: epochs, type: integer}
  |                                ^^^^^^^
  |
  = help: expected one of `int`, `float`

error: invalid value `minimise` for `optimization`
 --> matrix.yaml:9:17
  |
9 |   optimization: minimise
  |                 ^^^^^^^^
  |
  = help: did you mean `minimize`?

error: `seed` must be a whole number, 0 or more, found the number -1
  --> matrix.yaml:10:7
   |
10 | seed: -1
   |       ^^

error: the number must be finite
  --> matrix.yaml:12:38
   |
12 |   lr: {kind: loguniform, value: [-5, .nan]}
   |                                      ^^^^

error: unknown parameter kind `unifrom`
  --> matrix.yaml:14:11
   |
14 |     kind: unifrom
   |           ^^^^^^^
   |
   = help: did you mean `uniform`?

error: unknown field `values` in parameter `layers`
  --> matrix.yaml:18:5
   |
18 |     values: [1, 2]
   |     ^^^^^^
   |
   = help: did you mean `value`?

error: unknown field `lo` in the value of `uniform`
  --> matrix.yaml:19:34
   |
19 |   width: {kind: uniform, value: {lo: 1, high: 2}}
   |                                  ^^
   |
   = help: did you mean `low`?

error: `range` takes at most 3 values (start, stop, step), found 4
  --> matrix.yaml:20:31
   |
20 |   depth: {kind: range, value: "1:2:3:4"}
   |                               ^^^^^^^^^

error: the parameter `epochs` has the same name as the resource
  --> matrix.yaml:21:3
   |
21 |   epochs: {kind: uniform, value: [0, 1]}
   |   ^^^^^^
   |
   = help: rename one of them

error: missing field `value` in an early-stopping rule without `policy`
  --> matrix.yaml:23:5
   |
23 |   - metric: loss
   |     ^^^^^^^^^^^^

error: `percent` must be above 0 and at most 99, found 100
  --> matrix.yaml:26:14
   |
26 |     percent: 100
   |              ^^^

matrix.yaml: 14 errors, nothing was launched
"#);
}
