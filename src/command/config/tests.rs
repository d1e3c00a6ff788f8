use serde_json::{Value, json};

use super::error::ConfigError;
use super::template::{ConfigFile, ConfigTemplate, ConfigValue, OnMissing};

fn template(path: &str, text: &str) -> Result<ConfigTemplate, ConfigError> {
    ConfigTemplate::new(ConfigFile { path: path.to_owned(), text: text.to_owned() })
}

fn given(key: &str, value: Value) -> ConfigValue {
    ConfigValue { owner: key.to_owned(), key: key.to_owned(), value, on_missing: OnMissing::Add }
}

fn filled(path: &str, text: &str, values: &[(&str, Value)]) -> (String, Vec<String>) {
    let values: Vec<_> = values.iter().map(|(key, value)| given(key, value.clone())).collect();
    let template = template(path, text).unwrap();
    let filled = template.fill(&values).unwrap();
    template.meaning(&filled.0).unwrap();
    filled
}

fn yaml(text: &str, values: &[(&str, Value)]) -> String {
    filled("c.yaml", text, values).0
}

const YAML: &str = "\
# the model
model: # small
  hidden: 64   # units
  drop.out: 0.1

  layers:
  - 64
  - 32

data: {path: \"a,b\", \"size\": !!int 5, last: }
on: yes
when: 2024-01-01
text: |
  keep

after: [1, {lr: 0.1}]
";

#[test]
fn only_the_values_change() {
    let values = [
        ("model.hidden", json!(128)),
        ("model.drop.out", json!(0.5)),
        ("model.layers", json!([1, null, "x"])),
        ("data.size", json!(1e-7)),
        ("data.last", json!(true)),
        ("text", json!("a\nb")),
        ("after.1.lr", json!("no")),
    ];
    let (text, added) = filled("c.yml", YAML, &values);
    assert!(added.is_empty(), "{added:?}");
    insta::assert_snapshot!(text, @r#"
        # the model
        model: # small
          hidden: 128   # units
          drop.out: 0.5

          layers: [1, null, "x"]

        data: {path: "a,b", "size": 1.0e-7, last: true }
        on: yes
        when: 2024-01-01
        text: "a\nb"
        after: [1, {lr: "no"}]
        "#);
}

#[test]
fn missing_keys_are_added_in_order() {
    let values = [("model.lr", json!(0.1)), ("data.n", json!(1)), ("opt.sgd.lr", json!(2)), ("no", json!(false))];
    let (text, added) = filled("c.yaml", "model:\n  # c\n  hidden: 1\ndata: {}\nopt:\nlast: |\n  x", &values);
    assert_eq!(added, ["model.lr", "data.n", "opt.sgd.lr", "no"]);
    insta::assert_snapshot!(text, @r#"
        "no": false
        model:
          # c
          lr: 0.1
          hidden: 1
        data: {"n": 1}
        opt: {"sgd": {"lr": 2}}
        last: |
          x
        "#);
}

#[test]
fn a_key_with_the_whole_name_is_set() {
    let text = "a.b: 1\na: {e: 2, c: {f: 3}, c.d: 4}\n";
    assert_eq!(yaml(text, &[("a.b", json!(9)), ("a.c.d", json!(8))]), "a.b: 9\na: {e: 2, c: {f: 3}, c.d: 8}\n");
    assert_eq!(yaml("a: 1\na: 2\n", &[("a", json!(9))]), "a: 1\na: 9\n");
}

#[test]
fn aliases_and_merged_keys_keep_other_values() {
    let text = "base: &base {lr: 0.1, opt: {name: sgd, n: 010}}\nx: &x 1\ny: *x\nmodel:\n  <<: *base\n  hidden: 4\n";
    let values = [("x", json!(2)), ("model.lr", json!(0.5)), ("model.opt.name", json!("adam"))];
    let (text, added) = filled("c.yaml", text, &values);
    assert!(added.is_empty(), "{added:?}");
    insta::assert_snapshot!(text, @r#"
        base: &base {lr: 0.1, opt: {name: sgd, n: 010}}
        x: 2
        y: 1
        model:
          opt: {name: "adam", n: 010}
          lr: 0.5
          <<: {lr: 0.1, opt: {name: sgd, n: 010}}
          hidden: 4
        "#);
    for text in ["a: &a [*a]\n", "b: &b {c: &c [1, {d: *b}]}\n"] {
        assert!(matches!(template("c.yaml", text), Err(ConfigError::SelfReference { .. })), "{text}");
    }
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..10 {
        bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
    }
    assert!(matches!(template("c.yaml", &bomb), Err(ConfigError::TooLarge { .. })));
}

#[test]
fn block_values_of_each_kind_are_replaced() {
    for block in [
        "b: |\n  x\n  y",
        "b: >-\n  x\n\n",
        "b:\n  c: 1\n  d:\n    - 2",
        "b:\n- 1\n-",
        "? b\n: x",
        "b: !t &q\n  c: |\n    z\n",
    ] {
        let text = format!("n:\n  a: 1\n  {}\n  z: 2\nend: 3\n", block.replace('\n', "\n  "));
        let new = yaml(&text, &[("n.b", json!([7]))]);
        let template = template("c.yaml", &new).unwrap();
        let expected = json!({"n": {"a": 1, "b": [7], "z": 2}, "end": 3});
        assert_eq!(template.meaning(&new).unwrap().1, expected, "{text}\n{new}");
    }
}

#[test]
fn yaml_1_1_reads_the_types_back() {
    let value = |value: Value| yaml("a: 1\n", &[("a", value)]);
    assert_eq!(value(json!(1e-7)), "a: 1.0e-7\n");
    assert_eq!(value(json!(1e20)), "a: 1.0e+20\n");
    assert_eq!(value(json!("yes")), "a: \"yes\"\n");
    assert_eq!(value(json!("\u{85}\u{feff}\t\"é\\")), "a: \"\\u0085\\ufeff\\t\\\"é\\\\\"\n");
    assert_eq!(value(json!({"k: #": [{}]})), "a: {\"k: #\": [{}]}\n");
}

#[test]
fn json_files_stay_json() {
    let text = "{\n\t\"model\": {\"hidden\":64, \"<<\": {\"lr\": 1}},\n\t\"big\": 123456789012345678901234567890,\n\t\"nan\": NaN\n}\n";
    let values = [("model.hidden", json!(2)), ("model.lr", json!(null)), ("e.f", json!(0.1))];
    let (text, added) = filled("c.json", text, &values);
    assert_eq!(added, ["model.lr", "e.f"]);
    insta::assert_snapshot!(text.replace('\t', "  "), @r#"
        {"e": {"f": 0.1}, 
          "model": {"lr": null, "hidden": 2, "<<": {"lr": 1}},
          "big": 123456789012345678901234567890,
          "nan": NaN
        }
        "#);
    assert_eq!(filled("c.json", "{}", &[("a", json!("\u{7f}"))]).0, r#"{"a": "\u007f"}"#);
    assert!(template("c.json", "{\"a\": 1,}").unwrap_err().to_string().contains("line 1"));
}

#[test]
fn toml_files_keep_order_and_comments() {
    let text = "# top\nlr = 0.1 # rate\nwhen = 2024-01-01\n\n[model] # m\nhidden = 64\nopt = {name = \"sgd\"}\n\n[[layer]]\nn = 1\n";
    let values = [
        ("lr", json!(1e-7)),
        ("model.hidden", json!([1, 2])),
        ("model.opt.name", json!("a\"b")),
        ("model.opt.x.y", json!(true)),
        ("layer.0.n", json!(5)),
        ("new.sub.key", json!({"a b": 1.0})),
        ("when", json!(null)),
    ];
    let (text, added) = filled("c.toml", text, &values);
    assert_eq!(added, ["model.opt.x.y", "new.sub.key"]);
    insta::assert_snapshot!(text, @r#"
        # top
        lr = 0.0000001 # rate

        [model] # m
        hidden = [1, 2]
        opt = {name = 'a"b', x = { y = true } }

        [[layer]]
        n = 5

        [new]

        [new.sub]
        key = { "a b" = 1.0 }
        "#);
    let template = template("c.toml", "a = 1\n").unwrap();
    let (text, added) = template.fill(&[given("missing", json!(null)), given("new", json!(1))]).unwrap();
    assert_eq!((&*text, added), ("a = 1\nnew = 1\n", vec!["new".to_owned()]));
    for value in [json!([null]), json!(u64::MAX)] {
        assert!(template.fill(&[given("a", value)]).is_err());
    }
}

#[test]
fn names_that_lead_into_values_are_errors() {
    for (path, text) in
        [("c.yaml", "a: x\nl: [1]\n"), ("c.json", r#"{"a": "x", "l": [1]}"#), ("c.toml", "a = 'x'\nl = [1]\n")]
    {
        let template = template(path, text).unwrap();
        let error = |name: &str| template.fill(&[given(name, json!(1))]).unwrap_err().to_string();
        assert_eq!(error("a.b"), "`a.b` cannot be set in the configuration file: `a` is a single value, not a mapping");
        assert_eq!(error("l.b"), "`l.b` cannot be set in the configuration file: `l` is a list, not a mapping");
    }
}

#[test]
fn files_that_are_no_configuration_are_errors() {
    let files = [
        ("c.py", "a = 1"),
        ("c", "a: 1"),
        ("c.yaml", ""),
        ("c.yaml", "- 1"),
        ("c.yaml", "a: 1\n---\nb: 2\n"),
        ("c.yaml", "a: [1"),
        ("c.json", "[1]"),
        ("c.toml", "a = \n"),
    ];
    let errors = files.map(|(path, text)| template(path, text).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
        the format of the configuration file is not known; its name must end in .yaml, .yml, .json, .toml
        the format of the configuration file is not known; its name must end in .yaml, .yml, .json, .toml
        the configuration file is not valid YAML: the file is empty
        the configuration file must be a mapping, found a list
        the configuration file is not valid YAML: the file contains several documents
        the configuration file is not valid YAML: unclosed bracket '[' at char 3 line 1 column 4
        the configuration file must be a mapping, found a list
        the configuration file is not valid TOML: string values must be quoted, expected literal string at line 1
        "#);
    assert!(template("c.yaml", &"[".repeat(10_000)).is_err());
    assert!(template("c.yaml", &format!("a: {}", "[".repeat(100) + &"]".repeat(100))).is_err());
}

#[test]
fn a_missing_key_may_be_skipped() {
    let template = template("c.yaml", "a: 1\n").unwrap();
    let values = [
        ConfigValue { on_missing: OnMissing::Skip, ..given("b", json!(1)) },
        ConfigValue { on_missing: OnMissing::Skip, ..given("a", json!(2)) },
    ];
    assert_eq!(template.fill(&values).unwrap(), ("a: 2\n".to_owned(), vec![]));
    assert_eq!(template.names(), ["a"]);
}

#[test]
fn two_values_for_one_key_are_a_conflict() {
    let files = [
        ("c.yaml", "a: 1\na.b: 2\nc: {d: {e: 1}}\nl: [1, 2]\n"),
        ("c.json", r#"{"a": 1, "a.b": 2, "c": {"d": {"e": 1}}, "l": [1, 2]}"#),
        ("c.toml", "a = 1\n'a.b' = 2\nl = [1, 2]\nc.d.e = 1\n"),
    ];
    for (path, text) in files {
        let template = template(path, text).unwrap();
        let is_conflict = |one: &str, other: &str| {
            let found = template.is_conflict(&given(one, json!(0)), &given(other, json!(0)));
            assert_eq!(
                found,
                template.is_conflict(&given(other, json!(0)), &given(one, json!(0))),
                "{path} {one} {other}"
            );
            found
        };
        for (one, other) in [("a", "a"), ("c", "c.d"), ("c", "c.d.e"), ("n", "n.m"), ("l", "l.0"), ("n.x", "n.x.y.z")] {
            assert!(is_conflict(one, other), "{path} {one} {other}");
        }
        for (one, other) in
            [("a", "a.b"), ("a", "ab"), ("c.d.e", "c.d.f"), ("l.0", "l.1"), ("n.x", "n.y"), ("a.b", "b")]
        {
            assert!(!is_conflict(one, other), "{path} {one} {other}");
        }
    }
}

#[test]
fn a_name_that_is_one_key_and_nested_is_refused() {
    let files = [
        ("c.yaml", "a: {b: 1, c: 2}\na.b: 3\nx: &x {y: 1}\nz: {<<: *x, y: 2}\n"),
        ("c.json", r#"{"a": {"b": 1, "c": 2}, "a.b": 3, "z": {"y": 2}}"#),
        ("c.toml", "'a.b' = 3\n[a]\nb = 1\nc = 2\n[z]\ny = 2\n"),
    ];
    for (path, text) in files {
        let template = template(path, text).unwrap();
        let error = template.fill(&[given("a.b", json!(0))]).unwrap_err().to_string();
        assert!(error.contains("`a.b` is in the configuration file twice"), "{path}: {error}");
        for key in ["a.c", "z.y", "a", "new.b"] {
            assert!(template.fill(&[given(key, json!(0))]).is_ok(), "{path}: {key}");
        }
    }
}
