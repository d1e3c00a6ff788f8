//! Command lines from templates: compiled and checked once, rendered for each launch.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::JobContext;
use super::context::{TemplateNames, TemplateValues};
use super::dialect::Dialect;
use super::style::catalogue::ArgStyle;
use super::style::member::JobArguments;
use super::style::settings::Arguments;
use super::template::compiler::{CompiledCommand, Compiler};
use super::template::lone_option::LoneOption;
use super::workdir::make_paths_absolute;
use crate::engine::event::Launch;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::units::Resource;

mod comparison;
mod compiler;
mod error;
mod expression;
mod functions;
mod job_command;
mod job_path;
mod limits;
mod lone_option;
mod output;
pub(super) mod scanner;
mod text;
mod value_source;
mod variables;

pub use error::TemplateError;
pub use expression::{ParamExpression, ParamExpressionError};
pub(crate) use scanner::{expression_of, is_template, tag_ranges};
pub(crate) use text::TextTemplate;
pub use value_source::ValueSource;

/// Renders each job's command line.
#[derive(Debug)]
pub struct Renderer {
    command: Vec<String>,
    arguments: Arguments,
    names: TemplateNames,
    compiled: CompiledCommand,
    /// The `argFormat` of each input that has one.
    formats: Vec<(String, TextTemplate)>,
    /// Environment variables of the container.
    variables: Vec<(String, TextTemplate)>,
    /// The working directory of jobs; `None` for the driver's.
    directory: Option<TextTemplate>,
    /// Nothing is appended to a command with templates, as in studies of version 0.1.
    is_complete: bool,
}

impl Renderer {
    /// Compiles `command`, checks every name in it and renders it once with sample values.
    ///
    /// # Errors
    /// All errors of all elements.
    pub fn new(
        command: Vec<String>,
        arguments: Arguments,
        names: TemplateNames,
    ) -> Result<Renderer, Vec<TemplateError>> {
        let formats = arg_formats(&names).map_err(|error| vec![error])?;
        let variables = Vec::new();
        let mut compiler = Compiler::new(&names);
        let elements = command.iter().enumerate().map(|(index, element)| compiler.compile(index, element)).collect();
        let Compiler { templates, roots, used, errors, .. } = compiler;
        if !errors.is_empty() {
            return Err(errors);
        }
        let compiled = CompiledCommand { elements, templates, roots: roots.into_iter().collect(), used };
        let (directory, is_complete) = (None, false);
        let renderer = Renderer { command, arguments, names, compiled, formats, variables, directory, is_complete };
        renderer.render_sample().map_err(|error| vec![error])?;
        Ok(renderer)
    }

    /// Renders a path with the names of `other`; the only argument of [`Renderer::argv`] is the path.
    ///
    /// # Errors
    /// The template is invalid.
    pub fn of_path(path: &str, other: &Renderer) -> Result<Renderer, Vec<TemplateError>> {
        let style = ArgStyle::by_name("none").unwrap_or_default();
        Renderer::new(vec![path.to_owned()], style.into(), other.names.clone())
    }

