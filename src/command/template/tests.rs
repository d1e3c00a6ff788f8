use serde_json::{Value, json};

use super::*;
use crate::command::config::{ConfigFile, ConfigTemplate};
use crate::command::environment::environment;
use crate::command::input::Input;
use crate::command::input::{ArgForm, InputType, Multiplicity, Presence};
use crate::command::style::catalogue::ArgStyle;
use crate::command::style::form::ValueForm;
use crate::command::style::settings::ArgSettings;
use crate::types::units::{ResourceKind, ResourceSpec};

fn input(name: &str, arg_form: ArgForm, value: Value) -> Input {
    let value = Some(value).filter(|v| !v.is_null());
    let (kind, multiplicity, presence) = (InputType::Any, Multiplicity::One, Presence::Optional);
    Input { name: name.into(), kind, multiplicity, arg_form, presence, arg_format: None, variable: None, value }
}

fn names() -> TemplateNames {
    TemplateNames {
        params: vec![("lr".into(), json!(1e-5)), ("layers".into(), json!([8, 4])), ("act".into(), json!("re lu"))],
        resource: Some(ResourceSpec { name: "epochs".into(), kind: ResourceKind::Int }),
        inputs: vec![
            input("batch", ArgForm::Value, json!(128)),
            input("amp", ArgForm::Flag, json!(true)),
            input("quiet", ArgForm::Flag, json!(false)),
            input("note", ArgForm::Value, json!(null)),
        ],
        ..TemplateNames::default()
    }
}

fn launch() -> Launch {
    Launch {
        job: JobId { key: JobKey { trial: TrialId(7), rung: Rung(2) }, attempt: Attempt(1) },
        bracket: BracketId { round: 0, bracket: 3 },
        resource: Resource::new(9.0).unwrap(),
        previous: Resource::new(3.0).unwrap(),
        slot: Slot(0),
        assignment: Arc::new(names().params.into_iter().collect()),
        origin: None,
    }
}

fn context(launch: &Launch) -> JobContext<'_> {
    JobContext {
        launch,
        seed: 42,
        study_dir: Path::new("s"),
        trial_dir: Path::new("s/t 7"),
        checkpoint_dir: Path::new("s/t 7/c"),
        port: 20_001,
    }
}

fn argv(style: &str, command: &[&str]) -> Vec<String> {
    let command = command.iter().map(|e| (*e).to_owned()).collect();
    let launch = launch();
    Renderer::new(command, ArgStyle::by_name(style).unwrap().into(), names()).unwrap().argv(&context(&launch)).unwrap()
}

fn errors(command: &[&str]) -> Vec<(usize, String)> {
    let command = command.iter().map(|e| (*e).to_owned()).collect();
    let errors = Renderer::new(command, Arguments::default(), names()).unwrap_err();
    errors.into_iter().map(|f| (f.element, f.message)).collect()
}

#[test]
fn without_templates_parameters_and_resource_are_appended() {
    let plain = argv("equals", &["train"]);
    assert_eq!(plain, ["train", "--lr=0.00001", "--layers=[8,4]", "--act=re lu", "--epochs=9"]);
    let spaced = argv("space", &["train"]);
    assert_eq!(spaced, ["train", "--lr", "0.00001", "--layers", "[8,4]", "--act", "re lu", "--epochs", "9"]);
}

#[test]
fn every_name_has_its_value() {
    let line = argv(
        "equals",
        &[
            "{{lr}} {{layers}} {{act}} {{epochs}} {{batch}} {{amp}} {{note}}",
            "{{trial}} {{job}} {{bracket}} {{rung}} {{slot}} {{seed}}",
        ],
    );
    assert_eq!(line, ["0.00001 [8,4] re lu 9 128 true null", "7 7-2 3 2 0 42"]);
    let line =
        argv("equals", &["{{ checkpoint_dir }}", "{{trial_dir}}", "{{globals.run_outputs_path}}/m", "{{uuid}}\n"]);
    assert_eq!(line[..4], ["s/t 7/c", "s/t 7", "s/t 7/m", "0000002a-0000-8002-8001-000000000007\n"]);
}

#[test]
fn names_of_the_job_alone_leave_the_parameters_appended() {
    let line = argv("space", &["train", "{{ trial_dir }}/log", "{% if rung %}--again{% endif %}"]);
    let appended = ["--lr", "0.00001", "--layers", "[8,4]", "--act", "re lu", "--epochs", "9"];
    assert_eq!(line[..3], ["train", "s/t 7/log", "--again"]);
    assert_eq!(line[3..], appended);
}

#[test]
fn an_element_that_renders_to_nothing_is_left_out() {
    let line =
        argv("equals", &["x", "{{ '--amp' if lr > 1 else '' }}", "{% if lr > 1 %}--amp{% endif %}", "a{{ '' }}"]);
    assert_eq!(line, ["x", "a"]);
}

