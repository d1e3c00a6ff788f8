//! Reads the value of a parameter in any of its forms (a list, a mapping, or `a:b:c`) into named arguments with positions.

use serde_json::Value;

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{camel_case, quoted, suggestion};
use crate::matrix::yaml::fields::{json, named};
use crate::matrix::yaml::node::{Content, Node, Span};
use crate::matrix::yaml::parse::parse_value;
use crate::space::{Form, ParamKind};
use crate::types::args::{ArgError, Args, PathSegment};

/// Arguments of a kind, with the position of each in the file.
#[derive(Debug)]
pub struct SpannedArgs<'n> {
    /// The arguments, without positions.
    pub args: Args,
    sources: Vec<(String, ArgSource<'n>)>,
    /// Where errors about all arguments are shown.
    span: Span,
}

/// What an argument was read from.
#[derive(Debug)]
enum ArgSource<'n> {
    Node(&'n Node),
    /// A part of the text at this position.
    Text(Span),
}

impl<'n> SpannedArgs<'n> {
    /// Reads each node as an argument. Errors about all arguments are shown at `span`.
    pub fn from_nodes(entries: Vec<(String, &'n Node)>, span: Span, findings: &mut Findings) -> SpannedArgs<'n> {
        let args = entries.iter().map(|(name, node)| (name.clone(), json(node, findings))).collect();
        let sources = entries.into_iter().map(|(name, node)| (name, ArgSource::Node(node))).collect();
        SpannedArgs { args, sources, span }
    }

    /// Adds an argument that has no position.
    pub fn add(&mut self, name: &str, value: Value) {
        self.args.set(name, value);
    }

    /// Records errors about these arguments at their positions.
    pub fn report_errors(&self, errors: Vec<ArgError>, findings: &mut Findings) {
        for error in errors {
            findings.error_with(self.span_at(&error.path), error.message, error.hint);
        }
    }

    /// Records warnings about these arguments at their positions.
    pub fn report_warnings(&self, warnings: Vec<ArgError>, findings: &mut Findings) {
        for warning in warnings {
            findings.warn(self.span_at(&warning.path), warning.message, warning.hint);
        }
    }

    fn span_at(&self, path: &[PathSegment]) -> Span {
        let Some((PathSegment::Key(name), rest)) = path.split_first() else { return self.span.clone() };
        match self.sources.iter().find(|(other, _)| other == name) {
            Some((_, ArgSource::Node(node))) => node.span_at(rest),
            Some((_, ArgSource::Text(span))) => span.clone(),
            None => self.span.clone(),
        }
    }
}

/// Reads `value` in any form that `kind` accepts. Errors about the whole value are shown at `span`.
pub fn read_args<'n>(
    kind: &ParamKind,
    value: &'n Node,
    span: Span,
    findings: &mut Findings,
) -> Option<SpannedArgs<'n>> {
    match &value.content {
        _ if kind.forms.iter().any(|form| matches!(form, Form::Whole)) => {
            Some(SpannedArgs::from_nodes(vec![("value".to_owned(), value)], span, findings))
        }
        Content::List(_) if kind.forms.iter().any(|form| matches!(form, Form::Items)) => {
            Some(SpannedArgs::from_nodes(vec![("items".to_owned(), value)], span, findings))
        }
        Content::List(items) => {
            let names = positional_names(kind).or_else(|| unsupported_form(kind, value, findings))?;
            check_length(kind, &names, items.len(), span.clone(), findings)?;
            let entries = names.iter().zip(items).map(|(name, node)| ((*name).to_owned(), node)).collect();
            Some(SpannedArgs::from_nodes(entries, span, findings))
        }
        Content::Map(_) => read_mapping(kind, value, span, findings),
        Content::Text(text) => {
            let names = positional_names(kind).or_else(|| unsupported_form(kind, value, findings))?;
            read_text(kind, &names, text, value.span.clone(), findings)
        }
        _ => unsupported_form(kind, value, findings),
    }
}

/// The names of the elements of a list or of `a:b:c`, in order.
fn positional_names(kind: &ParamKind) -> Option<Vec<&'static str>> {
    kind.forms.iter().find_map(|form| match form {
        Form::Named { required, optional, positional: true } => Some([*required, *optional].concat()),
        _ => None,
    })
}

fn check_length(kind: &ParamKind, names: &[&str], count: usize, span: Span, findings: &mut Findings) -> Option<()> {
    if count > names.len() {
        let (kind, most, names) = (kind.name, names.len(), names.join(", "));
        findings.error(span, format!("`{kind}` takes at most {most} values ({names}), found {count}"));
        return None;
    }
    Some(())
}

