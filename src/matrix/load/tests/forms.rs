//! Every form of every parameter kind.

use super::*;

/// Each line is `kind value`.
const FORMS: &str = "\
choice [1, two, [3], {four: 4}, null]
pchoice [[relu, 0.1], [sigmoid, 0.8]]
range [1, 10, 2]
range 1:10:2
range {start: 1, stop: 10, step: 2}
linspace [0, 1, 5]
linspace 0:1:5
linspace {start: 0, stop: 1, num: 5}
logspace [-3, 0, 4]
logspace -3:0:4
logspace -3:0:4:2
logspace {start: -3, stop: 0, num: 4, base: 2}
geomspace [1, 1000, 4]
geomspace 1:1000:4
geomspace {start: 1, stop: 1000, num: 4}
daterange [2020-01-01, 2020-01-10, 2]
daterange 2020-01-01:2020-01-10:2
daterange {start: 2020-01-01, stop: 2020-01-10, step: 2}
datetimerange [2020-01-01T10:00:00, 2020-01-01T11:00:00, 1800]
datetimerange 2020-01-01T10:00:00+02:00:2020-01-01T11:00:00+02:00:1800
datetimerange {start: 2020-01-01T10:00:00, stop: 2020-01-01T11:00:00, step: 1800}
uniform [0, 0.9]
uniform 0:0.9
uniform {low: 0, high: 0.9}
uniform {min: 0, max: 0.9}
quniform [0, 10, 2]
quniform 0:10:2
quniform {low: 0, high: 10, q: 2}
quniform {min: 0, max: 10, q: 2}
loguniform [-5, -1]
loguniform -5:-1
loguniform {low: -5, high: -1}
loguniform {min: 0.01, max: 0.1}
qloguniform [0, 3, 0.5]
qloguniform 0:3:0.5
qloguniform {low: 0, high: 3, q: 0.5}
qloguniform {min: 1, max: 20, q: 0.5}
normal [0, 1]
normal 0:1
normal {loc: 0, scale: 1}
qnormal [0, 1, 0.5]
qnormal 0:1:0.5
qnormal {loc: 0, scale: 1, q: 0.5}
lognormal [0, 1]
lognormal 0:1
lognormal {loc: 0, scale: 1}
qlognormal [0, 1, 0.5]
qlognormal 0:1:0.5
qlognormal {loc: 0, scale: 1, q: 0.5}
int [1, 8]
int 1:8
int {min: 1, max: 8}
int {min: 1, max: 8, step: 2}
int 1:8:2
logint [1, 512]
logint 1:512
logint {min: 1, max: 512}
constant 3
constant resnet
constant [64, 32]
constant {a: [1]}
constant null";

