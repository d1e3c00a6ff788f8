//! Reads `constraints`, and reports what trial draws find about them.

use super::params::DeclaredParam;
use crate::command::template::{ParamExpression, ParamExpressionError};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::space::Space;
use crate::space::rules::constraint::Constraint;
use crate::space::rules::{ConstraintFinding, FindingKind, UnevaluatedConstraint};
use crate::types::assignment::Assignment;
use crate::types::units::ResourceSpec;

/// What the names in a constraint may refer to.
#[derive(Clone, Copy, Debug)]
pub struct ConstraintNames<'a> {
    /// The parameters.
    pub params: &'a [DeclaredParam],
    /// The resource, which constraints cannot use.
    pub resource: Option<&'a ResourceSpec>,
}

/// How constraints are written.
const EXAMPLE: &str = "write `constraints: [\"hidden * layers <= 4096\"]`";

/// Reads the list of expressions, each with its position.
pub fn read(entry: &Entry, names: ConstraintNames<'_>, findings: &mut Findings) -> Vec<(Constraint, Span)> {
    let items = match entry.value.list() {
        Some(items) => items,
        None if entry.value.text().is_some() => std::slice::from_ref(&entry.value),
        None => {
            let message = format!("`constraints` must be a list of expressions, found {}", entry.value.describe());
            findings.error_with(entry.key_span.clone(), message, Some(EXAMPLE.to_owned()));
            return Vec::new();
        }
    };
    items.iter().filter_map(|item| Some((read_item(item, names, findings)?, item.span.clone()))).collect()
}

fn read_item(item: &Node, names: ConstraintNames<'_>, findings: &mut Findings) -> Option<Constraint> {
    let Some(text) = item.text() else {
        let message = format!("a constraint must be text, found {}", item.describe());
        findings.error_with(item.span.clone(), message, Some(EXAMPLE.to_owned()));
        return None;
    };
    match ParamExpression::new(text, names.params.iter().map(|declared| &declared.param.name)) {
        Ok(expression) => Some(Constraint {
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            line: findings.line(item.span.start),
            predicate: Box::new(expression),
        }),
        Err(error) => {
            report(&error, item, names, findings);
            None
        }
    }
}

fn report(error: &ParamExpressionError, item: &Node, names: ConstraintNames<'_>, findings: &mut Findings) {
    let ParamExpressionError::Unknown(name) = error else {
        let hint = item.text().and_then(other_language);
        findings.error_with(item.span.clone(), format!("invalid constraint: {error}"), hint);
        return;
    };
    if names.resource.is_some_and(|resource| resource.name == *name) {
        let message = format!("a constraint cannot use the resource {}", quoted(name));
        let hint = "a configuration is chosen before its resource; constraints are over parameters only".to_owned();
        findings.error_with(item.span.clone(), message, Some(hint));
        return;
    }
    let called = |text: &str| text.split(name.as_str()).skip(1).any(|rest| rest.trim_start().starts_with('('));
    let hint = if item.text().is_some_and(called) {
        Some("expressions have filters instead of functions: `x | abs`, `[x, y] | max`, `text | length`".to_owned())
    } else {
        let all = || names.params.iter().map(|declared| &*declared.param.name);
        // such as `x-y`, which an expression reads as a difference
        let is_meant = |param: &&str| {
            let is_identifier = param.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
            !is_identifier && param.contains(name.as_str()) && item.text().is_some_and(|text| text.contains(*param))
        };
        let part = all().find(is_meant).filter(|_| !item.text().is_some_and(|text| text.contains("params[")));
        let bracketed = |param: &str| format!("write `params['{param}']` for the parameter {}", quoted(param));
        part.map(bracketed).or_else(|| suggestion(name, all()))
    };
    findings.error_with(item.span.clone(), format!("the constraint uses the unknown parameter {}", quoted(name)), hint);
}

/// How to write what other languages write in another way.
fn other_language(text: &str) -> Option<String> {
    let single_equals = |text: &str| {
        let without =
            ["==", "!=", "<=", ">="].iter().fold(text.to_owned(), |text, operator| text.replace(operator, ""));
        without.contains('=')
    };
    let found = match () {
        () if text.contains("&&") || text.contains("||") || text.contains('!') && !text.contains("!=") => {
            "write `and`, `or` and `not` instead of `&&`, `||` and `!`"
        }
        () if text.contains(';') => "write each constraint as an item of its own",
        () if single_equals(text) => "two values are compared by `==`",
        () => return None,
    };
    Some(found.to_owned())
}

/// Whether constraints that change nothing are worth a warning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UselessConstraints {
    /// The space is the one in the file.
    Warn,
    /// Parameters have values from the command line, with which some constraints may have no effect.
    Accept,
}

/// Reports what trial draws find about the constraints of `space`, whose positions are `spans`.
pub fn check(space: &Space, spans: &[Span], useless: UselessConstraints, findings: &mut Findings) {
    for ConstraintFinding { constraint, kind, tried } in space.check_constraint_draws() {
        let span = spans.get(constraint).cloned().unwrap_or_default();
        let among = match space.unconstrained_count() {
            Some(count) if count == tried as u64 => format!("of the {tried} configurations"),
            _ => format!("of {tried} drawn configurations"),
        };
        let relax = || Some("relax it, or widen the ranges of its parameters".to_owned());
        let (message, hint) = match kind {
            FindingKind::NotEvaluated { configuration, message } => {
                report_unevaluated(span, &configuration, &message, findings);
                continue;
            }
            FindingKind::NeverTrue => (format!("the constraint is true for none {among}"), relax()),
            FindingKind::NeverTrueTogether => (format!("none {among} fulfils all constraints"), relax()),
            FindingKind::AlwaysTrue | FindingKind::NeverApplies if useless == UselessConstraints::Accept => continue,
            FindingKind::AlwaysTrue => {
                findings.warn(span, format!("the constraint is true for each {among}, so it has no effect"), None);
                continue;
            }
            FindingKind::NeverApplies => {
                let message = format!("the parameters of the constraint are never active together in any {among}");
                findings.warn(span, message, None);
                continue;
            }
        };
        findings.error_with(span, message, hint);
    }
}

/// Reports a constraint that has no value for one of all configurations, where they were searched.
pub fn check_all(space: &Space, spans: &[Span], findings: &mut Findings) {
    if let Some(UnevaluatedConstraint { constraint, values, message }) = space.unevaluated_constraint() {
        report_unevaluated(spans.get(*constraint).cloned().unwrap_or_default(), values, message, findings);
    }
}

fn report_unevaluated(span: Span, values: &Assignment, message: &str, findings: &mut Findings) {
    let values = serde_json::to_string(values).unwrap_or_default();
    let hint = "a constraint is true or false for each configuration, as in `hidden * layers <= 4096`".to_owned();
    findings.error_with(span, format!("the constraint has no value for {values}: {message}"), Some(hint));
}
