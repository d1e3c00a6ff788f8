//! Command lines from templates: compiled and checked once, rendered for each launch.

use std::path::Path;
use std::sync::Arc;

use super::JobContext;
use super::context::{TemplateNames, TemplateValues};
use super::dialect::Dialect;
use super::environment::{Variable, environment};
use super::plain::plain;
use super::style::ArgStyle;
use super::template::compiler::{CompiledCommand, Compiler};
use crate::engine::event::Launch;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::units::Resource;

mod compiler;
mod error;
mod functions;
mod limits;
mod output;
mod scanner;
mod text;

pub use error::TemplateError;
pub(crate) use text::TextTemplate;

/// Renders each job's command line.
#[derive(Debug)]
pub struct Renderer {
    command: Vec<String>,
    style: ArgStyle,
    names: TemplateNames,
    source: ArgvSource,
    /// The `argFormat` of each input that has one.
    formats: Vec<(String, TextTemplate)>,
    /// Environment variables of the container.
    variables: Vec<(String, TextTemplate)>,
}

#[derive(Debug)]
enum ArgvSource {
    /// No templates: parameters and the resource are appended.
    Append,
    /// Every element is rendered; nothing is appended.
    Templates(Box<CompiledCommand>),
}

impl Renderer {
    /// Compiles `command`, checks every name in it and renders it once with sample values.
    ///
    /// # Errors
    /// All errors of all elements.
    pub fn new(command: Vec<String>, style: ArgStyle, names: TemplateNames) -> Result<Renderer, Vec<TemplateError>> {
        let formats = arg_formats(&names).map_err(|error| vec![error])?;
        let variables = Vec::new();
        if !command.iter().any(|element| element.contains("{{")) {
            return Ok(Renderer { command, style, names, source: ArgvSource::Append, formats, variables });
        }
        let mut compiler = Compiler::new(&names);
        let elements = command.iter().enumerate().map(|(index, element)| compiler.compile(index, element)).collect();
        let Compiler { templates, roots, used, errors, .. } = compiler;
        if !errors.is_empty() {
            return Err(errors);
        }
        let compiled = CompiledCommand { elements, templates, roots: roots.into_iter().collect(), used };
        let source = ArgvSource::Templates(Box::new(compiled));
        let renderer = Renderer { command, style, names, source, formats, variables };
        renderer.render_sample().map_err(|error| vec![error])?;
        Ok(renderer)
    }

    /// Renders a path with the names of `other`; the first argument of [`Renderer::argv`] is the path.
    ///
    /// # Errors
    /// The template is invalid.
    pub fn of_path(path: &str, other: &Renderer) -> Result<Renderer, Vec<TemplateError>> {
        Renderer::new(vec![path.to_owned()], other.style, other.names.clone())
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

    /// Whether a template uses `name`, or an environment variable has its value.
    pub fn uses(&self, name: &str) -> bool {
        let in_argv = match &self.source {
            ArgvSource::Append => false,
            ArgvSource::Templates(compiled) => compiled.used.contains(name),
        };
        let in_environment = || {
            let input = self.names.input(name).filter(|_| self.names.dialect == Dialect::Polyaxon);
            input.is_some_and(|input| input.variable.is_some())
                || self.variables.iter().any(|(_, template)| template.uses(name))
        };
        in_argv || in_environment()
    }

    /// The values for `context`.
    fn values<'a>(&'a self, context: &'a JobContext<'a>) -> Result<TemplateValues<'a>, TemplateError> {
        let mut values = TemplateValues::new(&self.names, self.style, context);
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
        let values = self.values(context)?;
        match values.mismatch() {
            Some(mismatch) => Err(TemplateError::of(0, mismatch)),
            None => self.argv_of(&values),
        }
    }

    fn argv_of(&self, values: &TemplateValues<'_>) -> Result<Vec<String>, TemplateError> {
        let compiled = match &self.source {
            ArgvSource::Templates(compiled) => compiled,
            ArgvSource::Append => {
                let mut argv = Vec::with_capacity(self.command.len() + 2 * self.names.params.len() + 2);
                argv.extend_from_slice(&self.command);
                values.push_sampled(&mut argv);
                return Ok(argv);
            }
        };
        let table = values.table(&compiled.roots);
        let mut argv = Vec::with_capacity(compiled.elements.len());
        for (index, element) in compiled.elements.iter().enumerate() {
            compiled.push(index, element, values, &table, &mut argv)?;
        }
        Ok(argv)
    }

    /// The container's variables, those of inputs (`toEnv`), and the HYPERTUNE_* variables of a job.
    ///
    /// # Errors
    /// As [`Renderer::argv`].
    pub fn environment(&self, context: &JobContext<'_>) -> Result<Vec<Variable>, TemplateError> {
        let mut all = self.own_environment(context)?;
        all.extend(environment(context, self.names.resource.as_ref()));
        Ok(all)
    }

    /// The variables that the component names. One that `toEnv` names has the value of its input as text, and is not set for null.
    pub fn own_environment(&self, context: &JobContext<'_>) -> Result<Vec<Variable>, TemplateError> {
        let values = self.values(context)?;
        let mut all = Vec::new();
        for (name, template) in &self.variables {
            all.push((name.clone().into(), template.render(&values)?.into()));
        }
        for input in self.names.inputs.iter().filter(|_| self.names.dialect == Dialect::Polyaxon) {
            let value = values.own(&input.name).filter(|value| !value.is_null());
            if let (Some(name), Some(value)) = (&input.variable, value) {
                all.push((name.clone().into(), plain(&value).into()));
            }
        }
        Ok(all)
    }

    /// Renders with sample values: finds expressions that fail for every job before any job runs.
    fn render_sample(&self) -> Result<(), TemplateError> {
        self.with_sample(|context| self.argv_of(&self.values(context)?).map(|_| ()))
    }

    fn with_sample<T>(&self, render: impl FnOnce(&JobContext<'_>) -> T) -> T {
        let launch = Launch {
            job: JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) },
            bracket: BracketId::default(),
            resource: Resource::new(1.0).unwrap_or(Resource::ZERO),
            previous: Resource::ZERO,
            slot: Slot(0),
            assignment: Arc::new(self.names.params.iter().cloned().collect()),
        };
        let (study_dir, trial_dir) = (Path::new("study"), Path::new("study/trial"));
        let context = JobContext { launch: &launch, seed: 0, study_dir, trial_dir, checkpoint_dir: trial_dir, port: 0 };
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
