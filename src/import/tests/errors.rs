//! Files with mistakes: each has an error with its position.

use std::path::Path;

use crate::import::import_bytes;
use crate::matrix::diagnostics::diagnostic::Diagnostic;

/// `line:column message`, one per line.
fn errors(text: &str) -> String {
    let error = import_bytes("f.yaml", text.as_bytes(), Path::new("")).expect_err("the file has mistakes");
    let line = |diagnostic: &Diagnostic| {
        let position = diagnostic.line_column().map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column));
        format!("{position} {}", diagnostic.message)
    };
    error.diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn mistakes_of_sweeps_have_their_line() {
    let sweep = "program: t.py\nmethod: random\nrun_cap: 0\nmetric: {name: a, goal: minimise}\nparameters:\n  \
                 a: {min: 3, max: 1}\n  b: {distribution: lognormal, mu: 0}\n  c: {values: []}\n  d: 3\n  \
                 e: {distribution: log_uniform, min: 0, max: 5000}\n  f: {values: [1], probabilities: [1, 2]}\n  g: {}\n  \
                 h: {distribution: uniform, min: a, max: 1}\n  i: {distribution: q_uniform, min: 0.2, max: 0.3}\n";
    insta::assert_snapshot!(errors(sweep), @r#"
    3:10 `run_cap` must be 1 or more, found 0
    4:25 `goal` must be minimize or maximize, found the text "minimise"
    6:3 parameter `a`: `max` (1) must not be below `min` (3)
    7:21 unknown distribution `lognormal`
    8:15 `values` must be a list with elements, found an empty list
    9:3 the parameter `d` must be a mapping, found the number 3
    10:3 the bounds of `log_uniform` are natural logarithms: exp(0) to exp(5000) is too wide
    11:35 `probabilities` must have a number from 0 to 1 for each of the 1 values
    12:3 the parameter has none of `value`, `values`, `min` and `max`, and `distribution`
    13:35 `min` must be a number, found the text "a"
    14:3 parameter `i`: no multiple of `q` is between 0.2 and 0.3
    "#);
}

#[test]
fn mistakes_of_katib_have_their_line() {
    let experiment = "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec:\n  objective: {type: max, objectiveMetricName: a}\n  \
                      algorithm: {algorithmName: enas}\n  parameters:\n    - {name: a, parameterType: float, feasibleSpace: {}}\n    \
                      - {name: b, parameterType: int, feasibleSpace: {min: '1', max: x}}\n    \
                      - {name: c, parameterType: double, feasibleSpace: {min: '0', max: '1', distribution: logUniform}}\n    \
                      - {name: d, parameterType: int, feasibleSpace: {min: '0.5', max: '1'}}\n    \
                      - {name: e, parameterType: double, feasibleSpace: {min: '0', max: '1', step: '0'}}\n    - 3\n";
    insta::assert_snapshot!(errors(experiment), @r#"
    4:21 `type` must be minimize or maximize, found the text "max"
    5:30 hypertune does not search architectures
    7:32 unknown parameter type the text "float"
    8:68 `max` must be a number, found the text "x"
    9:40 `min` on a log scale must be above 0, found 0
    10:37 the bounds of an int parameter must be whole numbers
    11:82 `step` must be above 0, found 0
    12:7 a parameter must be a mapping, found the number 3
    "#);
}

#[test]
fn mistakes_of_search_spaces_have_their_line() {
    let nni = "{\"a\": {\"_type\": \"uniform\", \"_value\": [1]},\n \"b\": {\"_type\": \"beta\", \"_value\": [1, 2]},\n \
               \"c\": {\"_type\": \"randint\", \"_value\": [3, 3]},\n \"d\": {\"_type\": \"loguniform\", \"_value\": [0, 3]},\n \"e\": 3}";
    insta::assert_snapshot!(errors(nni), @r#"
    1:38 `_value` of `uniform` must have 2 numbers, found 1
    2:17 unknown type `beta`
    3:38 `randint` needs whole numbers [lower, upper] with lower below upper
    4:2 parameter `d`: `min` on a log scale must be above 0, found 0
    5:2 the parameter `e` must have `_type` and `_value`
    "#);
    let orion = "a: 'orion~uniform(0, 1'\nb: 'orion~uniform(0)'\nc: 'orion~loguniform(0, 1)'\nd: 'orion~choices([])'\n\
                 e: 'orion~uniform(0, 0.5, discrete=True)'\nf: 'orion~unifrom(0, 1)'\ng: 'orion~uniform(0 [1])'\n";
    insta::assert_snapshot!(errors(orion), @r#"
    1:23 invalid expression `uniform(0, 1`: expected `,` or `)`
    2:4 `uniform` needs a number as `high`
    3:1 parameter `c`: `min` on a log scale must be above 0, found 0
    4:1 parameter `d`: the list is empty
    5:4 the bounds of a discrete parameter must be whole numbers
    6:4 unknown expression `orion~unifrom(0, 1)`
    7:21 invalid expression `uniform(0 [1])`: expected `,` or `)`
    "#);
    let typed = "a: {type: float, low: 0, high: 1}\nb: {type: float, low: 0}\nc: {type: flaot, low: 0, high: 1}\n\
                 d: {type: int, low: 0, high: 3, step: 0}\ne: {type: float, low: 0, high: 3, step: 1e-300}\n";
    insta::assert_snapshot!(errors(typed), @r#"
    2:1 missing field `high` in the parameter `b`
    3:11 unknown type `flaot`
    4:1 `step` must be above 0, found 0
    5:1 `step` 1e-300 is too small for the range from 0 to 3: there would be more than 2^53 values
    "#);
    let early = "version: 1\nkind: group\nhptuning:\n  matrix:\n    a: {values: 3}\n    b: {valeus: [1]}\n    c: {uniform: [1, 0]}\n    d: 3\n";
    insta::assert_snapshot!(errors(early), @r#"
    6:9 unknown field `valeus`
    7:5 parameter `c`: `high` (0) must be above `low` (1)
    8:5 parameter `d` must have one field such as `values` or `uniform`
    "#);
}

#[test]
fn other_files_are_refused() {
    insta::assert_snapshot!(errors("a: 1\n"), @"- the file is that of no known tool");
    insta::assert_snapshot!(errors("kind: random\nparams: {}\n"), @"- the file is a matrix, which need not be imported");
    insta::assert_snapshot!(errors("a: [\n"), @"1:4 unclosed bracket '['");
    insta::assert_snapshot!(errors("hyperparameters: {}\nsearcher: {name: random}\n"), @"1:1 the file is an experiment of Determined, which cannot be imported");
    insta::assert_snapshot!(errors("searchSpaceFile: none.json\ntrialCommand: python t.py\n"), @"1:18 the search space none.json cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(errors("experiment: {max_trials: 3}\n"), @"1:1 the configuration has no parameters");
}

#[test]
fn a_name_of_parameters_at_two_depths_is_no_internal_error() {
    let space = r#"{"opt.lr": {"_type": "uniform", "_value": [0, 1]},
        "opt": {"_type": "choice", "_value": [{"_name": "a", "lr": {"_type": "uniform", "_value": [0, 1]}}]}}"#;
    // It is read in some way, or refused; it must not panic.
    let _ = import_bytes("space.json", space.as_bytes(), Path::new(""));
}
