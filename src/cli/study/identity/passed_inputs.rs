//! What the component gives the command of a study: values of inputs and variables of the container.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cli::study::definition::StudyDefinition;
use crate::command::dialect::Dialect;
use crate::command::input::{ArgForm, Input};
use crate::command::style::settings::Arguments;
use crate::command::template::Renderer;

/// The parts of an input that change a command line or an environment.
#[derive(Clone, PartialEq, Debug)]
pub struct PassedInput {
    value: Option<Value>,
    arg_form: ArgForm,
    /// Its type, `argFormat` and `toEnv`, which matter in Polyaxon's dialect only.
    form: Option<String>,
}

/// The inputs that the command uses.
pub fn inputs(study: &StudyDefinition) -> BTreeMap<String, PassedInput> {
    let Some(renderer) = &study.renderer else { return BTreeMap::new() };
    let names = renderer.names();
    let used = names.inputs.iter().filter(|input| renderer.uses(&input.name));
    let passed = |input: &Input| {
        let Input { value, arg_form, kind, multiplicity, arg_format, variable, .. } = input.clone();
        let form = || format!("{kind:?} {multiplicity:?} argFormat {arg_format:?} toEnv {variable:?}");
        PassedInput { value, arg_form, form: (names.dialect == Dialect::Polyaxon).then(form) }
    };
    used.map(|input| (input.name.clone(), passed(input))).collect()
}

/// The variables of the container, as `NAME=TEMPLATE`.
pub fn variables(study: &StudyDefinition) -> Vec<String> {
    let templates = study.renderer.iter().flat_map(Renderer::variables);
    let mut all: Vec<String> = templates.map(|(name, text)| format!("{name}={text}")).collect();
    if all.is_empty() {
        all.push("no variables".to_owned());
    }
    all
}

/// The two values of an input or, if they are equal, how they are passed.
pub fn sides(old: Option<&PassedInput>, new: Option<&PassedInput>) -> (String, String) {
    let value = |input: Option<&PassedInput>| input.and_then(|input| input.value.clone());
    if value(old) != value(new) {
        let text = |input| value(input).map_or("no value".to_owned(), |value: Value| value.to_string());
        return (text(old), text(new));
    }
    let is_same_form = old.map(|input| input.arg_form) == new.map(|input| input.arg_form);
    let text = |input: Option<&PassedInput>| match input {
        None => "not declared".to_owned(),
        Some(PassedInput { form: Some(form), .. }) if is_same_form => form.clone(),
        Some(input) => format!("isFlag: {}", input.arg_form == ArgForm::Flag),
    };
    (text(old), text(new))
}

/// A setting that differs, with both values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArgumentChange {
    /// The parameter; `None` for a setting of all parameters.
    pub param: Option<String>,
    /// The name of the setting.
    pub field: String,
    /// The first value.
    pub old: String,
    /// The second value.
    pub new: String,
}

/// The settings that differ. Settings that say what is the default anyway do not.
pub fn argument_changes(old: &Arguments, new: &Arguments) -> Vec<ArgumentChange> {
    let mut changes = Vec::new();
    if old.style() != new.style() {
        let (old, new) = (old.style().name().to_owned(), new.style().name().to_owned());
        changes.push(ArgumentChange { param: None, field: "arg_style".to_owned(), old, new });
    } else if old.general.effective() != new.general.effective() {
        let (old, new) = (format!("{:?}", old.general), format!("{:?}", new.general));
        changes.push(ArgumentChange { param: None, field: "arguments".to_owned(), old, new });
    }
    let given: BTreeSet<&String> = old.params.keys().chain(new.params.keys()).collect();
    for name in given.into_iter().filter(|name| old.of(name).effective() != new.of(name).effective()) {
        let (old, new) = (format!("{:?}", old.of(name)), format!("{:?}", new.of(name)));
        changes.push(ArgumentChange { param: Some(name.clone()), field: format!("params.{name}.arg"), old, new });
    }
    changes
}
