//! Reads `params`: a mapping from parameter names to a kind and a value, from which a domain is built, or to a constant.

mod beside_kind;
pub(in crate::matrix) mod guess;
mod nearest_value;
mod written_text;

use std::sync::Arc;

use serde_json::Value;

use super::arguments;
use super::param_tree::{self, ParamForm, WrittenParam};
use super::value_forms;
use crate::command::plain::plain;
use crate::command::style::settings::ArgSettings;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion, typo_of};
use crate::matrix::yaml::fields::{Fields, named};
use crate::matrix::yaml::node::{Content, Entry, Node, Span};
use crate::space::choice::CHOICE;
use crate::space::constant::CONSTANT;
use crate::space::guess::Guess;
use crate::space::{Domain, Form, Param, ParamKind, catalogue};
use written_text::WrittenText;

/// A parameter with its position in the file.
#[derive(Debug)]
pub struct DeclaredParam {
    /// The parameter.
    pub param: Param,
    /// The position of its name.
    pub span: Span,
    /// Where its domain comes from.
    pub origin: DomainOrigin,
    /// How it is passed, where that differs from the others.
    pub arg: Option<ArgSettings>,
    /// The `when` of the mappings around it and its own, not checked yet: other parameters may come later in the file.
    pub whens: Vec<Entry>,
    /// The position of its guess.
    pub guess_span: Option<Span>,
}

/// Where the domain of a parameter comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainOrigin {
    /// The file.
    File,
    /// The declaration is invalid. The domain is replaced by the number 1, so that later checks do not report the name as unknown.
    Placeholder,
}

/// Reads the parameters in file order. Errors about the whole mapping are shown at `span`.
pub fn read(node: &Node, span: Span, findings: &mut Findings) -> Vec<DeclaredParam> {
    let entries = named(node, "`params`", span.clone(), findings);
    if entries.is_empty() && node.map().is_some() {
        findings.error(span, "`params` is empty; at least one parameter is required");
    }
    let written = param_tree::flatten(entries, findings);
    written.into_iter().filter_map(|param| read_param(&param, findings)).collect()
}

/// The domain of a parameter that is fixed to `value`.
pub fn fixed_domain(value: Value) -> Option<Box<dyn Domain>> {
    let args = [("items".to_owned(), Value::Array(vec![value]))].into_iter().collect();
    (CHOICE.build)(&args).ok()
}

fn read_param(written: &WrittenParam<'_>, findings: &mut Findings) -> Option<DeclaredParam> {
    let ParamFields { kind, domain, arg, when, guess } = match written.form {
        ParamForm::Declaration => read_fields(&written.name, written.entry, findings),
        ParamForm::Constant => match written_text::read(written.entry, findings) {
            WrittenText::Declaration(entry) => read_fields(&written.name, &entry, findings),
            WrittenText::Invalid => ParamFields::default(),
            WrittenText::Constant => read_constant(written.entry, findings),
        },
        ParamForm::WithoutKind => {
            let message = format!("missing field `kind` in parameter {}", quoted(&written.name));
            let hint = beside_kind::suggestion(&written.entry.value);
            findings.error_with(written.entry.key_span.clone(), message, Some(hint));
            ParamFields::default()
        }
        ParamForm::Empty => {
            let hint = "for a constant null, write {kind: constant, value: null}";
            let message = format!("parameter {} has no kind and no value", quoted(&written.name));
            findings.error_with(written.entry.key_span.clone(), message, Some(hint.to_owned()));
            ParamFields::default()
        }
    };
    if let (ParamForm::Declaration, Some(domain)) = (&written.form, &domain) {
        warn_single_list(&written.name, kind, &**domain, written.entry.key_span.clone(), findings);
    }
    let (domain, origin) = match domain {
        Some(domain) => (domain, DomainOrigin::File),
        None => (fixed_domain(1.into())?, DomainOrigin::Placeholder),
    };
    let (guess, guess_span) = guess.unzip();
    let param = Param { name: Arc::from(written.name.as_str()), kind: kind.unwrap_or(&CHOICE).name, domain, guess };
    let whens = written.whens.iter().copied().cloned().chain(when).collect();
    Some(DeclaredParam { param, span: written.entry.key_span.clone(), origin, arg, whens, guess_span })
}

