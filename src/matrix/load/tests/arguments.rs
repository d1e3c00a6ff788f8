//! How parameters are passed.

use super::*;
use crate::command::style::catalogue::ArgStyle;
use crate::command::style::form::{Booleans, Lists, NullForm};
use crate::command::style::settings::ArgSettings;

fn matrix(fields: &str, arg: &str) -> String {
    format!("kind: grid\n{fields}params:\n  amp: {{kind: choice, value: [true, false], {arg}}}\n")
}

fn command() -> Overrides {
    Overrides { command: Some(vec!["train".into()]), ..Overrides::default() }
}

fn amp(fields: &str, arg: &str) -> ArgSettings {
    let study = load_text(&matrix(fields, arg), &command()).unwrap();
    study.renderer.unwrap().arguments().of("amp").into_owned()
}

#[test]
fn settings_are_for_all_or_for_one() {
    let fields = "arguments: {style: space, booleans: no-flag, lists: words, nulls: None, names: dashes}\n";
    let general = amp(fields, "");
    assert_eq!(general.style, ArgStyle::by_name("space"));
    assert_eq!((general.form.booleans, general.form.lists), (Some(Booleans::NoFlag), Some(Lists::Words)));
    assert_eq!(general.form.null, Some(NullForm::Word("None".into())));
    assert_eq!(amp(fields, "arg: flag").form.booleans, Some(Booleans::Flag));
    assert_eq!(amp(fields, "arg: {name: --use-amp}").form.name, Some("--use-amp".into()));
    assert_eq!(amp("", "arg: --use-amp").form.name, Some("--use-amp".into()));
    assert_eq!(amp("argStyle: env\n", "arg: USE_AMP").form.name, Some("USE_AMP".into()));
    assert_eq!(amp("argStyle: hydra\n", "").style, ArgStyle::by_name("hydra"));
    assert_eq!(amp("arg_style: hydra\n", "arg: env").style, ArgStyle::by_name("env"));
}

#[test]
fn words_are_read_as_they_are_written() {
    for (written, expected) in [("true", Booleans::Lowercase), ("True", Booleans::Python), ("'True'", Booleans::Python)]
    {
        assert_eq!(amp(&format!("arguments: {{booleans: {written}}}\n"), "").form.booleans, Some(expected));
        assert_eq!(amp("", &format!("arg: {written}")).form.booleans, Some(expected));
    }
    assert_eq!(amp("arguments: {booleans: 1}\n", "").form.booleans, Some(Booleans::Number));
    for (written, expected) in [("omit", None), ("null", Some("null")), ("''", Some("")), ("~", Some("~"))] {
        let expected = expected.map_or(NullForm::Omit, |word| NullForm::Word(word.into()));
        assert_eq!(
            amp(&format!("arguments: {{null: {written}}}\n"), "").form.null,
            Some(expected.clone()),
            "{written}"
        );
        assert_eq!(amp(&format!("arguments: {{nulls: {written}}}\n"), "").form.null, Some(expected), "{written}");
    }
}

#[test]
fn the_style_of_the_command_line_comes_first() {
    let overrides = Overrides { style: ArgStyle::by_name("equals"), ..command() };
    let study = load_text(&matrix("argStyle: space\n", ""), &overrides).unwrap();
    assert_eq!(study.renderer.unwrap().arguments().style().name(), "equals");
}

