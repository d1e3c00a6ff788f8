//! Templates of one text, such as the value of an environment variable.

use serde_json::{Map, Value};

use super::compiler::{CompiledCommand, CompiledElement, Compiler, render_error};
use super::error::TemplateError;
use super::output;
use crate::command::context::{TemplateNames, TemplateValues};
use crate::command::dialect::Dialect;
use crate::command::style::member::JobArguments;

/// A compiled template of one text.
#[derive(Debug)]
pub struct TextTemplate {
    /// The position of the template among others of its kind, for errors.
    index: usize,
    source: String,
    compiled: CompiledCommand,
}

impl TextTemplate {
    /// Compiles `text`, which may use `names`. The element of its errors is `index`.
    ///
    /// # Errors
    /// All faults.
    pub fn new(index: usize, text: &str, names: &TemplateNames) -> Result<TextTemplate, Vec<TemplateError>> {
        let mut compiler = Compiler::new(names);
        let elements = vec![compiler.compile(index, text)];
        let Compiler { templates, roots, used, errors, .. } = compiler;
        if !errors.is_empty() {
            return Err(errors);
        }
        let roots = roots.into_iter().collect();
        Ok(TextTemplate {
            index,
            source: text.to_owned(),
            compiled: CompiledCommand { elements, templates, roots, used },
        })
    }

    /// Compiles `text`, which may use `name` only.
    ///
    /// # Errors
    /// The first fault.
    pub fn of_value(name: &str, text: &str, dialect: Dialect) -> Result<TextTemplate, TemplateError> {
        let params = vec![(name.into(), Value::Null)];
        let names = TemplateNames { params, dialect, ..TemplateNames::default() };
        TextTemplate::new(0, text, &names).map_err(|mut errors| errors.swap_remove(0))
    }

    /// The text before rendering.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the template uses `name`.
    pub fn uses(&self, name: &str) -> bool {
        self.compiled.used.contains(name)
    }

    /// Whether the template uses `root`, the first part of a dotted name.
    pub fn has_root(&self, root: &str) -> bool {
        self.compiled.roots.iter().any(|other| other == root)
    }

    /// The text for one job.
    ///
    /// # Errors
    /// An expression fails on this job's values.
    pub fn render(&self, values: &TemplateValues<'_>) -> Result<String, TemplateError> {
        let table = values.table(&self.compiled.roots);
        let mut parts = JobArguments::default();
        for element in &self.compiled.elements {
            self.compiled.push(self.index, element, values, &table, &mut parts)?;
        }
        Ok(parts.argv.join(" "))
    }

    /// The text for `value` as `name`.
    ///
    /// # Errors
    /// An expression fails on this value.
    pub fn render_value(&self, name: &str, value: &Value) -> Result<String, TemplateError> {
        let table = Map::from_iter([(name.to_owned(), value.clone())]);
        let table = minijinja::Value::from(minijinja::value::Serde(table));
        let mut text = String::new();
        for element in &self.compiled.elements {
            match element {
                CompiledElement::Literal(literal) => text.push_str(literal),
                CompiledElement::Template(template, checked) => {
                    let limit = checked.check_value(name, value);
                    limit.map_err(|error| TemplateError::of(self.index, error.to_string()))?;
                    let rendered = self.compiled.templates.get_template(template);
                    let rendered = rendered.and_then(|template| output::render(&template, &table));
                    text.push_str(&rendered.map_err(|error| render_error(self.index, &error))?);
                }
                CompiledElement::Arg(_) | CompiledElement::AllArgs => {}
            }
        }
        Ok(text)
    }
}
