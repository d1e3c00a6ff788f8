//! Constants and nested parameters.

use super::*;
use crate::matrix::command_line::overrides::ValueOverride;

fn described(params: &str) -> String {
    let study = load_text(&hyperband(params), &Overrides::default()).unwrap_or_else(|report| panic!("{report}"));
    let params = study.experiment.space.params.iter();
    params.map(|param| format!("{}: {} {}\n", param.name, param.kind, param.domain.describe())).collect()
}

#[test]
fn scalars_and_lists_are_constants_and_mappings_nest() {
    let params = "  batch: 32
  name: resnet
  layers: [64, 32]
  amp: true
  optimizer:
    lr: {kind: loguniform, value: {min: 1e-5, max: 0.1}}
    name: {kind: choice, value: [sgd, adam]}
    schedule: {warmup: {kind: int, value: [0, 5]}, power: 0.5}
  model.depth: {kind: int, value: 1:4}
";
    insta::assert_snapshot!(described(params), @r"
    batch: constant 32
    name: constant resnet
    layers: constant [64,32]
    amp: constant true
    optimizer.lr: loguniform 0.00001 to 0.1, log scale
    optimizer.name: choice sgd, adam
    optimizer.schedule.warmup: int 0 to 5
    optimizer.schedule.power: constant 0.5
    model.depth: int 1 to 4
    ");
}

#[test]
fn a_list_that_is_one_value_is_warned_about() {
    let text = hyperband("  lr: [0.1, 0.01]\n  x: {kind: uniform, value: [0, 1]}\n");
    insta::assert_snapshot!(warnings(&load_text(&text, &Overrides::default()).unwrap()), @"
    warning: the list is passed as one value in every trial; `lr` does not vary
     --> matrix.yaml:6:7
      |
    6 |   lr: [0.1, 0.01]
      |       ^^^^^^^^^^
      |
      = help: to try each item, write {kind: choice, value: […]}; for one list, {kind: constant, value: […]}
    ");
}

#[test]
fn whole_numbers_are_exact_or_refused() {
    let exact = "  a: 9007199254740993\n  b: {kind: choice, value: [18446744073709551615, -9223372036854775808]}\n";
    insta::assert_snapshot!(described(exact), @r"
    a: constant 9007199254740993
    b: choice 18446744073709551615, -9223372036854775808
    ");
    for large in ["a: 18446744073709551616", "a: {kind: choice, value: [1, -123456789012345678901234567890]}"] {
        let errors = errors_of(&hyperband(&format!("  {large}\n")));
        assert!(errors.contains("has more than 64 bits") && errors.contains("in quotes"), "{errors}");
    }
    assert!(described("  a: '18446744073709551616'\n  b: 1e30\n").contains("1e+30"));
}

#[test]
fn parameters_may_have_the_names_of_fields() {
    let params = "  head:
    kind: {kind: choice, value: [linear, mlp]}
    value: {kind: uniform, value: [0, 1]}
    min: {kind: int, value: [0, 1]}
    max: 3
";
    insta::assert_snapshot!(described(params), @"
    head.kind: choice linear, mlp
    head.value: uniform 0 to 1
    head.min: int 0 to 1
    head.max: constant 3
    ");
}

#[test]
fn a_mistake_in_a_declaration_is_not_read_as_nesting() {
    let text = hyperband(
        "  a: {kind: unifrm, value: [0, 1]}
  b: {knd: uniform, value: [0, 1]}
  c: {kind: uniform, vlaue: [0, 1]}
  d: {min: 0, max: 1}
  e: {values: [1, 2]}
  f: {value: {min: 0, max: 1}}
  g: {knid: loguniform, vlaue: [0, 1]}
  h: {lr: {kind: unifrm, value: [0, 1]}, x: {low: 0, high: 1}}
  i: {}
  h.lr: {kind: uniform, value: [0, 1]}
  j: {\"\": 1}
  k: {epochs: 3}
  l: .inf
",
    );
    insta::assert_snapshot!(errors_of(&text), @"
    6:13 unknown parameter kind `unifrm` (did you mean `uniform`?)
    7:7 unknown field `knd` in parameter `b` (did you mean `kind`?)
    8:22 unknown field `vlaue` in parameter `c` (did you mean `value`?)
    9:3 missing field `kind` in parameter `d` (write {kind: int, min: 0, max: 1} for whole numbers, or kind: uniform for all numbers)
    10:3 missing field `kind` in parameter `e` (write {kind: choice, value: [1,2]})
    11:3 missing field `kind` in parameter `f`
    12:7 unknown field `knid` in parameter `g` (did you mean `kind`?)
    12:25 unknown field `vlaue` in parameter `g` (did you mean `value`?)
    13:18 unknown parameter kind `unifrm` (did you mean `uniform`?)
    13:42 missing field `kind` in parameter `h.x` (write {kind: int, min: 0, max: 1} for whole numbers, or kind: uniform for all numbers)
    14:3 missing field `kind` in parameter `i`
    14:3 missing field `value` in parameter `i`
    15:3 duplicate parameter `h.lr`; first given on line 13
    16:7 the name of a parameter must not be empty
    18:6 the number must be finite
    ");
}

#[test]
fn the_command_line_replaces_a_constant_without_a_warning() {
    let text = hyperband("  epochs_per_cycle: 3\n  opt: {lr: {kind: uniform, value: [0, 1]}}\n");
    let value = |name: &str, text: &str| ValueOverride { name: name.into(), text: text.into() };
    let values = vec![value("epochs_per_cycle", "5")];
    let study = load_text(&text, &Overrides { values, ..Overrides::default() }).unwrap();
    assert_eq!((warnings(&study), study.experiment.space.params[0].domain.describe()), (String::new(), "5".into()));
    let study = load_text(&text, &Overrides { values: vec![value("opt.lr", "0.5")], ..Overrides::default() }).unwrap();
    assert_eq!(study.experiment.space.params[1].domain.describe(), "0.5");
}

#[test]
fn starting_points_may_be_nested() {
    let params = "  batch: 32
  opt: {lr: {kind: uniform, value: [0, 1]}, name: {kind: choice, value: [sgd, adam]}}
  net: {kind: choice, value: [{depth: 1}, {depth: 2}]}
";
    let initial = "initial: [{opt: {lr: 0.5, name: adam}, net: {depth: 2}}, {opt.lr: 0.25, batch: 32.0}]\n";
    let study = load_text(&format!("{}{initial}", hyperband(params)), &Overrides::default()).unwrap();
    let points: Vec<String> =
        study.experiment.initial.iter().map(|point| serde_json::to_string(point).unwrap()).collect();
    insta::assert_snapshot!(points.join("\n"), @r#"
    {"opt.lr":0.5,"opt.name":"adam","net":{"depth":2}}
    {"opt.lr":0.25,"batch":32}
    "#);
    let wrong = format!("{}initial: [{{opt: {{lx: 0.5}}, batch: 3, ot: {{lr: 1}}}}]\n", hyperband(params));
    insta::assert_snapshot!(errors_of(&wrong), @"
    9:18 unknown parameter `opt.lx` (did you mean `opt.lr`?)
    9:35 `batch` cannot be the number 3 (expected 32)
    9:38 unknown parameter `ot` (expected one of `batch`, `opt.lr`, `opt.name`, `net`)
    ");
}
