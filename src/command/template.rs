//! Command lines from templates: compiled and checked once, rendered for each launch.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::JobContext;
use super::context::{BUILT_IN, GLOBALS, PARAM_ATTRIBUTES, TemplateNames, TemplateValues};
use super::environment::{Variable, environment};
use super::style::ArgStyle;
use super::template::limits::NumericNames;
use crate::engine::event::Launch;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::units::Resource;

mod functions;
mod limits;
mod output;
mod scanner;

/// Limit on the work of one template, in minijinja's instructions; a plain template needs about ten.
const FUEL: u64 = 10_000;

/// A fault in one element of a command.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Index of the element, from 0.
    pub element: usize,
    /// The unknown name, if that is the fault.
    pub name: Option<String>,
    /// A lowercase fragment.
    pub message: String,
    /// The names that are known in place of [`TemplateError::name`].
    pub candidates: Vec<String>,
}

impl TemplateError {
    /// A fault that does not concern a name.
    fn of(element: usize, message: String) -> TemplateError {
        TemplateError { element, name: None, message, candidates: Vec::new() }
    }
}

/// Renders each job's command line.
#[derive(Debug)]
pub struct Renderer {
    command: Vec<String>,
    style: ArgStyle,
    names: TemplateNames,
    source: ArgvSource,
}

#[derive(Debug)]
enum ArgvSource {
    /// No templates: parameters and the resource are appended.
    Append,
    /// Every element is rendered; nothing is appended.
    Templates(Box<CompiledCommand>),
}

#[derive(Debug)]
struct CompiledCommand {
    elements: Vec<CompiledElement>,
    templates: Environment<'static>,
    /// First parts of the dotted names in the templates.
    roots: Vec<String>,
    used: UsedNames,
}

#[derive(Debug)]
enum CompiledElement {
    Literal(String),
    /// Name of the compiled template, and the values that must be numbers.
    Template(String, NumericNames),
    /// `{{ params.NAME.as_arg }}` as the whole element: none, one or two arguments.
    Arg(String),
    /// `{{ params.as_args }}` as the whole element: any number of arguments.
    AllArgs,
}

#[derive(Debug)]
enum UsedNames {
    Everything,
    Only(BTreeSet<String>),
}

impl Renderer {
    /// Compiles `command`, checks every name in it and renders it once with sample values.
    ///
    /// # Errors
    /// All faults of all elements.
    pub fn new(command: Vec<String>, style: ArgStyle, names: TemplateNames) -> Result<Renderer, Vec<TemplateError>> {
        if !command.iter().any(|element| element.contains("{{")) {
            return Ok(Renderer { command, style, names, source: ArgvSource::Append });
        }
        let mut compiler = Compiler::new(&names);
        let elements = command.iter().enumerate().map(|(index, element)| compiler.compile(index, element)).collect();
        let Compiler { templates, roots, used, errors, .. } = compiler;
        if !errors.is_empty() {
            return Err(errors);
        }
        let compiled = CompiledCommand { elements, templates, roots: roots.into_iter().collect(), used };
        let renderer = Renderer { command, style, names, source: ArgvSource::Templates(Box::new(compiled)) };
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

    /// The command before rendering.
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// The names that templates may use.
    pub fn names(&self) -> &TemplateNames {
        &self.names
    }

    /// Whether a template uses `name`.
    pub fn uses(&self, name: &str) -> bool {
        match &self.source {
            ArgvSource::Append => false,
            ArgvSource::Templates(compiled) => match &compiled.used {
                UsedNames::Everything => true,
                UsedNames::Only(names) => names.contains(name),
            },
        }
    }

    /// The argument list of a job, its program first.
    ///
    /// # Errors
    /// An expression fails on this job's values (a filter on the wrong type, for example).
    pub fn argv(&self, context: &JobContext<'_>) -> Result<Vec<String>, TemplateError> {
        let values = TemplateValues::new(&self.names, self.style, context);
        let compiled = match &self.source {
            ArgvSource::Templates(compiled) => compiled,
            ArgvSource::Append => {
                let mut argv = Vec::with_capacity(self.command.len() + 2 * context.launch.assignment.len() + 2);
                argv.extend_from_slice(&self.command);
                values.push_sampled(&mut argv);
                return Ok(argv);
            }
        };
        let table = values.table(&compiled.roots);
        let mut argv = Vec::with_capacity(compiled.elements.len());
        for (index, element) in compiled.elements.iter().enumerate() {
            match element {
                CompiledElement::Literal(text) => argv.push(text.clone()),
                CompiledElement::Arg(name) => values.push_arg(name, &mut argv),
                CompiledElement::AllArgs => values.push_all(&mut argv),
                CompiledElement::Template(name, checked) => {
                    checked
                        .check_values(&values, &self.names)
                        .map_err(|error| TemplateError::of(index, error.to_string()))?;
                    let rendered = compiled.templates.get_template(name).and_then(|t| output::render(&t, &table));
                    argv.push(rendered.map_err(|error| render_error(index, &error))?);
                }
            }
        }
        Ok(argv)
    }

    /// The HYPERTUNE_* variables of a job.
    pub fn environment(&self, context: &JobContext<'_>) -> Vec<Variable> {
        environment(context, self.names.resource.as_ref())
    }

    /// Renders with sample values: finds expressions that fail for every job before any job runs.
    fn render_sample(&self) -> Result<(), TemplateError> {
        let launch = Launch {
            job: JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) },
            bracket: BracketId::default(),
            resource: Resource::new(1.0).unwrap_or(Resource::ZERO),
            previous: Resource::ZERO,
            slot: Slot(0),
            assignment: Arc::new(self.names.params.iter().cloned().collect()),
        };
        let (study_dir, trial_dir) = (Path::new("study"), Path::new("study/trial"));
        let context = JobContext { launch: &launch, seed: 0, study_dir, trial_dir, checkpoint_dir: trial_dir };
        self.argv(&context).map(|_| ())
    }
}