/// Warns about a choice whose only value is a list: the items may be meant, as in the functions of other tools.
fn warn_single_list(
    name: &str,
    kind: Option<&'static ParamKind>,
    domain: &dyn Domain,
    span: Span,
    findings: &mut Findings,
) {
    let is_choice = kind.is_some_and(|kind| matches!(kind.forms, [Form::Items]));
    let only = domain.level(0).filter(|_| is_choice && domain.cardinality() == Some(1));
    let items: Vec<String> = match only.as_ref().and_then(Value::as_array) {
        Some(items) if items.len() > 1 => items.iter().map(plain).collect(),
        _ => return,
    };
    let message = format!("{} has one value, the list [{}]", quoted(name), items.join(", "));
    let hint = format!("to try each item, write choice({0}), or `value: [{0}]` in a file", items.join(", "));
    findings.warn(span, message, Some(hint));
}

/// The fields of a parameter. Each is `None` if it is missing or invalid.
#[derive(Debug, Default)]
struct ParamFields {
    kind: Option<&'static ParamKind>,
    domain: Option<Box<dyn Domain>>,
    arg: Option<ArgSettings>,
    when: Option<Entry>,
    guess: Option<(Guess, Span)>,
}

/// Reads `{kind, value, arg, when, guess, confidence}`, or the same without `value` and with the arguments of the kind.
fn read_fields(name: &str, entry: &Entry, findings: &mut Findings) -> ParamFields {
    let what = format!("parameter {}", quoted(name));
    let fields = Fields::new(&entry.value, &what, entry.key_span.clone(), findings);
    let Some(mut fields) = fields else { return ParamFields::default() };
    let kind = read_kind(&mut fields, findings);
    let takes_null = kind.is_some_and(|kind| matches!(kind.forms, [Form::Whole]));
    let null = if takes_null { fields.entry("value") } else { None };
    let given = null.or_else(|| fields.value("value"));
    let beside = kind.filter(|_| given.is_none()).and_then(|kind| beside_kind::value(kind, entry, &mut fields));
    let value = given.or(beside.as_ref()).or_else(|| fields.required("value", findings));
    let arg = fields.value("arg").map(|entry| arguments::read_param(entry, findings));
    let when = fields.value("when").cloned();
    let guess = guess::read(&mut fields, findings);
    fields.finish(findings);
    let domain = kind.zip(value).and_then(|(kind, value)| build_domain(kind, value, findings));
    let guess = guess.zip(domain.as_deref()).and_then(|(guess, domain)| guess::check(&guess, name, domain, findings));
    ParamFields { kind, domain, arg, when, guess }
}

/// Reads a scalar or a list as the value itself.
fn read_constant(entry: &Entry, findings: &mut Findings) -> ParamFields {
    if let Content::List(_) = entry.value.content {
        let message = format!("the list is passed as one value in every trial; {} does not vary", quoted(&entry.key));
        let hint = "to try each item, write {kind: choice, value: […]}; for one list, {kind: constant, value: […]}";
        findings.warn(entry.value.span.clone(), message, Some(hint.to_owned()));
    }
    ParamFields { kind: Some(&CONSTANT), domain: build_domain(&CONSTANT, entry, findings), ..ParamFields::default() }
}

fn read_kind(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<&'static ParamKind> {
    let (name, span) = fields.required_text("kind", findings)?;
    if let Some(kind) = catalogue::by_name(name) {
        return Some(kind);
    }
    let hint = suggestion(name, catalogue::names());
    findings.error_with(span, format!("unknown parameter kind {}", quoted(name)), hint);
    // after a typo, the value is checked with the suggested kind
    catalogue::by_name(typo_of(name, catalogue::names())?)
}

fn build_domain(kind: &'static ParamKind, value: &Entry, findings: &mut Findings) -> Option<Box<dyn Domain>> {
    let errors_before = findings.error_count();
    let args = value_forms::read_args(kind, &value.value, value.key_span.clone(), findings)?;
    if findings.error_count() > errors_before {
        return None;
    }
    match (kind.build)(&args.args) {
        Ok(domain) => {
            if let Some(warning) = (kind.advice)(&args.args) {
                findings.warn(value.value.span.clone(), warning, None);
            }
            Some(domain)
        }
        Err(errors) => {
            args.report_errors(errors, findings);
            None
        }
    }
}
