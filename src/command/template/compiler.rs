//! Compiles the elements of a command: checks every name in them and finds those that expand to several arguments.

use std::collections::BTreeSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::error::TemplateError;
use super::limits::{self, NumericNames};
use super::scanner::{Symbol, Token, is_template, scan};
use super::{functions, output};
use crate::command::context::{BUILT_IN, CONFIG, GLOBALS, PARAM_ATTRIBUTES, TemplateNames, TemplateValues};
use crate::command::dialect::Dialect;
use crate::command::style::member::JobArguments;

/// Limit on the work of one template, in minijinja's instructions; a plain template needs about ten.
pub(super) const FUEL: u64 = 10_000;

/// A compiled command.
#[derive(Debug)]
pub(super) struct CompiledCommand {
    pub elements: Vec<CompiledElement>,
    pub templates: Environment<'static>,
    /// First parts of the dotted names in the templates.
    pub roots: Vec<String>,
    pub used: UsedNames,
}

#[derive(Debug)]
pub(super) enum CompiledElement {
    Literal(String),
    /// Name of the compiled template, and the values that must be numbers. An empty result is left out, and so is an element that
    /// needs the value of a parameter that is not active.
    Template(String, NumericNames),
    /// `{{ params.NAME.as_arg }}` as the whole element: none, one or two arguments.
    Arg(String),
    /// `{{ params.as_args }}` as the whole element: any number of arguments.
    AllArgs,
}

impl CompiledElement {
    /// Whether the element renders to text, not to arguments in a style.
    pub fn is_text(&self) -> bool {
        matches!(self, CompiledElement::Literal(_) | CompiledElement::Template(..))
    }
}

impl CompiledCommand {
    /// Whether an element expands to the argument of `name`.
    pub fn has_argument(&self, name: &str) -> bool {
        self.elements.iter().any(|element| match element {
            CompiledElement::Arg(param) => param == name,
            CompiledElement::AllArgs => true,
            CompiledElement::Literal(_) | CompiledElement::Template(..) => false,
        })
    }

    /// Appends the arguments that `element` renders to.
    pub fn push(
        &self,
        index: usize,
        element: &CompiledElement,
        values: &TemplateValues<'_>,
        table: &minijinja::Value,
        job: &mut JobArguments,
    ) -> Result<(), TemplateError> {
        match element {
            CompiledElement::Literal(text) => job.argv.push(text.clone()),
            CompiledElement::Arg(name) => values.pass(name, job),
            CompiledElement::AllArgs => values.pass_all(job),
            CompiledElement::Template(name, checked) => {
                checked.check_values(values).map_err(|error| TemplateError::of(index, error.to_string()))?;
                let rendered = self.templates.get_template(name).and_then(|t| output::render(&t, table));
                match rendered {
                    Ok(text) => job.argv.extend(Some(text).filter(|text| !text.is_empty())),
                    Err(error) if error.kind() == ErrorKind::UndefinedError && values.has_inactive() => {}
                    Err(error) => return Err(render_error(index, &error)),
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) enum UsedNames {
    Everything,
    Only(BTreeSet<String>),
}

impl UsedNames {
    pub fn contains(&self, name: &str) -> bool {
        match self {
            UsedNames::Everything => true,
            UsedNames::Only(names) => names.contains(name),
        }
    }
}

/// Compiles elements and collects the names they use.
pub(super) struct Compiler<'n> {
    names: &'n TemplateNames,
    pub templates: Environment<'static>,
    pub roots: BTreeSet<String>,
    pub used: UsedNames,
    pub errors: Vec<TemplateError>,
    /// Names that the current element uses only where they have a value.
    guarded: BTreeSet<String>,
}

impl<'n> Compiler<'n> {
    pub fn new(names: &'n TemplateNames) -> Compiler<'n> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_fuel(Some(FUEL));
        templates.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        templates.set_formatter(match names.dialect {
            Dialect::Plain => output::print,
            Dialect::Polyaxon => output::print_python,
        });
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
            guarded: BTreeSet::new(),
        }
    }

    pub fn compile(&mut self, index: usize, element: &str) -> CompiledElement {
        if !is_template(element) {
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
        self.guarded =
            self.names.partial.iter().map(|p| p.name.to_string()).filter(|name| is_guarded(element, name)).collect();
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
            [CONFIG] if self.names.config.is_some() => {}
            [CONFIG] if self.names.own().all(|name| name != CONFIG) => self.no_config(index),
            [name, ..] => self.check_name(index, name, &BUILT_IN),
            [] => {}
        }
    }

    fn check_name(&mut self, index: usize, name: &str, also: &[&str]) {
        if let UsedNames::Only(used) = &mut self.used {
            used.insert(name.to_owned());
        }
        if self.names.own().chain(also.iter().copied()).any(|known| known == name) || self.guarded.contains(name) {
            return;
        }
        if let Some(partial) = self.names.partial.iter().find(|partial| &*partial.name == name) {
            let message = format!("row {} of `values` has no `{name}`", partial.missing_row);
            let hint = format!(
                "write {{{{ {name} | default(0) }}}}, declare an input `{name}` with a `value`, or give it everywhere"
            );
            let (name, candidates) = (Some(name.to_owned()), Vec::new());
            self.errors.push(TemplateError { element: index, name, message, hint: Some(hint), candidates });
        } else {
            let mut candidates: Vec<String> = self.names.own().map(str::to_owned).collect();
            candidates.extend(also.iter().map(|name| (*name).to_owned()));
            self.unknown(index, name, candidates);
        }
    }

    fn no_config(&mut self, index: usize) {
        self.errors.push(TemplateError {
            element: index,
            name: Some(CONFIG.to_owned()),
            message: "there is no configuration file, so `config` has no value".to_owned(),
            hint: Some("give the file with --config-template FILE".to_owned()),
            candidates: Vec::new(),
        });
    }

    fn unknown(&mut self, index: usize, name: &str, candidates: Vec<String>) {
        let message = format!("unknown variable `{name}`");
        self.errors.push(TemplateError {
            element: index,
            name: Some(name.to_owned()),
            message,
            hint: None,
            candidates,
        });
    }
}

/// Whether `element` copes without a value of `name`: it passes it as an argument, tests `is defined`, or gives a default each time.
fn is_guarded(element: &str, name: &str) -> bool {
    if sole_expression(element).is_some_and(|path| path == format!("params.{name}.as_arg")) {
        return true;
    }
    let tags = scan(element);
    let mut uses = tags.iter().flat_map(|tag| {
        let uses = (0..tag.tokens.len()).filter(|at| tag.tokens[*at] == Token::Word(name));
        uses.map(|at| &tag.tokens[at + 1..])
    });
    let is_tested = |rest: &[Token<'_>]| matches!(rest, [Token::Word("is"), Token::Word("defined"), ..]);
    let has_default =
        |rest: &[Token<'_>]| matches!(rest, [Token::Symbol(Symbol::Pipe), Token::Word("default" | "d"), ..]);
    uses.clone().any(is_tested) || uses.all(has_default)
}

/// The expression of an element that consists of one `{{ … }}`.
fn sole_expression(element: &str) -> Option<String> {
    let inner = element.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then(|| inner.trim().to_owned())
}

pub(super) fn render_error(element: usize, error: &Error) -> TemplateError {
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template takes too long to render".to_owned(),
        (kind, Some(detail)) => format!("the template cannot be rendered: {kind}: {detail}"),
        (kind, None) => format!("the template cannot be rendered: {kind}"),
    };
    TemplateError::of(element, message)
}
