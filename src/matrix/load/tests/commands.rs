//! The command, its templates and its inputs.

use super::*;
use crate::matrix::command_line::overrides::ValueOverride;

const MATRIX: &str = "matrix: {kind: random, numRuns: 1, params: {lr: {kind: uniform, value: [0, 1]}}}\n";

fn command(rest: &str) -> Result<Vec<String>, String> {
    let study = load_text(&format!("{MATRIX}{rest}"), &Overrides::default()).map_err(|report| summary(&report))?;
    Ok(study.renderer.map(|renderer| renderer.command().to_vec()).unwrap_or_default())
}

fn command_line(words: &[&str]) -> Overrides {
    Overrides { command: Some(words.iter().map(|word| (*word).to_owned()).collect()), ..Overrides::default() }
}

#[test]
fn a_command_is_a_list_or_a_string() {
    let expected = ["python3", "my train.py", "--lr={{ lr }}"];
    let forms = [
        "component: {container: {command: [python3, my train.py], args: ['--lr={{ lr }}']}}",
        "component: {run: {kind: job, container: {command: \"python3 'my train.py'\", args: '--lr={{ lr }}'}}}",
        "component:\n  kind: component\n  container:\n    command: python3 'my train.py' --lr={{ lr }}\n",
    ];
    for form in forms {
        assert_eq!(command(form).unwrap(), expected, "{form}");
    }
    assert_eq!(command("component: {container: {command: [sleep, 1.5, true]}}").unwrap(), ["sleep", "1.5", "True"]);
}