#[test]
fn invalid_settings_are_errors() {
    let errors = |fields: &str, arg: &str| summary(&load_text(&matrix(fields, arg), &command()).unwrap_err());
    insta::assert_snapshot!(errors("arguments: {style: spaces, booleans: yes, lists: [1], name: x}\n", ""), @"
    2:20 invalid value `spaces` for `style` (did you mean `space`?)
    2:38 invalid value `yes` for `booleans` (expected one of `true`, `True`, `1`, `empty`, `flag`, `no-flag`)
    2:50 invalid value `a list of 1` for `lists` (expected one of `json`, `words`, `repeat`, `commas`)
    2:55 unknown field `name` in `arguments` (did you mean `names`?)
    ");
    insta::assert_snapshot!(errors("", "arg: flags"), @"3:50 invalid value `flags` for `arg` (did you mean `flag`?)");
    insta::assert_snapshot!(errors("", "arg: FLAG"), @"3:50 invalid value `FLAG` for `arg` (did you mean `flag`?)");
    insta::assert_snapshot!(errors("argStyle: env\narguments: {style: env}\n", ""), @"2:1 `argStyle` and `style` in `arguments` cannot both be given");
}

#[test]
fn settings_without_effect_are_warnings() {
    let study =
        load_text(&matrix("arguments: {style: hydra, lists: words}\n", "arg: {style: none, nulls: x}"), &command());
    insta::assert_snapshot!(warnings(&study.unwrap()), @"
    warning: `lists` has no effect with the style `hydra`
     --> matrix.yaml:2:1
      |
    2 | arguments: {style: hydra, lists: words}
      | ^^^^^^^^^

    warning: `nulls` of `amp` has no effect with the style `none`
     --> matrix.yaml:4:3
      |
    4 |   amp: {kind: choice, value: [true, false], arg: {style: none, nulls: x}}
      |   ^^^
    ");
}

/// The warnings of a valid matrix, or the errors of an invalid one after `error: `.
fn messages_of(text: &str) -> Vec<String> {
    match load_text(text, &command()) {
        Ok(study) => study.warnings.iter().map(|warning| warning.message.clone()).collect(),
        Err(error) => {
            let errors = error.render(Styling::Plain);
            errors.lines().filter(|line| line.starts_with("error: ")).map(str::to_owned).collect()
        }
    }
}

#[test]
fn names_that_replace_variables_or_occur_twice_are_reported() {
    let messages = |style: &str, params: &[&str]| {
        let params: String =
            params.iter().map(|name| format!("  {name}: {{kind: choice, value: [true, false]}}\n")).collect();
        messages_of(&format!("kind: grid\nargStyle: {style}\nparams:\n{params}"))
    };
    assert_eq!(
        messages("env", &["path", "home"]),
        [
            "`path` replaces the environment variable PATH of the jobs",
            "`home` replaces the environment variable HOME of the jobs",
        ]
    );
    assert_eq!(
        messages("env", &["hypertune_seed"]),
        ["`hypertune_seed` is passed as HYPERTUNE_SEED; names that begin with HYPERTUNE_ are hypertune's"]
    );
    assert_eq!(messages("env", &["a-b", "a_b"]), ["error: `a-b` and `a_b` are passed as the same variable `A_B`"]);
    assert_eq!(messages("equals", &["lr", "--lr"]), ["`lr` and `--lr` are passed as the same argument `--lr`"]);
    assert!(messages("equals", &["path", "a-b", "a_b"]).is_empty());
}

#[test]
fn parameters_that_exclude_each_other_may_have_one_name() {
    let matrix = |when: &str| {
        format!(
            "kind: random\nnumRuns: 1\nparams:\n  opt: {{kind: choice, value: [sgd, adam]}}\n  a: {{kind: uniform, value: [0, 1], \
             when: {{opt: sgd}}, arg: --lr}}\n  b: {{kind: uniform, value: [0, 1], when: {{opt: {when}}}, arg: --lr}}\n"
        )
    };
    let messages = |when: &str| {
        let study = load_text(&matrix(when), &command()).unwrap();
        study.warnings.iter().map(|warning| warning.message.clone()).collect::<Vec<_>>()
    };
    assert!(messages("adam").is_empty());
    assert_eq!(messages("[sgd, adam]"), ["`a` and `b` are passed as the same argument `--lr`"]);
}

#[test]
fn names_of_every_form_are_compared() {
    let messages = |fields: &str, params: &str| messages_of(&format!("kind: grid\n{fields}params:\n{params}"));
    let two = |one: &str, other: &str| {
        format!("  {one}: {{kind: choice, value: [null, 1]}}\n  {other}: {{kind: choice, value: [2]}}\n")
    };
    let same = ["error: `lr` and `LR` are passed as the same variable `LR`"];
    assert_eq!(messages("argStyle: env\n", &two("lr", "LR")), same);
    let dashes = "arguments: {names: dashes}\n";
    let same = ["`batch_size` and `batch-size` are passed as the same argument `--batch-size`"];
    assert_eq!(messages(dashes, &two("batch_size", "batch-size")), same);
    assert!(messages("", &two("batch_size", "batch-size")).is_empty());
    for style in ["equals", "space", "fire"] {
        let found = messages(&format!("argStyle: {style}\n"), &two("x", "--x"));
        assert_eq!(found, ["`x` and `--x` are passed as the same argument `--x`"], "{style}");
    }
    assert_eq!(messages("argStyle: hydra\n", &two("x", "+x")), ["`x` and `+x` are passed as the same argument `x`"]);
    let switch = "  amp: {kind: choice, value: [true, false], arg: no-flag}\n  no-amp: {kind: choice, value: [1, 2]}\n";
    assert_eq!(messages("", switch), ["`amp` and `no-amp` are passed as the same argument `--no-amp`"]);
}

#[test]
fn templates_that_leave_parameters_out_are_one_warning() {
    let matrix = "kind: random\nnumRuns: 1\nparams:\n  lr: {kind: uniform, value: [0, 1]}\n  a: {kind: uniform, value: [0, 1]}\n  b-c: {kind: uniform, value: [0, 1]}\n";
    let line = |words: &[&str]| Overrides {
        command: Some(words.iter().map(|w| (*w).into()).collect()),
        ..Overrides::default()
    };
    insta::assert_snapshot!(warnings(&load_text(matrix, &line(&["t", "{{ lr }}"])).unwrap()), @"
    warning: the command does not use `a`, `b-c`
     --> matrix.yaml:5:3
      |
    5 |   a: {kind: uniform, value: [0, 1]}
      |   ^
      |
      = help: add {{ a }}; nothing is appended to a command with a template that uses a parameter
    ");
    assert!(load_text(matrix, &line(&["t", "{{ seed }}"])).unwrap().warnings.is_empty());
}