#[test]
fn parameters_that_templates_leave_out_are_unused() {
    let unused = |command: &[&str]| -> Vec<String> {
        let command = command.iter().map(|e| (*e).to_owned()).collect();
        let renderer = Renderer::new(command, Arguments::default(), names()).unwrap();
        renderer.unused().into_iter().map(str::to_owned).collect()
    };
    assert_eq!(unused(&["x", "{{ seed }}"]), [""; 0]);
    assert_eq!(unused(&["x", "{{ lr }}", "{{ params.act.as_arg }}"]), ["layers", "epochs"]);
    assert_eq!(unused(&["x", "{{ epochs }}"]), ["lr", "layers", "act"]);
    assert_eq!(unused(&["x", "{{ batch }}"]).len(), 4);
    assert_eq!(unused(&["x", "{{ params.as_args }}"]), [""; 0]);
}

#[test]
fn arguments_expand_to_elements() {
    let line = argv("equals", &["x", "{{ params.lr.as_arg }}", "{{params.amp.as_arg}}", "{{params.quiet.as_arg}}"]);
    assert_eq!(line, ["x", "--lr=0.00001", "--amp"]);
    let line = argv("space", &["{{ params.as_args }}", "a{{ params.lr.value * 2 }}", "{{params.note.as_arg}}"]);
    assert_eq!(
        line,
        [
            "--lr", "0.00001", "--layers", "[8,4]", "--act", "re lu", "--batch", "128", "--amp", "--epochs", "9",
            "a0.00002"
        ]
    );
}

#[test]
fn unknown_names_name_their_element() {
    let found =
        errors(&["x", "{{ lrr }}", "{{ params.foo.as_arg }} {{ params.lr.as_rag }}", "{{ globals.x }}", "{{ lr"]);
    let messages: Vec<String> = found.into_iter().map(|(n, m)| format!("{n} {m}")).collect();
    insta::assert_snapshot!(messages.join("\n"), @"
    1 unknown variable `lrr`
    2 unknown variable `foo`
    2 unknown variable `as_rag`
    3 unknown variable `x`
    4 the template cannot be rendered: syntax error: unexpected end of input, expected end of variable block
    ");
}

#[test]
fn expressions_that_fail_for_every_job_are_errors() {
    insta::assert_snapshot!(errors(&["{{ lr | frobnicate }}"])[0].1, @"the template cannot be rendered: unknown filter: filter frobnicate is unknown");
    insta::assert_snapshot!(errors(&["{{ lr.x }}"])[0].1, @"the template cannot be rendered: undefined value");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}";
    insta::assert_snapshot!(errors(&[endless])[0].1, @"the template takes too long to render");
}

#[test]
fn the_environment_has_all_variables() {
    let launch = launch();
    let spec = names().resource;
    let all = environment(&context(&launch), spec.as_ref());
    let lines: Vec<String> = all.iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    HYPERTUNE_STUDY_DIR=s
    HYPERTUNE_TRIAL=7
    HYPERTUNE_TRIAL_DIR=s/t 7
    HYPERTUNE_CHECKPOINT_DIR=s/t 7/c
    HYPERTUNE_BRACKET=3
    HYPERTUNE_RUNG=2
    HYPERTUNE_RESOURCE=9
    HYPERTUNE_PREVIOUS_RESOURCE=3
    HYPERTUNE_SEED=42
    HYPERTUNE_PARAMS={"lr":0.00001,"layers":[8,4],"act":"re lu"}
    HYPERTUNE_PORT=20001
    HYPERTUNE_ATTEMPT=1
    "#);
}

/// The arguments of a job without the parameter `act`.
fn argv_without_act(command: &[&str]) -> Vec<String> {
    let command = command.iter().map(|e| (*e).to_owned()).collect();
    let params = names().params.into_iter().filter(|(name, _)| &**name != "act");
    let launch = Launch { assignment: Arc::new(params.collect()), ..launch() };
    Renderer::new(command, Arguments::default(), names()).unwrap().argv(&context(&launch)).unwrap()
}

#[test]
fn an_element_that_needs_an_inactive_parameter_is_left_out() {
    let command = [
        "{{ act }}",
        "--act={{ act }}",
        "{{ params.act.as_arg }}",
        "{{ params.act.value }}",
        "{% if act == 'relu' %}--relu{% else %}--other{% endif %}",
        "{% if act is defined %}--act={{ act }}{% else %}--no-act{% endif %}",
        "{{ act | default('none') }}",
        "{{ lr }}",
    ];
    assert_eq!(argv_without_act(&command), ["--no-act", "none", "0.00001"]);
    assert_eq!(argv_without_act(&["t"]), ["t", "--lr=0.00001", "--layers=[8,4]", "--epochs=9"]);
}

