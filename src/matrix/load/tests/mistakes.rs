//! Files that are valid in part, or in another tool, but do not do what was meant.

use super::*;

fn command_line(words: &[&str]) -> Overrides {
    Overrides { command: Some(words.iter().map(|word| (*word).to_owned()).collect()), ..Overrides::default() }
}

#[test]
fn a_file_of_another_tool_is_one_error() {
    let sweep = "program: t.py\nmethod: bayes\nmetric: {name: loss, goal: minimize}\nparameters: {lr: {values: [1]}}\n";
    let report = load_text(sweep, &command_line(&["train"])).unwrap_err();
    insta::assert_snapshot!(summary(&report), @"2:1 the file is a W&B sweep, not a matrix (convert it into a matrix: hypertune import matrix.yaml -o matrix-matrix.yaml)");
}

#[test]
fn a_name_that_some_configurations_lack_needs_a_default() {
    let matrix = "kind: mapping\nvalues: [{lr: 0.1, wd: 0}, {lr: 0.2}]\n";
    let report = load_text(matrix, &command_line(&["t", "{{ lr }}", "{{ wd }}"])).unwrap_err();
    insta::assert_snapshot!(summary(&report), @"1:18 row 2 of `values` has no `wd` (write {{ wd | default(0) }}, declare an input `wd` with a `value`, or give it everywhere)");
    for guarded in
        ["{{ wd | default(0) }}", "{% if wd is defined %}{{ wd }}{% endif %}{{ lr }}", "{{ params.wd.as_arg }}"]
    {
        let study = load_text(matrix, &command_line(&["t", "{{ lr }}", guarded]));
        assert!(study.is_ok(), "{guarded}: {}", summary(&study.unwrap_err()));
    }
    let input = "matrix: {kind: mapping, values: [{lr: 0.1, wd: 0}, {lr: 0.2}]}\n\
                 component: {inputs: [{name: lr}, {name: wd}], container: {command: [t, '{{ wd }} {{ lr }}']}}\n";
    insta::assert_snapshot!(errors_of(input), @"2:41 required input `wd` has no value in row 2 of the matrix's `values` (add -P wd=…, a `value` here, or `isOptional: true`)");
    let with_value = input.replace("{name: wd}", "{name: wd, value: 0}");
    assert!(load_text(&with_value, &Overrides::default()).is_ok());
}

#[test]
fn a_float_resource_may_end_below_one() {
    let matrix = |kind: &str, min: &str| {
        format!(
            "kind: hyperband\nmaxIterations: 0.9\n{min}resource: {{name: part, type: {kind}}}\n\
             metric: {{name: loss, optimization: minimize}}\nparams: {{x: {{kind: uniform, value: [0, 1]}}}}\n"
        )
    };
    assert!(load_text(&matrix("float", "minIterations: 0.1\n"), &command_line(&["t"])).is_ok());
    insta::assert_snapshot!(errors_of(&matrix("float", "")), @"1:7 `minIterations` 1 (the default) is above `maxIterations` 0.9");
    insta::assert_snapshot!(errors_of(&matrix("int", "minIterations: 1\n")), @"2:16 `maxIterations` must be 1 or more, found 0.9");
    insta::assert_snapshot!(errors_of(&matrix("float", "").replace("0.9", "0")), @"2:16 `maxIterations` must be above 0, found 0");
}
