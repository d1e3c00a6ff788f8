//! The written forms of a parameter's value: a list, a mapping, or `a:b:c`, turned into named arguments that keep their position.

use serde_json::Value;

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{camel, quoted, suggestion};
use crate::matrix::yaml::fields::{json, named};
use crate::matrix::yaml::node::{Content, Node, Span};
use crate::matrix::yaml::parse::scalar;
use crate::space::{Form, ParamKind};
use crate::words::args::{Args, Fault, Step};

/// Arguments with the place of each.
#[derive(Debug)]
pub struct SpannedArgs<'n> {
    /// As a kind reads them.
    pub args: Args,
    sources: Vec<(String, ArgSource<'n>)>,
    whole: Span,
}

#[derive(Debug)]
enum ArgSource<'n> {
    Node(&'n Node),
    Within(Span),
}

impl<'n> SpannedArgs<'n> {
    /// Arguments taken from nodes: `whole` is where faults about all of them are shown.
    pub fn of_nodes(entries: Vec<(String, &'n Node)>, whole: Span, findings: &mut Findings) -> SpannedArgs<'n> {
        let args = entries.iter().map(|(name, node)| (name.clone(), json(node, findings))).collect();
        let sources = entries.into_iter().map(|(name, node)| (name, ArgSource::Node(node))).collect();
        SpannedArgs { args, sources, whole }
    }

    /// Adds an argument that stands nowhere in the file by itself.
    pub fn add(&mut self, name: &str, value: Value) {
        self.args.set(name, value);
    }

    /// Notes what a kind found wrong with these arguments.
    pub fn report(&self, faults: Vec<Fault>, findings: &mut Findings) {
        for fault in faults {
            findings.error_with(self.place(&fault.path), fault.message, fault.hint);
        }
    }

    /// Notes what a kind has to say about these arguments.
    pub fn advise(&self, advice: Vec<Fault>, findings: &mut Findings) {
        for piece in advice {
            findings.warn(self.place(&piece.path), piece.message, piece.hint);
        }
    }

    fn place(&self, path: &[Step]) -> Span {
        let Some((Step::Key(name), rest)) = path.split_first() else { return self.whole.clone() };
        match self.sources.iter().find(|(other, _)| other == name) {
            Some((_, ArgSource::Node(node))) => node.place(rest),
            Some((_, ArgSource::Within(span))) => span.clone(),
            None => self.whole.clone(),
        }
    }
}

/// Reads `value` in any of the forms `kind` has; `place` is where faults about all of it are shown.
pub fn read<'n>(kind: &ParamKind, value: &'n Node, place: Span, findings: &mut Findings) -> Option<SpannedArgs<'n>> {
    match &value.content {
        Content::List(_) if kind.forms.iter().any(|form| matches!(form, Form::Items)) => {
            Some(SpannedArgs::of_nodes(vec![("items".to_owned(), value)], place, findings))
        }
        Content::List(items) => {
            let names = positions(kind).or_else(|| refuse(kind, value, findings))?;
            too_many(kind, &names, items.len(), place.clone(), findings)?;
            let entries = names.iter().zip(items).map(|(name, node)| ((*name).to_owned(), node)).collect();
            Some(SpannedArgs::of_nodes(entries, place, findings))
        }
        Content::Map(_) => by_name(kind, value, place, findings),
        Content::Text(text) => {
            let names = positions(kind).or_else(|| refuse(kind, value, findings))?;
            by_colons(kind, &names, text, value.span.clone(), findings)
        }
        _ => refuse(kind, value, findings),
    }
}

/// The names a list or a string gives values to, in order.
fn positions(kind: &ParamKind) -> Option<Vec<&'static str>> {
    kind.forms.iter().find_map(|form| match form {
        Form::Named { required, optional, positional: true } => Some([*required, *optional].concat()),
        _ => None,
    })
}

fn too_many(kind: &ParamKind, names: &[&str], count: usize, place: Span, findings: &mut Findings) -> Option<()> {
    if count > names.len() {
        findings.error(
            place,
            format!("`{}` takes at most {}: {}; found {count}", kind.name, names.len(), names.join(", ")),
        );
        return None;
    }
    Some(())
}