    /// Adds environment variables with their templates.
    ///
    /// # Errors
    /// All faults; the element of each is the index of its variable.
    pub fn with_variables(mut self, variables: Vec<(String, String)>) -> Result<Renderer, Vec<TemplateError>> {
        let mut errors = Vec::new();
        for (index, (name, text)) in variables.into_iter().enumerate() {
            match TextTemplate::new(index, &text, &self.names) {
                Ok(template) => self.variables.push((name, template)),
                Err(mut found) => errors.append(&mut found),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let rendered = self.with_sample(|context| self.own_environment(context).map(|_| ()));
        rendered.map_err(|error| vec![error])?;
        Ok(self)
    }

    /// The command before rendering.
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// The names that templates may use.
    pub fn names(&self) -> &TemplateNames {
        &self.names
    }

    /// The names and templates of the variables.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, template)| (name.as_str(), template.source()))
    }

    /// How parameters are passed.
    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    /// Whether a job has arguments besides the elements of the command, judged by sample values.
    pub fn adds_arguments(&self) -> bool {
        let argv = self.with_sample(|context| self.argv(context));
        argv.is_ok_and(|argv| argv.len() > self.command.len())
    }

    /// Whether parameters and the resource are appended: no template of the command uses one of them or an input.
    pub fn appends(&self) -> bool {
        !self.is_complete && !self.names.own().any(|name| self.compiled.used.contains(name))
    }

    /// As version 0.1 did, appends nothing to a command with a template, whatever names it uses.
    pub fn with_version_0_1_arguments(mut self) -> Renderer {
        self.is_complete = self.command.iter().any(|element| element.contains("{{"));
        self
    }

    /// Parameters and the resource that the command does not get, because its templates use only others.
    pub fn unused(&self) -> Vec<&str> {
        let params = self.names.params.iter().map(|(name, _)| &**name);
        let resource = self.names.resource.iter().map(|spec| spec.name.as_str());
        let is_unused = |name: &&str| !self.is_in_config(name) && !self.appends() && !self.uses(name);
        params.chain(resource).filter(is_unused).collect()
    }

    /// What `value` of the parameter `name` becomes, if it is passed as an argument or a variable.
    pub fn passed(&self, name: &str, value: &Value) -> Option<JobArguments> {
        let mut job = JobArguments::default();
        self.names.pass(&self.arguments, name, value, &mut job);
        self.is_passed(name).then_some(job)
    }

    /// Whether the parameter or the resource `name` is passed in its style.
    fn is_passed(&self, name: &str) -> bool {
        let style = self.arguments.of(name).style.unwrap_or_default();
        let is_appended = self.appends() && !self.is_in_config(name);
        style.passes() && (is_appended || self.compiled.has_argument(name))
    }

    /// Whether the parameter or the resource `name` is a value of the configuration file.
    fn is_in_config(&self, name: &str) -> bool {
        self.names.is_in_config(&self.arguments, name)
    }

    /// Whether a template uses `name`, or an environment variable has its value.
    pub fn uses(&self, name: &str) -> bool {
        let in_environment = || {
            let input = self.names.input(name).filter(|_| self.names.dialect == Dialect::Polyaxon);
            input.is_some_and(|input| input.variable.is_some())
                || self.variables.iter().any(|(_, template)| template.uses(name))
        };
        self.compiled.used.contains(name) || in_environment()
    }

    /// The values for `context`.
    fn values<'a>(&'a self, context: &'a JobContext<'a>) -> Result<TemplateValues<'a>, TemplateError> {
        let mut values = TemplateValues::new(&self.names, &self.arguments, context);
        for (input, format) in &self.formats {
            let Some(value) = values.own(input).filter(|value| !value.is_null()) else { continue };
            values.set_formatted(input, format.render_value(input, &value)?);
        }
        Ok(values)
    }

    /// The argument list of a job, its program first.
    ///
    /// # Errors
    /// An expression fails on this job's values (a filter on the wrong type, for example).
    pub fn argv(&self, context: &JobContext<'_>) -> Result<Vec<String>, TemplateError> {
        self.argv_in(context, None)
    }

    /// As [`Renderer::argv`], with the paths in the text of the command that are relative to `base` made absolute.
    fn argv_in(&self, context: &JobContext<'_>, base: Option<&Path>) -> Result<Vec<String>, TemplateError> {
        let values = self.values(context)?;
        match values.mismatch() {
            Some(mismatch) => Err(TemplateError::of(0, mismatch)),
            None => Ok(self.render(&values, base)?.argv),
        }
    }

    /// The arguments and the variables for `values`. Paths that the elements of the command name as text are relative to `base`, and
    /// become absolute.
    fn render(&self, values: &TemplateValues<'_>, base: Option<&Path>) -> Result<JobArguments, TemplateError> {
        let mut job = JobArguments::default();
        job.argv.reserve(self.command.len() + 2 * self.names.params.len() + 2);
        let table = values.table(&self.compiled.roots);
        let mut lone = LoneOption::default();
        for (index, element) in self.compiled.elements.iter().enumerate() {
            let start = job.argv.len();
            self.compiled.push(index, element, values, &table, &mut job)?;
            if let Some(base) = base
                && element.is_text()
            {
                let source = &self.command[index];
                job.argv.iter_mut().skip(start.max(1)).for_each(|word| make_paths_absolute(word, source, base));
            }
            lone.rendered(element, &self.command[index], start, &mut job.argv);
        }
        lone.end(&mut job.argv);
        if self.appends() {
            values.pass_sampled(&mut job);
        }
        if !self.uses_config() {
            values.pass_config(&mut job);
        }
        values.complete(&mut job);
        Ok(job)
    }

    /// Renders with sample values: finds expressions that fail for every job before any job runs.
    fn render_sample(&self) -> Result<(), TemplateError> {
        self.with_sample(|context| self.render(&self.values(context)?, None).map(|_| ()))
    }

    fn with_sample<T>(&self, render: impl FnOnce(&JobContext<'_>) -> T) -> T {
        self.with_sample_of(0, render)
    }

    /// Calls `render` with sample values of a job of trial `trial` in a slot of the same number.
    fn with_sample_of<T>(&self, trial: u16, render: impl FnOnce(&JobContext<'_>) -> T) -> T {
        let launch = Launch {
            job: JobId { key: JobKey { trial: TrialId(trial.into()), rung: Rung(0) }, attempt: Attempt(1) },
            bracket: BracketId::default(),
            resource: Resource::new(1.0).unwrap_or(Resource::ZERO),
            previous: Resource::ZERO,
            slot: Slot(trial.into()),
            assignment: Arc::new(self.names.params.iter().cloned().collect()),
            origin: None,
        };
        let (study_dir, trial_dir) = (Path::new("study"), format!("study/trials/{trial}"));
        let (trial_dir, seed) = (Path::new(&trial_dir), trial.into());
        let context =
            JobContext { launch: &launch, seed, study_dir, trial_dir, checkpoint_dir: trial_dir, port: trial };
        render(&context)
    }
}

fn arg_formats(names: &TemplateNames) -> Result<Vec<(String, TextTemplate)>, TemplateError> {
    let with_format = names.inputs.iter().filter_map(|input| Some((input, input.arg_format.as_ref()?)));
    with_format
        .map(|(input, format)| Ok((input.name.clone(), TextTemplate::of_value(&input.name, format, names.dialect)?)))
        .collect()
}

#[cfg(test)]
mod tests;
