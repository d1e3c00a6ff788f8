//! Typos: the rest of the file is checked too, and each typo is reported once.

use super::*;

#[test]
fn a_misspelled_kind_is_checked_as_the_suggested_kind() {
    let text = "\
kind: hyperbnd
eta: 1
maxIteration: 9
numRuns: 3
metric: {name: loss, optimization: minimise}
resource: {name: epochs}
params:
  a: {kind: unifrm, value: [1, 0]}
earlyStopping:
  - {kind: failure_early_stoping, percent: 150}
";
    insta::assert_snapshot!(errors_of(text), @"
    1:7 unknown matrix kind `hyperbnd` (did you mean `hyperband`?)
    2:6 `eta` must be above 1, found 1
    3:1 unknown field `maxIteration` in the matrix (did you mean `maxIterations`?)
    4:1 kind `hyperband` takes no number of trials (its number of trials is that of its brackets, which follow from the largest resource and `eta`; repeat them with --set rounds=2, or use --kind asha, which takes any number)
    5:36 invalid value `minimise` for `optimization` (did you mean `minimize`?)
    8:13 unknown parameter kind `unifrm` (did you mean `uniform`?)
    8:32 `high` (0) must be above `low` (1)
    10:12 invalid value `failure_early_stoping` for `kind` (did you mean `failure_early_stopping`?)
    10:44 `percent` must be above 0 and at most 99, found 150
    ");
}

#[test]
fn a_missing_field_and_its_misspelling_are_one_error() {
    let text = "kind: random\nnumRun: 3\nparms:\n  a: {kind: choice, values: [1]}\n";
    insta::assert_snapshot!(errors_of(text), @"
    2:1 unknown field `numRun` in the matrix (did you mean `numRuns`?)
    3:1 unknown field `parms` in the matrix (did you mean `params`?)
    ");
}

#[test]
fn missing_fields_do_not_hide_other_errors() {
    let text = "kind: halving\neta: 0.5\nprefact: -1\nparams: {a: {kind: range, value: [0, ten]}}\n";
    insta::assert_snapshot!(errors_of(text), @r#"
    1:1 missing field `metric` in the matrix
    1:1 missing field `resource` in the matrix
    1:1 missing field `maxIterations` in the matrix
    2:6 `eta` must be above 1, found 0.5
    3:10 `prefact` must be above 0, found -1
    4:27 `step` is missing
    4:38 `stop` must be a number, found the text "ten"
    "#);
}

#[test]
fn the_documented_example_with_its_wrong_indentation_names_that_indentation() {
    let printed = DOCUMENTED.replace("\n  early_stopping:", "\n   early_stopping:");
    insta::assert_snapshot!(errors_of(&printed), @"25:4 while parsing a block mapping, did not find expected key (the line is indented by 3 spaces; expected 2 or 4)");
}