#[test]
fn every_form_of_every_kind_is_read() {
    let effective = FORMS.lines().map(|line| {
        let (kind, value) = line.split_once(' ').unwrap();
        let text = hyperband(&format!("  x: {{kind: {kind}, value: {value}}}\n"));
        // in a flow mapping `0:0.9` is text, because YAML requires a space after the colon of a key
        let study = load_text(&text, &Overrides::default()).unwrap_or_else(|report| panic!("{line}\n{report}"));
        let param = &study.experiment.space.params[0];
        assert_eq!(param.kind, kind);
        format!("{kind}: {}", param.domain.describe())
    });
    let mut effective: Vec<String> = effective.collect();
    effective.dedup();
    insta::assert_snapshot!(effective.join("\n"), @r#"
    choice: 1, two, [3], {"four":4}, null
    pchoice: relu 10 %, sigmoid 90 %
    range: 1, 3, 5, 7, 9
    linspace: 0, 0.25, 0.5, 0.75, 1
    logspace: 0.001, 0.01, 0.1, 1
    logspace: 0.125, 0.25, 0.5, 1
    geomspace: 1, 10, 100, 1000
    daterange: 2020-01-01, 2020-01-03, 2020-01-05, 2020-01-07, 2020-01-09
    datetimerange: 2020-01-01T10:00:00, 2020-01-01T10:30:00
    datetimerange: 2020-01-01T10:00:00+02:00, 2020-01-01T10:30:00+02:00
    datetimerange: 2020-01-01T10:00:00, 2020-01-01T10:30:00
    uniform: 0 to 0.9
    quniform: 0 to 10 in steps of 2
    loguniform: 0.00673795 to 0.367879, log scale
    loguniform: 0.01 to 0.1, log scale
    qloguniform: 1 to 20 in steps of 0.5, log scale
    normal: normal, mean 0, deviation 1
    qnormal: normal, mean 0, deviation 1, in steps of 0.5
    lognormal: lognormal, median 1, deviation 1 of the logarithm
    qlognormal: lognormal, median 1, deviation 1 of the logarithm, in steps of 0.5
    int: 1 to 8
    int: 1 to 7 in steps of 2
    logint: 1 to 512, log scale
    constant: 3
    constant: resnet
    constant: [64,32]
    constant: {"a":[1]}
    constant: null
    "#);
}

#[test]
fn every_kind_of_the_catalogue_is_tested() {
    for name in crate::space::catalogue::names() {
        assert!(FORMS.lines().any(|line| line.starts_with(&format!("{name} "))), "{name}");
    }
}

#[test]
fn invalid_forms_have_a_hint() {
    let text = hyperband(
        "  a: {kind: choice, value: 3}
  b: {kind: choice, value: {x: 1}}
  c: {kind: uniform, value: 3}
  d: {kind: uniform, value: [1]}
  e: {kind: uniform, value: {low: 1, max: 2}}
  f: {kind: range, value: 1:x:2}
  g: {kind: uniform, value: [1, [2]]}
  h: {kind: pchoice, value: [[a, 0.5], [b, 2]]}
  i: {kind: daterange, value: 2020-01-01:2020-13-01:1}
  j: {kind: uniform, value: []}
  k: {kind: choice, value: []}
  l: {value: [1]}
  n:
  o: {kind: 3, value: [1]}
  p: {kind: int, value: [1, 2.5]}
  q: {kind: logint, value: 0:4}
  r: {kind: int, value: {low: 1, high: 4}}
  s: {kind: constant}
",
    );
    insta::assert_snapshot!(errors_of(&text), @r#"
    6:28 the value of `choice` cannot be the number 3 (write a list of values)
    7:28 the value of `choice` cannot be a mapping (write a list of values)
    8:29 the value of `uniform` cannot be the number 3 (write [low, high], a mapping, or low:high or {min: …, max: …})
    9:22 `high` is missing
    10:38 unknown field `max` in the value of `uniform` (fields of two forms are mixed; use low, high)
    11:27 `stop` must be a number, found the text "x"
    12:33 `high` must be a number, found a list of 1
    13:44 a probability must be a number from 0 to 1, found the number 2
    14:31 `stop` must be a date like 2024-01-31, found the text "2020-13-01"
    15:22 `low` is missing
    15:22 `high` is missing
    16:21 the list is empty
    17:3 missing field `kind` in parameter `l`
    18:3 parameter `n` has no kind and no value (for a constant null, write {kind: constant, value: null})
    19:13 `kind` must be text, found the number 3
    20:29 `max` must be a whole number, found the number 2.5
    21:28 `min` on a log scale must be 1 or more, found 0
    22:26 unknown field `low` in the value of `int` (expected one of `min`, `max`, `step`)
    22:34 unknown field `high` in the value of `int` (expected one of `min`, `max`, `step`)
    23:3 missing field `value` in parameter `s`
    "#);
}

#[test]
fn a_loguniform_between_0_and_1_gives_a_warning() {
    let study = load_text(&hyperband("  lr: {kind: loguniform, value: [1e-5, 0.1]}\n"), &Overrides::default()).unwrap();
    insta::assert_snapshot!(warnings(&study), @"
    warning: `loguniform` takes natural-log exponents, so this draws values from 1.00001 to 1.10517; for values from 0.00001 to 0.1 write `value: {min: 0.00001, max: 0.1}`, which is the same as the exponents `value: {low: -11.5129, high: -2.30259}`
     --> matrix.yaml:6:33
      |
    6 |   lr: {kind: loguniform, value: [1e-5, 0.1]}
      |                                 ^^^^^^^^^^
    ");
}

/// The space of `params: {…}` as JSON, without what is warned about.
fn space_of(params: &str) -> Result<String, String> {
    let matrix =
        format!("kind: random\nnumRuns: 1\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{params}\n");
    let command = Overrides { command: Some(vec!["t".to_owned()]), ..Overrides::default() };
    let loaded = load_text(&matrix, &command).map_err(|report| summary(&report))?;
    let params = loaded.experiment.space.params.iter();
    let lines: Vec<String> =
        params.map(|param| format!("{}: {} {}", param.name, param.kind, param.domain.describe())).collect();
    Ok(lines.join("\n"))
}

#[test]
fn arguments_may_stand_beside_the_kind_or_in_a_text() {
    let declared = "  a: {kind: int, value: {min: 1, max: 8}}\n  b: {kind: loguniform, value: {min: 1e-5, max: 0.1}}\n  \
                    c: {kind: choice, value: [x, y]}\n  d: {kind: uniform, value: {low: 0, high: 1}, when: {c: x}}";
    let beside = "  a: {kind: int, min: 1, max: 8}\n  b: {kind: loguniform, min: 1e-5, max: 0.1}\n  \
                  c: {kind: choice, value: [x, y]}\n  d: {kind: uniform, low: 0, high: 1, when: {c: x}}";
    let texts =
        "  a: int(1, 8)\n  b: 'loguniform(min=1e-5, max=0.1)'\n  c: \"choice(x, y)\"\n  d: uniform(0, 1) if c=x";
    assert!(space_of(declared).is_ok());
    assert_eq!(space_of(beside), space_of(declared));
    assert_eq!(space_of(texts), space_of(declared));
    insta::assert_snapshot!(space_of("  a: {kind: constant, value: 'int(1, 8)'}\n  b: relu\n  c: 'mean(1, 2)'").unwrap(), @r#"
    a: constant "int(1, 8)"
    b: constant relu
    c: constant "mean(1, 2)"
    "#);
}

#[test]
fn other_forms_of_a_parameter_are_shown_in_the_form_of_the_matrix() {
    let errors = |params: &str| space_of(params).unwrap_err();
    insta::assert_snapshot!(errors("  a: {min: 1, max: 8}\n  b: {min: 0.0, max: 1}\n  c: {values: [1, 2]}\n  d: {choice: [1, 2]}\n  e: {type: float, low: 0, high: 1}"), @"
    5:3 missing field `kind` in parameter `a` (write {kind: int, min: 1, max: 8} for whole numbers, or kind: uniform for all numbers)
    6:3 missing field `kind` in parameter `b` (write {kind: uniform, min: 0.0, max: 1}, or kind: loguniform)
    7:3 missing field `kind` in parameter `c` (write {kind: choice, value: [1,2]})
    8:3 missing field `kind` in parameter `d` (write {kind: choice, value: [1,2]})
    9:3 missing field `kind` in parameter `e` (write {kind: uniform, min: 0, max: 1}, or kind: loguniform)
    ");
    insta::assert_snapshot!(errors("  a: {kind: int, low: 1, high: 8}\n  b: {kind: uniform, low: 0, max: 1}\n  c: {kind: int, min: 1, max: 8, value: [1, 8]}\n  d: {kind: int}\n  e: {kind: choice, values: [1]}"), @"
    5:3 missing field `value` in parameter `a`
    5:18 unknown field `low` in parameter `a` (expected one of `kind`, `value`, `min`, `max`, `step`, `arg`, `when`, `guess`, `confidence`)
    5:26 unknown field `high` in parameter `a` (expected one of `kind`, `value`, `min`, `max`, `step`, `arg`, `when`, `guess`, `confidence`)
    6:30 unknown field `max` in the value of `uniform` (fields of two forms are mixed; use low, high)
    7:18 unknown field `min` in parameter `c` (expected one of `kind`, `value`, `arg`, `when`, `guess`, `confidence`)
    7:26 unknown field `max` in parameter `c` (expected one of `kind`, `value`, `arg`, `when`, `guess`, `confidence`)
    8:3 missing field `value` in parameter `d`
    9:21 unknown field `values` in parameter `e` (did you mean `value`?)
    ");
    insta::assert_snapshot!(errors("  a: uniform(1)\n  b: 'uniform(0, 1) * 2 (x)'\n  c: 'int(1, 8'\n  d: 'int(8, 1)'\n  e: int(1, max=x)"), @r#"
    5:6 `max` is missing
    6:21 unexpected text after `)` (if the text itself is meant, write {kind: constant, value: "uniform(0, 1) * 2 (x)"})
    7:10 unclosed `(` (if the text itself is meant, write {kind: constant, value: "int(1, 8"})
    8:14 `max` (1) must not be below `min` (8)
    9:17 `max` must be a number, found the text "x"
    "#);
}

#[test]
fn a_text_that_other_tools_read_as_a_parameter_is_a_constant_with_a_warning() {
    let matrix = "kind: random\nnumRuns: 1\nmetric: {name: loss, optimization: minimize}\nparams:\n  a: tune.uniform(0, 1)\n  b: {kind: uniform, value: [0, 1]}\n";
    let command = Overrides { command: Some(vec!["t".to_owned()]), ..Overrides::default() };
    let loaded = load_text(matrix, &command).unwrap();
    insta::assert_snapshot!(loaded.warnings.iter().map(|w| w.message.clone()).collect::<String>(), @"`a` has this text in every trial; it does not vary");
}