#[test]
fn commands_that_cannot_run_locally_have_a_hint() {
    let errors: Vec<String> = [
        "urlRef: http://x",
        "hubRef: a/b",
        "dagRef: x",
        "component: {run: {kind: dag, operations: []}}",
        "component: {run: {kind: job}}",
        "component: {}",
        "component: {container: {image: x}}",
        "component: {container: {command: 'a \"b'}}",
        "component: {container: {command: [a, [b]], args: {x: 1}}}",
        "component: {container: {command: [a, {{ lr }}]}}",
        "component: {container: {comand: x}}",
        "pathRef: ./nowhere/c.yaml",
        "pathRef: ./c.yaml\ncomponent: {container: {command: x}}",
    ]
    .iter()
    .map(|rest| command(rest).unwrap_err())
    .collect();
    insta::assert_snapshot!(errors.join("\n--\n"), @"
    2:1 `urlRef` cannot be resolved without Polyaxon (download the component and name its file with `pathRef`, or give the command after `--`)
    --
    2:1 `hubRef` cannot be resolved without Polyaxon (write the component under `component:` or name its file with `pathRef`, or give the command after `--`)
    --
    2:1 `dagRef` cannot be resolved without Polyaxon (write one component under `component:`, or give the command after `--`)
    --
    2:25 `run` of kind `dag` cannot run locally (write `kind: job` with a `container`, or give the command after `--`)
    --
    2:13 missing field `container` in `run`
    --
    2:1 the component has no `container` (write its `command`, or give it after `--`)
    --
    2:13 the container has neither `command` nor `args` (write its `command`, or give it after `--`)
    2:25 ignored field `image`; it applies only on a cluster
    --
    2:34 the command has an unclosed quote or a NUL character
    --
    2:38 an element of a command must be text, found a list of 1
    2:50 a command must be a list or a string, found a mapping
    --
    2:38 an element of a command must be text, found a mapping (put quotes around an element that contains `{{ … }}`)
    --
    2:13 the container has neither `command` nor `args` (write its `command`, or give it after `--`)
    2:25 unknown field `comand` in the container (did you mean `command`?)
    --
    2:10 nowhere/c.yaml cannot be read: No such file or directory (os error 2) (name a component file, or give the command after `--`)
    --
    2:10 `component` and `pathRef` cannot both be given
    ");
}

#[test]
fn a_command_line_replaces_a_command_that_cannot_run_locally() {
    for rest in [
        "urlRef: http://x",
        "component: {run: {kind: dag, operations: []}}",
        "pathRef: ./nowhere.yaml",
        "component: {}",
    ] {
        let study = load_text(&format!("{MATRIX}{rest}\n"), &command_line(&["train"])).unwrap();
        assert_eq!(study.renderer.unwrap().command(), ["train"]);
    }
    let study = load_text(&format!("{MATRIX}hubRef: a/b\n"), &command_line(&["train"])).unwrap();
    insta::assert_snapshot!(warnings(&study), @"
    warning: `hubRef` cannot be resolved without Polyaxon; ignored because a command follows `--`
     --> matrix.yaml:2:1
      |
    2 | hubRef: a/b
      | ^^^^^^
    ");
}

#[test]
fn a_component_may_be_in_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let matrix = folder.path().join("m.yaml");
    std::fs::write(&matrix, format!("{MATRIX}pathRef: ./parts/c.yaml\n")).unwrap();
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    let component = folder.path().join("parts/c.yaml");
    std::fs::write(
        &component,
        "kind: component\ninputs: [{name: lr, type: float}]\nrun: {kind: job, container: {command: train}}\n",
    )
    .unwrap();
    let study = load(&matrix, &Overrides::default()).unwrap();
    assert_eq!(study.renderer.unwrap().command(), ["train"]);
    assert!(study.warnings.is_empty());
    std::fs::write(&component, "inputs:\n- name: lr\n  type: int\ncontainer:\n  command: train --lr={{ lrr }}\nx: 1\n")
        .unwrap();
    let report = load(&matrix, &Overrides::default()).unwrap_err();
    let text = report.render(Styling::Plain).replace(&folder.path().display().to_string(), "");
    insta::assert_snapshot!(text, @"
    error: the input `lr` must be a whole number, found the number 0.137 of `uniform`
     --> /m.yaml:1:45
      |
    1 | matrix: {kind: random, numRuns: 1, params: {lr: {kind: uniform, value: [0, 1]}}}
      |                                             ^^

    error: unknown variable `lrr`
     --> /parts/c.yaml:5:26
      |
    5 |   command: train --lr={{ lrr }}
      |                          ^^^
      |
      = help: did you mean `lr`?

    error: unknown field `x` in the component
     --> /parts/c.yaml:6:1
      |
    6 | x: 1
      | ^
      |
      = help: expected one of `version`, `name`, `description`, `tags`, `kind`, `inputs`, `container`, `run`, `termination`

    /m.yaml: 3 errors, nothing was launched
    ");
}

#[test]
fn unknown_names_in_templates_are_errors() {
    let errors = command(
        "component:
  inputs: [{name: batch, type: int}, {name: lr, type: float}, {name: note, type: str, isOptional: true}]
  container:
    command: [train, '--lr={{ lrate }}', '--batch={{ batch }}']
    args: ['{{ params.lr.as_argg }} {{ globals.run_output_path }} {{ note }}']
",
    );
    insta::assert_snapshot!(errors.unwrap_err(), @"
    5:31 unknown variable `lrate` (expected one of `lr`, `batch`, `note`, `trial`, `job`, `bracket`, `rung`, `slot`, `port`, `seed`, `checkpoint_dir`, `trial_dir`, `uuid`, `globals`)
    6:26 unknown variable `as_argg` (did you mean `as_arg`?)
    6:48 unknown variable `run_output_path` (did you mean `run_outputs_path`?)
    ");
    let report = load_text(MATRIX, &command_line(&["train", "--x={{ rate }}", "{{ lr"])).unwrap_err();
    insta::assert_snapshot!(report.render(Styling::Plain), @"
    error: unknown variable `rate`
     --> command line:1:17
      |
    1 | -- train --x={{ rate }} {{ lr
      |                 ^^^^
      |
      = help: expected one of `lr`, `trial`, `job`, `bracket`, `rung`, `slot`, `port`, `seed`, `checkpoint_dir`, `trial_dir`, `uuid`, `globals`

    error: the template cannot be rendered: syntax error: unexpected end of input, expected end of variable block
     --> command line:1:25
      |
    1 | -- train --x={{ rate }} {{ lr
      |                         ^^^^^

    matrix.yaml: 2 errors, nothing was launched
    ");
}

#[test]
fn values_of_inputs_must_have_their_type() {
    let errors = command(
        "params: {batch: {value: many}, lr: {value: 3}, bach: {value: 3}, note: 3}
component:
  inputs:
  - {name: batch, type: int}
  - {name: lr, type: int}
  - {name: lr, type: float}
  - {name: depth, type: int, value: 1.5}
  - {name: names, type: str, isList: true, value: a}
  - {name: z, type: flaot}
  - {type: int}
  container: {command: train}
",
    );
    insta::assert_snapshot!(errors.unwrap_err(), @r#"
    1:45 the input `lr` must be a whole number, found the number 0.137 of `uniform`
    2:25 the input `batch` must be a whole number, found the text "many"
    2:44 `lr` is a parameter of the matrix and cannot be given a value here
    2:62 the component has no input `bach` (did you mean `batch`?)
    2:72 the component has no input `note` (declare it under `inputs`, or add `contextOnly: true`)
    7:12 duplicate input `lr`
    8:37 the input `depth` must be a whole number, found the number 1.5
    9:51 the input `names` must be a list with text in each element, found the text "a"
    10:12 required input `z` has no value and is not used
    10:21 invalid value `flaot` for `type` (did you mean `float`?)
    11:5 missing field `name` in an input
    "#);
}

#[test]
fn a_used_input_without_a_value_is_an_error_and_an_unused_one_a_warning() {
    let component = |arg: &str| {
        format!(
            "{MATRIX}component: {{inputs: [{{name: lr}}, {{name: b, type: int}}], container: {{command: [t, {arg:?}]}}}}\n"
        )
    };
    insta::assert_snapshot!(errors_of(&component("{{ b }} {{ lr }}")), @"2:41 required input `b` has no value (add -P b=…, a `value` here, or `isOptional: true`)");
    insta::assert_snapshot!(warnings(&load_text(&component("{{ lr }}"), &Overrides::default()).unwrap()), @r#"
    warning: required input `b` has no value and is not used
     --> matrix.yaml:2:41
      |
    2 | component: {inputs: [{name: lr}, {name: b, type: int}], container: {command: [t, "{{ lr }}"]}}
      |                                         ^
    "#);
    let given =
        Overrides { values: vec![ValueOverride { name: "b".into(), text: "3".into() }], ..Overrides::default() };
    assert!(load_text(&component("{{ b }} {{ lr }}"), &given).unwrap().warnings.is_empty());
}

#[test]
fn a_name_that_is_no_identifier_in_a_template_has_a_hint() {
    let matrix = "kind: random\nnumRuns: 1\nparams: {learning-rate: {kind: uniform, value: [0, 1]}}\n";
    let report = load_text(matrix, &command_line(&["train", "--lr={{ learning-rate }}"])).unwrap_err();
    insta::assert_snapshot!(summary(&report), @r#"
    1:18 unknown variable `learning` (`learning-rate` is not an identifier; write params["learning-rate"].value)
    1:27 unknown variable `rate` (`learning-rate` is not an identifier; write params["learning-rate"].value)
    "#);
    assert!(load_text(matrix, &command_line(&["train", "--lr={{ params[\"learning-rate\"].value }}"])).is_ok());
}

#[test]
fn a_fixed_parameter_with_the_wrong_type_is_an_error_on_the_command_line() {
    let component = "
component:
  inputs: [{name: lr, type: float}]
  container: {command: [train, '--lr={{ lr }}']}
";
    let text =
        format!("matrix: {{kind: random, numRuns: 1, params: {{lr: {{kind: uniform, value: [0, 1]}}}}}}{component}");
    let fixed = |value: &str| {
        let values = vec![ValueOverride { name: "lr".into(), text: value.into() }];
        load_text(&text, &Overrides { values, ..Overrides::default() })
    };
    insta::assert_snapshot!(summary(&fixed("fast").unwrap_err()), @"
    1:7 `fast` is not among the values of `lr` (the matrix has 0 to 1)
    1:7 the input `lr` must be a number, found `fast`
    ");
    assert!(fixed("0.5").is_ok());
}