#[test]
fn an_option_whose_only_value_renders_to_nothing_is_left_out() {
    let without = |inactive: &str, command: &[&str]| {
        let command: Vec<String> = command.iter().map(|e| (*e).to_owned()).collect();
        let all = names().params.into_iter().filter(|(name, _)| **name != *inactive);
        let launch = Launch { assignment: Arc::new(all.collect()), ..launch() };
        let renderer = Renderer::new(command, Arguments::default(), names()).unwrap();
        renderer.argv(&context(&launch)).unwrap().join(" ")
    };
    assert_eq!(without("act", &["t", "--m", "{{ act }}", "--lr", "{{ lr }}"]), "t --lr 0.00001");
    assert_eq!(without("act", &["t", "-m", "{{ act | upper }}"]), "t");
    assert_eq!(without("act", &["t", "--m", "{{ '' if lr < 1 else lr }}", "x"]), "t x");
    assert_eq!(without("act", &["t", "--m", "{{ act }}", "{{ lr }}"]), "t --m 0.00001");
    assert_eq!(without("lr", &["t", "--m", "{{ act }}", "{{ lr }}"]), "t --m re lu");
    assert_eq!(without("", &["t", "--m", "{{ act }}"]), "t --m re lu");
    // a flag, an option with its value, the end of options and the program stay
    for option in ["--verbose", "--a=1", "--", "-1", "x"] {
        let template = "{{ '--amp' if lr > 1 else '' }}";
        assert_eq!(without("", &["t", option, template]), format!("t {option}"));
    }
    assert_eq!(without("act", &["t", "--a=1", "{{ act }}"]), "t --a=1");
    assert_eq!(without("act", &["-t", "{{ act }}", "{{ lr }}"]), "-t 0.00001");
}

#[test]
fn the_variable_of_a_parameter_without_a_value_is_unset() {
    let style = ArgStyle::by_name("env").unwrap();
    let names = TemplateNames { params: vec![("wd".into(), json!(null)), ("lr".into(), json!(1))], ..names() };
    let unset = |command: &[&str], arguments: Arguments, params: &[(&str, Value)]| {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let assignment = params.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
        let launch = Launch { assignment: Arc::new(assignment), ..launch() };
        let renderer = Renderer::new(command, arguments, names.clone()).unwrap();
        renderer.unset_variables(&context(&launch)).unwrap()
    };
    let none: [&str; 0] = [];
    assert_eq!(unset(&["t"], style.into(), &[("wd", json!(null)), ("lr", json!(1))]), ["WD"]);
    assert_eq!(unset(&["t"], style.into(), &[("lr", json!(1))]), ["WD"], "it is not active");
    assert_eq!(unset(&["t"], style.into(), &[("wd", json!(0)), ("lr", json!(1))]), none);
    assert_eq!(unset(&["t", "{{ lr }}"], style.into(), &[("wd", json!(null)), ("lr", json!(1))]), none, "not passed");
    assert_eq!(unset(&["t"], Arguments::default(), &[("wd", json!(null)), ("lr", json!(1))]), none);
    let mut words: Arguments = style.into();
    words.general.form.null = Some(crate::command::style::form::NullForm::Word("None".into()));
    assert_eq!(unset(&["t"], words, &[("wd", json!(null)), ("lr", json!(1))]), none);
}

#[test]
fn the_configuration_file_has_the_parameters_without_a_style_of_their_own() {
    let file = ConfigFile { path: "c.toml".into(), text: "wd = 1\n".into() };
    let config = Some(Arc::new(ConfigTemplate::new(file).unwrap()));
    let (params, resource) = (vec![("lr".into(), json!(1)), ("wd".into(), json!(2))], None);
    let names = TemplateNames { params, resource, config, ..names() };
    let renderer = |command: &[&str], name: Option<&str>| {
        let mut arguments = Arguments::default();
        let equals = ArgSettings { style: ArgStyle::by_name("equals"), ..ArgSettings::default() };
        arguments.params.insert("lr".into(), equals);
        let form = ValueForm { name: name.map(str::to_owned), ..ValueForm::default() };
        arguments.params.insert("wd".into(), ArgSettings { style: None, form });
        Renderer::new(command.iter().map(|word| (*word).to_owned()).collect(), arguments, names.clone()).unwrap()
    };
    let appended = renderer(&["t"], Some("--wd"));
    assert!(appended.unused().is_empty() && appended.passed("lr", &json!(1)).is_some());
    assert_eq!(appended.source_of("wd"), ValueSource::ConfigKey("wd".into()));
    let used = renderer(&["t", "{{ wd }}"], Some("--other"));
    assert_eq!(used.unused(), ["lr"], "a command that uses templates gets nothing appended");
    assert_eq!(used.source_of("wd"), ValueSource::Template, "the file has no key of that name");
}
