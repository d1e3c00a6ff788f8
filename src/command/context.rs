//! The names a template may use, and their values for one job.

pub(super) mod config_values;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::JobContext;
use super::config::ConfigTemplate;
use super::dialect::Dialect;
use super::input::{ArgForm, Input};
use super::plain::plain;
use super::style::form::Booleans;
use super::style::member::{Argument, JobArguments};
use super::style::settings::Arguments;
use crate::types::args::describe;
use crate::types::units::ResourceSpec;

/// Names that every template may use in addition to the study's own.
pub const BUILT_IN: [&str; 11] =
    ["trial", "job", "bracket", "rung", "slot", "port", "seed", "checkpoint_dir", "trial_dir", "uuid", "globals"];

/// The name of the path of a job's configuration file, in templates of studies that have one.
pub const CONFIG: &str = "config";

/// Attributes of `globals`.
pub const GLOBALS: [&str; 10] = [
    "artifacts_path",
    "context_path",
    "iteration",
    "name",
    "project_name",
    "project_unique_name",
    "project_uuid",
    "run_artifacts_path",
    "run_outputs_path",
    "uuid",
];

/// Attributes of `params.NAME`.
pub const PARAM_ATTRIBUTES: [&str; 3] = ["value", "as_arg", "as_str"];

/// The study's own names.
#[derive(Clone, Debug, Default)]
pub struct TemplateNames {
    /// Parameters in file order, each with a sample value.
    pub params: Vec<(Arc<str>, Value)>,
    /// `None` in a study that allots no resource.
    pub resource: Option<ResourceSpec>,
    /// Declared inputs.
    pub inputs: Vec<Input>,
    /// Names that some configurations of a `mapping` lack.
    pub partial: Vec<PartialName>,
    /// How templates write values.
    pub dialect: Dialect,
    /// The configuration file that jobs get copies of.
    pub config: Option<Arc<ConfigTemplate>>,
}

/// A name that not every configuration has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartialName {
    /// The name.
    pub name: Arc<str>,
    /// The number of the first configuration without it, from 1.
    pub missing_row: usize,
}

impl TemplateNames {
    /// Names that have a value in every job: parameters, inputs that have a value or are optional, the resource.
    pub fn own(&self) -> impl Iterator<Item = &str> + Clone {
        let params = self.params.iter().map(|(name, _)| &**name);
        let inputs = self.inputs.iter().map(|input| input.name.as_str());
        params.chain(inputs).chain(self.resource.iter().map(|spec| spec.name.as_str()))
    }

    /// The declared input `name`.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// Passes `value` as `name`. A flag of a component is passed by its name alone if it is true, unless the matrix asks for another
    /// form.
    pub fn pass(&self, arguments: &Arguments, name: &str, value: &Value, job: &mut JobArguments) {
        let settings = arguments.of(name);
        let style = settings.style.unwrap_or_default();
        match self.input(name).map(|input| input.arg_form) {
            Some(ArgForm::Flag) => {
                let mut form = settings.form.clone();
                form.booleans = form.booleans.or(Some(Booleans::Flag));
                let value = Value::Bool(*value == Value::Bool(true));
                style.pass(&Argument { name, value: &value, form: &form }, job);
            }
            Some(ArgForm::Value) | None => style.pass(&Argument { name, value, form: &settings.form }, job),
        }
    }
}

/// The values of one job.
#[derive(Clone, Debug)]
pub struct TemplateValues<'a> {
    names: &'a TemplateNames,
    arguments: &'a Arguments,
    context: &'a JobContext<'a>,
    /// Inputs with an `argFormat` and the argument that it renders to.
    formatted: BTreeMap<&'a str, String>,
}

