use serde_json::{Value, json};

use super::catalogue::ArgStyle;
use super::form::{Booleans, Lists, NameForm, NullForm, ValueForm};
use super::member::{Argument, JobArguments};
use super::settings::{ArgSettings, Arguments};

fn passed(style: &str, form: ValueForm, name: &str, value: Value) -> JobArguments {
    let style = ArgStyle::by_name(style).unwrap();
    let mut job = JobArguments::default();
    style.pass(&Argument { name, value: &value, form: &form }, &mut job);
    job
}

fn words(style: &str, name: &str, value: Value) -> Vec<String> {
    passed(style, ValueForm::default(), name, value).argv
}

#[test]
fn each_style_passes_values() {
    let line = |style: &str| {
        let values = [("lr", json!(1e-5)), ("x", json!(null)), ("b", json!(true)), ("l", json!([1, "a"]))];
        values.into_iter().flat_map(|(name, value)| words(style, name, value)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("equals"), r#"--lr=0.00001 --b=true --l=[1,"a"]"#);
    assert_eq!(line("space"), r#"--lr 0.00001 --b true --l [1,"a"]"#);
    assert_eq!(line("fire"), "--lr=0.00001 --x=None --b=True --l=[1,'a']");
    assert_eq!(line("hydra"), "lr=0.00001 x=null b=true l=[1,a]");
    assert_eq!(line("assign"), r#"lr=0.00001 b=true l=[1,"a"]"#);
    assert_eq!(line("env"), "");
    assert_eq!(line("none"), "");
}

#[test]
fn variables_have_names_in_capitals() {
    let variable = |name: &str| passed("env", ValueForm::default(), name, json!(1.5)).variables;
    for (name, expected) in [("lr", "LR"), ("--batch-size", "BATCH_SIZE"), ("opt.lr", "OPT_LR"), ("2d", "_2D")] {
        assert_eq!(variable(name), [(expected.to_owned(), "1.5".to_owned())]);
    }
    let renamed = ValueForm { name: Some("rate".into()), ..ValueForm::default() };
    assert_eq!(passed("env", renamed, "lr", json!("a b")).variables, [("rate".into(), "a b".into())]);
}

#[test]
fn booleans_have_six_forms() {
    let form = |booleans, name: &str| {
        let settings = ValueForm { booleans: Some(booleans), ..ValueForm::default() };
        [true, false].map(|value| passed("equals", settings.clone(), name, json!(value)).argv.join(" "))
    };
    assert_eq!(form(Booleans::Lowercase, "amp"), ["--amp=true", "--amp=false"]);
    assert_eq!(form(Booleans::Python, "amp"), ["--amp=True", "--amp=False"]);
    assert_eq!(form(Booleans::Number, "amp"), ["--amp=1", "--amp=0"]);
    assert_eq!(form(Booleans::Empty, "amp"), ["--amp=true", "--amp="]);
    assert_eq!(form(Booleans::Flag, "--amp"), ["--amp", ""]);
    assert_eq!(form(Booleans::NoFlag, "amp"), ["--amp", "--no-amp"]);
    let python = ValueForm { booleans: Some(Booleans::Python), ..ValueForm::default() };
    assert_eq!(passed("equals", python, "x", json!([true, null, "a"])).argv, [r#"--x=[True,None,"a"]"#]);
}

#[test]
fn lists_have_four_forms() {
    let form = |style, lists, value| {
        let settings = ValueForm { lists: Some(lists), ..ValueForm::default() };
        passed(style, settings, "l", value).argv.join(" ")
    };
    assert_eq!(form("equals", Lists::Json, json!([64, 32])), "--l=[64,32]");
    assert_eq!(form("equals", Lists::Words, json!([64, -1e-7])), "--l 64 -0.0000001");
    assert_eq!(form("equals", Lists::Words, json!([])), "--l");
    assert_eq!(form("equals", Lists::Repeat, json!([64, 32])), "--l=64 --l=32");
    assert_eq!(form("space", Lists::Repeat, json!([64, 32])), "--l 64 --l 32");
    assert_eq!(form("equals", Lists::Commas, json!([64, 32])), "--l=64,32");
    assert_eq!(form("assign", Lists::Commas, json!(["a", true])), "l=a,true");
}

#[test]
fn null_is_omitted_or_a_word() {
    let form = |style, null| {
        let settings = ValueForm { null, ..ValueForm::default() };
        passed(style, settings, "x", json!(null)).argv.join(" ")
    };
    assert_eq!(form("equals", None), "");
    assert_eq!(form("equals", Some(NullForm::Word("None".into()))), "--x=None");
    assert_eq!(form("equals", Some(NullForm::Word(String::new()))), "--x=");
    assert_eq!(form("hydra", Some(NullForm::Omit)), "");
    assert_eq!(form("hydra", Some(NullForm::Word("null".into()))), "x='null'");
}

#[test]
fn a_value_that_looks_like_an_option_is_joined() {
    assert_eq!(words("space", "x", json!(-4.7e-6)), ["--x", "-0.0000047"]);
    assert_eq!(words("space", "x", json!(-3)), ["--x", "-3"]);
    assert_eq!(words("space", "x", json!("-a")), ["--x=-a"]);
    assert_eq!(words("space", "x", json!("-")), ["--x", "-"]);
    assert_eq!(words("equals", "-x", json!("-a")), ["-x-a"]);
}

#[test]
fn names_keep_their_dashes() {
    assert_eq!(words("equals", "--lr", json!(1)), ["--lr=1"]);
    assert_eq!(words("equals", "-lr", json!(1)), ["-lr=1"]);
    assert_eq!(words("equals", "-b", json!(1)), ["-b", "1"]);
    let dashes = ValueForm { names: Some(NameForm::Dashes), ..ValueForm::default() };
    assert_eq!(passed("equals", dashes.clone(), "batch_size", json!(1)).argv, ["--batch-size=1"]);
    assert_eq!(passed("equals", dashes.clone(), "_x_y", json!(1)).argv, ["--_x-y=1"]);
    assert_eq!(passed("equals", dashes, "--batch_size", json!(1)).argv, ["--batch_size=1"]);
}

#[test]
fn hydra_quotes_by_its_grammar() {
    let value = |value: Value| words("hydra", "+x", value).remove(0);
    assert_eq!(value(json!({"name": "sgd", "lr": 0.1})), "+x={name:sgd,lr:0.1}");
    assert_eq!(value(json!("a,b")), "+x='a,b'");
    assert_eq!(value(json!("it's")), r"+x='it\'s'");
    assert_eq!(value(json!(r"a\'b\")), r"+x='a\\\'b\\'");
    assert_eq!(value(json!("café")), "+x='café'");
    assert_eq!(value(json!("")), "+x=''");
    for text in ["1", "-1e5", "1_000", "true", "Null", "-inf", "NaN"] {
        assert_eq!(value(json!(text)), format!("+x='{text}'"));
    }
    for (text, quoted) in [("${a}", r"'\${a}'"), (r"\${a}\", r"'\\\${a}\\'"), ("a${b}'${c}", r"'a\${b}\'\${c}'")] {
        assert_eq!(value(json!([text])), format!("+x=[{quoted}]"));
    }
    assert_eq!(value(json!("resnet-18/v2.pt")), "+x=resnet-18/v2.pt");
    assert_eq!(value(json!({"a b": [null, true]})), r"+x={a\ b:[null,true]}");
}

#[test]
fn settings_of_a_parameter_come_first() {
    let mut arguments = Arguments::from(ArgStyle::by_name("space").unwrap());
    arguments.general.form.booleans = Some(Booleans::Flag);
    let form = ValueForm { booleans: Some(Booleans::Number), ..ValueForm::default() };
    arguments.params.insert("amp".into(), ArgSettings { style: None, form });
    assert_eq!(arguments.of("amp").form.booleans, Some(Booleans::Number));
    assert_eq!(arguments.of("amp").style, ArgStyle::by_name("space"));
    assert_eq!(arguments.of("other").form.booleans, Some(Booleans::Flag));
}

#[test]
fn fire_quotes_text_that_is_a_literal() {
    let value = |value: Value| words("fire", "x", value).remove(0);
    for text in ["adam", "resnet-18/v2.pt", "x_1"] {
        assert_eq!(value(json!(text)), format!("--x={text}"));
    }
    for text in ["True", "None", "1e5", "[1, 2]", "a,b", " a", "#", "-x", ""] {
        assert_eq!(value(json!(text)), format!("--x='{text}'"));
    }
    assert_eq!(value(json!("it's\n\\ \t")), r"--x='it\'s\n\\ \x09'");
    assert_eq!(value(json!({"a": [null, true, 0.5, "1"]})), "--x={'a':[None,True,0.5,'1']}");
}

#[test]
fn values_that_would_be_received_differently_are_unsupported() {
    let unsupported = |style: &str, form: ValueForm, value: Value| {
        ArgStyle::by_name(style).unwrap().unsupported(&Argument { name: "x", value: &value, form: &form })
    };
    let hydra = |value| unsupported("hydra", ValueForm::default(), value);
    for value in [json!({"a b": {"a-b.c/1": 1}}), json!({"1": 1, "a:b": [{"(x)": 1}]}), json!("é")] {
        assert_eq!(hydra(value), None);
    }
    for value in [json!({"é": 1}), json!([{"a": {"it's": 1}}]), json!({"": 1}), json!({"#": 1})] {
        assert!(hydra(value).unwrap().contains("keys cannot be quoted"));
    }
    for style in ["equals", "space", "assign", "env"] {
        let commas = || ValueForm { lists: Some(Lists::Commas), ..ValueForm::default() };
        assert_eq!(unsupported(style, commas(), json!(["a", "b c"])), None);
        assert!(unsupported(style, commas(), json!(["a", "b,c"])).unwrap().contains("`b,c` has a comma"));
        assert_eq!(unsupported(style, ValueForm::default(), json!(["b,c"])), None);
    }
    let words = || ValueForm { lists: Some(Lists::Words), ..ValueForm::default() };
    for style in ["equals", "space"] {
        assert!(unsupported(style, words(), json!(["a", "-x"])).unwrap().contains("`-x` would be read as an option"));
        assert_eq!(unsupported(style, words(), json!(["a", "-", -1, -1e-7, "a-b"])), None);
        assert_eq!(unsupported(style, ValueForm::default(), json!(["-x"])), None);
    }
}