fn by_name<'n>(kind: &ParamKind, value: &'n Node, place: Span, findings: &mut Findings) -> Option<SpannedArgs<'n>> {
    let given = folded(value, findings);
    let forms = kind.forms.iter().filter_map(|form| match form {
        Form::Named { required, optional, .. } => Some([*required, *optional].concat()),
        Form::Items => None,
    });
    let forms: Vec<Vec<&str>> = forms.collect();
    let fits = |form: &Vec<&str>| given.iter().filter(|(name, ..)| form.contains(&name.as_str())).count();
    // The first of the forms with the most known names.
    let best = forms.iter().rev().max_by_key(|form| fits(form)).or_else(|| refuse(kind, value, findings))?;
    let mut clean = true;
    for (name, key, span, _) in &given {
        if best.contains(&name.as_str()) {
            continue;
        }
        clean = false;
        let known: Vec<&str> = best.iter().chain(forms.iter().flatten()).copied().collect();
        let hint = match known.contains(&name.as_str()) {
            true => Some(format!("the forms do not mix: give {}", best.join(", "))),
            false => suggestion(key, best.iter().copied()),
        };
        findings.error_with(span.clone(), format!("the value of `{}` has no field {}", kind.name, quoted(key)), hint);
    }
    let known = given.into_iter().filter(|(name, ..)| best.contains(&name.as_str()));
    let args = SpannedArgs::of_nodes(known.map(|(name, _, _, node)| (name, node)).collect(), place, findings);
    clean.then_some(args)
}

/// Folded name, written name, place of the name, value.
type Named<'n> = (String, &'n str, Span, &'n Node);

fn folded<'n>(value: &'n Node, findings: &mut Findings) -> Vec<Named<'n>> {
    let entries = named(value, "the value", value.span.clone(), findings);
    entries.into_iter().map(|e| (camel(&e.key), e.key.as_str(), e.key_span.clone(), &e.value)).collect()
}

fn by_colons<'n>(
    kind: &ParamKind,
    names: &[&str],
    text: &str,
    span: Span,
    findings: &mut Findings,
) -> Option<SpannedArgs<'n>> {
    let parts = pieces(text);
    too_many(kind, names, parts.len(), span.clone(), findings)?;
    let args = names.iter().zip(&parts).map(|(name, part)| ((*name).to_owned(), scalar(part))).collect();
    let sources = names.iter().map(|name| ((*name).to_owned(), ArgSource::Within(span.clone()))).collect();
    Some(SpannedArgs { args, sources, whole: span })
}

fn refuse<T>(kind: &ParamKind, value: &Node, findings: &mut Findings) -> Option<T> {
    let forms: Vec<String> = kind.forms.iter().map(shown).collect();
    let message = format!("the value of `{}` cannot be {}", kind.name, value.describe());
    findings.error_with(value.span.clone(), message, Some(format!("write {}", forms.join(" or "))));
    None
}

/// A form as one would write it.
fn shown(form: &Form) -> String {
    match form {
        Form::Items => "a list of values".to_owned(),
        Form::Named { required, positional: true, .. } => {
            format!("[{}], a mapping, or {}", required.join(", "), required.join(":"))
        }
        Form::Named { required, .. } => {
            format!("{{{}}}", required.iter().map(|r| format!("{r}: …")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// The parts of `a:b:c`. A colon inside a time of day does not part: `2020-01-01T10:00:00+02:00:2020-01-02T00:00:3600` has three.
pub fn pieces(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        let length = date_time(rest).unwrap_or_else(|| rest.find(':').unwrap_or(rest.len()));
        parts.push(rest[..length].trim());
        match rest[length..].strip_prefix(':') {
            Some(more) => rest = more,
            None => return parts,
        }
    }
}

/// The length of the date-time that `text` starts with, if it does and a colon or nothing follows.
fn date_time(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is = |at: usize, pattern: &str| {
        let fits = |(p, b): (u8, &u8)| if p == b'0' { b.is_ascii_digit() } else { p == *b };
        bytes.get(at..at + pattern.len()).is_some_and(|part| pattern.bytes().zip(part).all(fits))
    };
    let parted = |at: usize| bytes.get(at).is_none_or(|b| *b == b':');
    if !(is(0, "0000-00-00T00:00") || is(0, "0000-00-00 00:00")) {
        return None;
    }
    let mut at = 16;
    // Two digits after a colon are seconds, unless more digits follow: then the next part has begun.
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
    parted(at).then_some(at)
}

/// The arguments of a one-value domain.
pub fn single(value: Value) -> Args {
    [("items".to_owned(), Value::Array(vec![value]))].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_part_numbers_and_dates() {
        assert_eq!(pieces("0:10:0.5"), ["0", "10", "0.5"]);
        assert_eq!(pieces("2020-01-01:2020-02-01:7"), ["2020-01-01", "2020-02-01", "7"]);
        assert_eq!(
            pieces("2020-01-01T10:00:00+02:00:2020-01-02T00:00:3600"),
            ["2020-01-01T10:00:00+02:00", "2020-01-02T00:00", "3600"]
        );
        assert_eq!(
            pieces("2020-01-01 10:00:30.5Z:2020-01-01T11:00:60"),
            ["2020-01-01 10:00:30.5Z", "2020-01-01T11:00:60"]
        );
        assert_eq!(pieces(""), [""]);
        assert_eq!(pieces("é:"), ["é", ""]);
    }
}