/// Compiles elements and collects the names they use.
struct Compiler<'n> {
    names: &'n TemplateNames,
    templates: Environment<'static>,
    roots: BTreeSet<String>,
    used: UsedNames,
    errors: Vec<TemplateError>,
}

impl<'n> Compiler<'n> {
    fn new(names: &'n TemplateNames) -> Compiler<'n> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_fuel(Some(FUEL));
        templates.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        templates.set_formatter(output::print);
        functions::limit(&mut templates);
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            templates.set_syntax(syntax);
        }
        Compiler {
            names,
            templates,
            roots: BTreeSet::new(),
            used: UsedNames::Only(BTreeSet::new()),
            errors: Vec::new(),
        }
    }

    fn compile(&mut self, index: usize, element: &str) -> CompiledElement {
        if !element.contains("{{") && !element.contains("{%") {
            return CompiledElement::Literal(element.to_owned());
        }
        let checked = match limits::check(element) {
            Ok(checked) => checked,
            Err(error) => {
                self.errors.push(TemplateError::of(index, error.to_string()));
                return CompiledElement::Literal(String::new());
            }
        };
        let name = index.to_string();
        if let Err(error) = self.templates.add_template_owned(name.clone(), element.to_owned()) {
            self.errors.push(render_error(index, &error));
            return CompiledElement::Literal(String::new());
        }
        let mut paths: Vec<String> = self.undeclared_names(&name).into_iter().collect();
        paths.sort();
        for path in &paths {
            self.check(index, path);
        }
        match sole_expression(element).as_deref().map(|path| path.split('.').collect::<Vec<_>>()).as_deref() {
            Some(["params", "as_args"]) => CompiledElement::AllArgs,
            Some(["params", parameter, "as_arg"]) => CompiledElement::Arg((*parameter).to_owned()),
            _ => {
                self.roots.extend(paths.iter().filter_map(|path| path.split('.').next()).map(str::to_owned));
                CompiledElement::Template(name, checked)
            }
        }
    }

    fn undeclared_names(&self, template: &str) -> BTreeSet<String> {
        let functions: BTreeSet<String> = self.templates.globals().map(|(name, _)| name.to_owned()).collect();
        let paths = self.templates.get_template(template).map(|t| t.undeclared_variables(true)).unwrap_or_default();
        paths.into_iter().filter(|path| !functions.contains(path)).collect()
    }

    /// Checks one dotted name and records its use.
    fn check(&mut self, index: usize, path: &str) {
        let parts: Vec<&str> = path.split('.').collect();
        match parts.as_slice() {
            ["params"] | ["params", "as_args", ..] => self.used = UsedNames::Everything,
            ["params", name, attribute @ ..] => {
                self.check_name(index, name, &[]);
                if let Some(attribute) = attribute.first().filter(|attribute| !PARAM_ATTRIBUTES.contains(attribute)) {
                    self.unknown(index, attribute, PARAM_ATTRIBUTES.iter().map(|a| (*a).to_owned()).collect());
                }
            }
            ["globals", name, ..] if !GLOBALS.contains(name) => {
                self.unknown(index, name, GLOBALS.iter().map(|g| (*g).to_owned()).collect());
            }
            [name, ..] => self.check_name(index, name, &BUILT_IN),
            [] => {}
        }
    }

    fn check_name(&mut self, index: usize, name: &str, also: &[&str]) {
        if let UsedNames::Only(used) = &mut self.used {
            used.insert(name.to_owned());
        }
        if !self.names.own().chain(also.iter().copied()).any(|known| known == name) {
            let mut candidates: Vec<String> = self.names.own().map(str::to_owned).collect();
            candidates.extend(also.iter().map(|name| (*name).to_owned()));
            self.unknown(index, name, candidates);
        }
    }

    fn unknown(&mut self, index: usize, name: &str, candidates: Vec<String>) {
        let message = format!("unknown variable `{name}`");
        self.errors.push(TemplateError { element: index, name: Some(name.to_owned()), message, candidates });
    }
}

/// The expression of an element that consists of one `{{ … }}`.
fn sole_expression(element: &str) -> Option<String> {
    let inner = element.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then(|| inner.trim().to_owned())
}

fn render_error(element: usize, error: &Error) -> TemplateError {
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template takes too long to render".to_owned(),
        (kind, Some(detail)) => format!("the template cannot be rendered: {kind}: {detail}"),
        (kind, None) => format!("the template cannot be rendered: {kind}"),
    };
    TemplateError::of(element, message)
}

#[cfg(test)]
mod tests;