fn read_mapping<'n>(kind: &ParamKind, value: &'n Node, span: Span, findings: &mut Findings) -> Option<SpannedArgs<'n>> {
    let entries = mapping_entries(value, findings);
    let forms = kind.forms.iter().filter_map(|form| match form {
        Form::Named { required, optional, .. } => Some([*required, *optional].concat()),
        Form::Items | Form::Whole => None,
    });
    let forms: Vec<Vec<&str>> = forms.collect();
    let known_names = |form: &Vec<&str>| entries.iter().filter(|entry| form.contains(&entry.name.as_str())).count();
    // the first of the forms with the most known names
    let form =
        forms.iter().rev().max_by_key(|form| known_names(form)).or_else(|| unsupported_form(kind, value, findings))?;
    let (known, unknown): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| form.contains(&entry.name.as_str()));
    let is_valid = unknown.is_empty();
    for entry in unknown {
        let hint = match forms.iter().flatten().any(|other| *other == entry.name) {
            true => Some(format!("fields of two forms are mixed; use {}", form.join(", "))),
            false => suggestion(entry.key, form.iter().copied()),
        };
        let message = format!("unknown field {} in the value of `{}`", quoted(entry.key), kind.name);
        findings.error_with(entry.key_span, message, hint);
    }
    let args = SpannedArgs::from_nodes(known.into_iter().map(|e| (e.name, e.value)).collect(), span, findings);
    is_valid.then_some(args)
}

struct MappingEntry<'n> {
    /// The key in camelCase.
    name: String,
    /// The key as given.
    key: &'n str,
    key_span: Span,
    value: &'n Node,
}

fn mapping_entries<'n>(value: &'n Node, findings: &mut Findings) -> Vec<MappingEntry<'n>> {
    let entries = named(value, "the value", value.span.clone(), findings).into_iter();
    let read = entries.map(|entry| MappingEntry {
        name: camel_case(&entry.key),
        key: &entry.key,
        key_span: entry.key_span.clone(),
        value: &entry.value,
    });
    read.collect()
}

fn read_text<'n>(
    kind: &ParamKind,
    names: &[&str],
    text: &str,
    span: Span,
    findings: &mut Findings,
) -> Option<SpannedArgs<'n>> {
    let parts = split_at_colons(text);
    check_length(kind, names, parts.len(), span.clone(), findings)?;
    let args = names.iter().zip(&parts).map(|(name, part)| ((*name).to_owned(), parse_value(part))).collect();
    let sources = names.iter().map(|name| ((*name).to_owned(), ArgSource::Text(span.clone()))).collect();
    Some(SpannedArgs { args, sources, span })
}

/// Records an error that lists the forms of `kind`.
fn unsupported_form<T>(kind: &ParamKind, value: &Node, findings: &mut Findings) -> Option<T> {
    let forms: Vec<String> = kind.forms.iter().map(example).collect();
    let message = format!("the value of `{}` cannot be {}", kind.name, value.describe());
    findings.error_with(value.span.clone(), message, Some(format!("write {}", forms.join(" or "))));
    None
}

/// The form as it is written in a file.
fn example(form: &Form) -> String {
    match form {
        Form::Items => "a list of values".to_owned(),
        Form::Whole => "any value".to_owned(),
        Form::Named { required, positional: true, .. } => {
            format!("[{}], a mapping, or {}", required.join(", "), required.join(":"))
        }
        Form::Named { required, .. } => {
            format!("{{{}}}", required.iter().map(|r| format!("{r}: …")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Splits `a:b:c` at its colons, except those inside a time: `2020-01-01T10:00:00+02:00:2020-01-02T00:00:3600` has three parts.
fn split_at_colons(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        let length = date_time_length(rest).unwrap_or_else(|| rest.find(':').unwrap_or(rest.len()));
        parts.push(rest[..length].trim());
        match rest[length..].strip_prefix(':') {
            Some(more) => rest = more,
            None => return parts,
        }
    }
}

/// The length in bytes of a date and time at the start of `text` that is followed by a colon or the end.
fn date_time_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // in a pattern, 0 matches any digit
    let is = |at: usize, pattern: &str| {
        let fits = |(p, b): (u8, &u8)| if p == b'0' { b.is_ascii_digit() } else { p == *b };
        bytes.get(at..at + pattern.len()).is_some_and(|part| pattern.bytes().zip(part).all(fits))
    };
    if !(is(0, "0000-00-00T00:00") || is(0, "0000-00-00 00:00")) {
        return None;
    }
    let mut at = 16;
    // two digits after a colon are seconds; more digits are the next part
    if is(at, ":00") && !bytes.get(at + 3).is_some_and(u8::is_ascii_digit) {
        at += 3;
        if bytes.get(at) == Some(&b'.') {
            at += 1 + bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
    }
    if bytes.get(at).is_some_and(|b| matches!(b, b'Z' | b'z')) {
        at += 1;
    } else if is(at, "+00:00") || is(at, "-00:00") {
        at += 6;
    } else if is(at, "+0000") || is(at, "-0000") {
        at += 5;
    }
    bytes.get(at).is_none_or(|b| *b == b':').then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_split_at_colons() {
        assert_eq!(split_at_colons("0:10:0.5"), ["0", "10", "0.5"]);
        assert_eq!(split_at_colons("2020-01-01:2020-02-01:7"), ["2020-01-01", "2020-02-01", "7"]);
        assert_eq!(
            split_at_colons("2020-01-01T10:00:00+02:00:2020-01-02T00:00:3600"),
            ["2020-01-01T10:00:00+02:00", "2020-01-02T00:00", "3600"]
        );
        assert_eq!(
            split_at_colons("2020-01-01 10:00:30.5Z:2020-01-01T11:00:60"),
            ["2020-01-01 10:00:30.5Z", "2020-01-01T11:00:60"]
        );
        assert_eq!(split_at_colons(""), [""]);
        assert_eq!(split_at_colons("é:"), ["é", ""]);
    }
}