impl<'a> TemplateValues<'a> {
    /// `arguments` apply to what is appended, to `as_arg` and to `as_args`.
    pub fn new(names: &'a TemplateNames, arguments: &'a Arguments, context: &'a JobContext<'a>) -> TemplateValues<'a> {
        TemplateValues { names, arguments, context, formatted: BTreeMap::new() }
    }

    /// The names that have values.
    pub fn names(&self) -> &'a TemplateNames {
        self.names
    }

    /// Sets the argument of an input with an `argFormat`.
    pub fn set_formatted(&mut self, input: &'a str, argument: String) {
        self.formatted.insert(input, argument);
    }

    /// The value of a parameter, the resource or an input; in Polyaxon's dialect converted to the type of the input.
    pub fn own(&self, name: &str) -> Option<Value> {
        let value = self.unconverted(name)?;
        let converted = self.converting_input(name).and_then(|input| input.convert(&value));
        Some(converted.unwrap_or(value))
    }

    /// The message for an input whose value does not have its type, if there is one.
    pub fn mismatch(&self) -> Option<String> {
        let mismatch = |input: &Input| {
            let value = self.unconverted(&input.name)?;
            input.convert(&value).is_none().then(|| input.mismatch(&describe(&value)))
        };
        self.names.inputs.iter().filter(|_| self.names.dialect == Dialect::Polyaxon).find_map(mismatch)
    }

    fn converting_input(&self, name: &str) -> Option<&Input> {
        self.names.input(name).filter(|_| self.names.dialect == Dialect::Polyaxon)
    }

    fn unconverted(&self, name: &str) -> Option<Value> {
        let resource = || self.names.resource.as_ref().filter(|spec| spec.name == name);
        let launch = self.context.launch;
        if let Some(value) = launch.assignment.get(name) {
            return Some(value.clone());
        }
        let input = || {
            let input = self.names.input(name).filter(|_| !self.is_inactive(name));
            input.and_then(|input| input.value.clone())
        };
        resource().map(|spec| spec.value(launch.resource)).or_else(input)
    }

    /// The value of `name` in templates: in Polyaxon's dialect a flag is the argument that passes it, or empty text.
    fn shown(&self, name: &str) -> Option<Value> {
        let value = self.own(name)?;
        match self.converting_input(name) {
            Some(Input { arg_form: ArgForm::Flag, .. }) if value == Value::Bool(true) => {
                Some(format!("--{name}").into())
            }
            Some(Input { arg_form: ArgForm::Flag, .. }) => Some("".into()),
            _ => Some(value),
        }
    }

    /// Passes `name` in its style, or by its `argFormat`.
    pub fn pass(&self, name: &str, job: &mut JobArguments) {
        let Some(value) = self.own(name) else { return };
        match self.formatted.get(name) {
            Some(argument) => job.argv.extend(Some(argument.clone()).filter(|argument| !argument.is_empty())),
            None => self.names.pass(self.arguments, name, &value, job),
        }
    }

    /// Passes parameters in file order, then the resource: what is appended to a command that uses none of them.
    pub fn pass_sampled(&self, job: &mut JobArguments) {
        let launch = self.context.launch;
        let is_passed = |name: &str| !self.is_in_config(name);
        for (name, value) in launch.assignment.iter().filter(|(name, _)| is_passed(name)) {
            let value = self.own(name).unwrap_or_else(|| value.clone());
            self.names.pass(self.arguments, name, &value, job);
        }
        if let Some(spec) = self.names.resource.as_ref().filter(|spec| is_passed(&spec.name)) {
            self.names.pass(self.arguments, &spec.name, &spec.value(launch.resource), job);
        }
    }

    /// Passes parameters in file order, inputs and the resource.
    pub fn pass_all(&self, job: &mut JobArguments) {
        for name in self.all_names() {
            self.pass(name, job);
        }
    }

    /// Adds what the style of the study needs besides the parameters.
    pub fn complete(&self, job: &mut JobArguments) {
        let has_param = |name: &str| self.context.launch.assignment.get(name).is_some();
        self.arguments.style().complete(self.context, &has_param, job);
    }

    /// A table with the values of `roots`, the first parts of dotted names in templates.
    pub fn table(&self, roots: &[String]) -> minijinja::Value {
        let known = roots.iter().filter_map(|root| Some((root.as_str(), self.root(root)?)));
        minijinja::Value::from(minijinja::value::Serde(known.collect::<BTreeMap<_, _>>()))
    }

    fn root(&self, root: &str) -> Option<Value> {
        match root {
            "params" => Some(self.params()),
            "globals" => Some(self.globals()),
            _ => self.shown(root).or_else(|| self.optional(root)).or_else(|| self.built_in(root)),
        }
    }

    /// Null for a declared input without a value: only optional inputs get here without one.
    fn optional(&self, name: &str) -> Option<Value> {
        let is_input = self.names.inputs.iter().any(|input| input.name == name);
        (is_input && !self.is_inactive(name)).then_some(Value::Null)
    }

    /// Whether `name` is a parameter that is not active.
    fn is_inactive(&self, name: &str) -> bool {
        self.context.launch.assignment.get(name).is_none()
            && self.names.params.iter().any(|(param, _)| **param == *name)
    }

    /// Whether some parameter is not active.
    pub fn has_inactive(&self) -> bool {
        self.names.params.iter().any(|(param, _)| self.context.launch.assignment.get(param).is_none())
    }

    fn built_in(&self, name: &str) -> Option<Value> {
        let launch = self.context.launch;
        let key = launch.job.key;
        match name {
            "trial" => Some(key.trial.0.into()),
            "job" => Some(format!("{}-{}", key.trial, key.rung).into()),
            "bracket" => Some(launch.bracket.bracket.into()),
            "rung" => Some(key.rung.0.into()),
            "slot" => Some(launch.slot.0.into()),
            "port" => Some(self.context.port.into()),
            "seed" => Some(self.context.seed.into()),
            "checkpoint_dir" => Some(self.context.checkpoint_dir.display().to_string().into()),
            "trial_dir" => Some(self.trial_dir()),
            "uuid" => Some(self.uuid().into()),
            CONFIG => self.config_path(),
            _ => None,
        }
    }

    /// Polyaxon's `globals`: a run is a job, its project the study, and an iteration a rung. All paths are the trial's directory.
    fn globals(&self) -> Value {
        let project = self.context.study_dir.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let key = self.context.launch.job.key;
        let name = format!("{project}-{}-{}", key.trial, key.rung);
        let value = |global: &str| match global {
            "iteration" => key.rung.0.into(),
            "name" => name.as_str().into(),
            "project_name" | "project_unique_name" => project.as_str().into(),
            "project_uuid" => format!("{:08x}-0000-8000-8000-000000000000", crc32fast::hash(project.as_bytes())).into(),
            "uuid" => self.uuid().into(),
            _ => self.trial_dir(),
        };
        GLOBALS.iter().map(|name| ((*name).to_owned(), value(name))).collect()
    }

    fn trial_dir(&self) -> Value {
        self.context.trial_dir.display().to_string().into()
    }

    /// A UUID of version 8 (RFC 9562, section 5.8) from the trial's seed, the trial, rung and attempt: the same in a rerun of the study.
    fn uuid(&self) -> String {
        let job = self.context.launch.job;
        let (seed, trial, rung) = (self.context.seed, job.key.trial.0, job.key.rung.0);
        let variant = 0x8000 | (job.attempt.0 & 0x3fff);
        format!(
            "{seed:08x}-{:04x}-8{:03x}-{variant:04x}-{:012x}",
            rung >> 12 & 0xffff,
            rung & 0xfff,
            trial & 0xffff_ffff_ffff
        )
    }

    fn text(&self, name: &str, value: &Value) -> String {
        match self.names.dialect {
            Dialect::Polyaxon => {
                self.shown(name).filter(|value| !value.is_null()).as_ref().map_or(String::new(), plain)
            }
            Dialect::Plain => plain(value),
        }
    }

    fn all_names(&self) -> Vec<&'a str> {
        let sampled = self.context.launch.assignment.iter().map(|(name, _)| name);
        let resource = self.names.resource.as_ref().map(|spec| spec.name.as_str());
        let mut names: Vec<&str> = sampled.collect();
        for input in &self.names.inputs {
            let name = input.name.as_str();
            if !names.contains(&name) && resource != Some(name) && !self.is_inactive(name) {
                names.push(&input.name);
            }
        }
        names.extend(resource);
        names
    }

    fn params(&self) -> Value {
        let arg = |name: &str| {
            let mut job = JobArguments::default();
            self.pass(name, &mut job);
            job.argv.join(" ")
        };
        let attributes = |name: &&str| {
            let value = self.own(name).unwrap_or(Value::Null);
            let text = self.text(name, &value);
            ((*name).to_owned(), json!({ "value": value, "as_arg": arg(name), "as_str": text }))
        };
        let mut table: serde_json::Map<String, Value> = self.all_names().iter().map(attributes).collect();
        let mut all = JobArguments::default();
        self.pass_all(&mut all);
        table.entry("as_args").or_insert_with(|| all.argv.join(" ").into());
        Value::Object(table)
    }
}
