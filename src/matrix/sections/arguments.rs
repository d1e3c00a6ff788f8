//! Reads how parameters are passed: `arguments` or `argStyle` of the matrix, `arg` of a parameter.

use crate::command::style::catalogue::ArgStyle;
use crate::command::style::form::{Booleans, Lists, NameForm, NullForm, ValueForm};
use crate::command::style::settings::ArgSettings;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Content, Entry, Node, Span};

/// The value of `nulls` that leaves the argument out.
const OMIT: &str = "omit";

/// Reads `arguments` and its short form `argStyle`, with the position of either.
pub fn read(fields: &mut Fields<'_>, findings: &mut Findings) -> (ArgSettings, Option<Span>) {
    let short = fields.value("argStyle");
    let long = fields.value("arguments");
    let mut settings = long.map_or_else(ArgSettings::default, |entry| read_settings(entry, Scope::All, findings));
    if let Some(entry) = short {
        if settings.style.is_some() {
            findings.error(entry.key_span.clone(), "`argStyle` and `style` in `arguments` cannot both be given");
        }
        settings.style = word("argStyle", &entry.value, &ArgStyle::all(), findings);
    }
    (settings, long.or(short).map(|entry| entry.key_span.clone()))
}

/// Reads `arg`: a mapping, or one word of any of its fields.
pub fn read_param(entry: &Entry, findings: &mut Findings) -> ArgSettings {
    if entry.value.map().is_some() {
        return read_settings(entry, Scope::One, findings);
    }
    let Some(text) = source_text(&entry.value, findings) else {
        findings.error(
            entry.value.span.clone(),
            format!("`arg` must be a word or a mapping, found {}", entry.value.describe()),
        );
        return ArgSettings::default();
    };
    let mut settings = ArgSettings::default();
    match &*text {
        name if name.starts_with(['-', '+']) || is_variable(name) => settings.form.name = Some(name.to_owned()),
        _ => {
            settings.style = ArgStyle::by_name(&text);
            settings.form.booleans = find(&text, &Booleans::NAMES);
            settings.form.lists = find(&text, &Lists::NAMES);
            settings.form.names = find(&text, &NameForm::NAMES);
        }
    }
    if settings == ArgSettings::default() {
        let hint = suggestion(&text, words());
        findings.error_with(entry.value.span.clone(), format!("invalid value {} for `arg`", quoted(&text)), hint);
    }
    settings
}

/// The words that `arg` may be.
fn words() -> impl Iterator<Item = &'static str> + Clone {
    let styles = ArgStyle::all().map(|(name, _)| name).into_iter();
    let names = styles.chain(Booleans::NAMES.map(|(name, _)| name)).chain(Lists::NAMES.map(|(name, _)| name));
    names.chain(NameForm::NAMES.map(|(name, _)| name))
}

/// Whether `text` is the name of an environment variable in capitals, and no word in another spelling.
fn is_variable(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !words().any(|word| word.replace('-', "_").eq_ignore_ascii_case(text))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    One,
}

fn read_settings(entry: &Entry, scope: Scope, findings: &mut Findings) -> ArgSettings {
    let what = format!("`{}`", entry.key);
    let fields = Fields::new(&entry.value, &what, entry.key_span.clone(), findings);
    let Some(mut fields) = fields else { return ArgSettings::default() };
    let style = field(&mut fields, "style", &ArgStyle::all(), findings);
    let form = ValueForm {
        booleans: field(&mut fields, "booleans", &Booleans::NAMES, findings),
        lists: field(&mut fields, "lists", &Lists::NAMES, findings),
        // YAML reads the key `null` as null, which other readers of the file may refuse.
        null: fields.entry("nulls").or(fields.hidden("null")).and_then(|entry| null_form(&entry.value, findings)),
        names: field(&mut fields, "names", &NameForm::NAMES, findings),
        name: match scope {
            Scope::One => fields.text("name", findings).map(|(name, _)| name.to_owned()),
            Scope::All => None,
        },
    };
    fields.finish(findings);
    ArgSettings { style, form }
}

fn field<T: Copy>(
    fields: &mut Fields<'_>,
    name: &'static str,
    words: &[(&'static str, T)],
    findings: &mut Findings,
) -> Option<T> {
    let entry = fields.value(name)?;
    word(name, &entry.value, words, findings)
}

fn word<T: Copy>(field: &str, node: &Node, words: &[(&'static str, T)], findings: &mut Findings) -> Option<T> {
    let text = source_text(node, findings);
    let found = text.as_deref().and_then(|text| find(text, words));
    if found.is_none() {
        let text = text.unwrap_or_else(|| node.describe());
        let hint = suggestion(&text, words.iter().map(|(word, _)| *word));
        findings.error_with(node.span.clone(), format!("invalid value {} for `{field}`", quoted(&text)), hint);
    }
    found
}

fn find<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Option<T> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
}

fn null_form(node: &Node, findings: &mut Findings) -> Option<NullForm> {
    let text = source_text(node, findings);
    if text.is_none() {
        let message = format!("`nulls` must be `{OMIT}` or the word to pass, found {}", node.describe());
        findings.error(node.span.clone(), message);
    }
    text.map(|text| if text == OMIT { NullForm::Omit } else { NullForm::Word(text) })
}

/// A scalar as it is written in the file: `True` and `true` are the same boolean of YAML, but different words here.
fn source_text(node: &Node, findings: &Findings) -> Option<String> {
    match &node.content {
        Content::Text(text) => Some(text.clone()),
        Content::Null | Content::Bool(_) | Content::Number(_) => {
            let source = findings.source().text.get(node.span.clone()).map(str::trim);
            let written = source.filter(|text| !text.is_empty()).map(str::to_owned);
            written.or_else(|| Some(node.to_json(&mut Vec::new()).to_string()))
        }
        Content::NotFinite(_) | Content::List(_) | Content::Map(_) => None,
    }
}
