//! Dictionaries of search expressions without a tool around them: `lr: loguniform(1e-5, 1)`, `{type: float, low: 0, high: 1}`, and
//! Optuna's distributions as JSON.

use std::path::Path;

use serde_json::{Number, Value};

use super::expressions::{self, Language, Meaning, SearchValue};
use crate::import::domain::ImportedDomain;
use crate::import::note::Note;
use crate::import::reader::{Reader, whole};
use crate::import::section::Section;
use crate::import::study::{ImportedParam, ImportedStudy};
use crate::matrix::foreign::{named_search_text, search_text};
use crate::matrix::yaml::node::{Content, Entry, Node};
use crate::matrix::yaml::parse::parse;

/// Deepest nesting of mappings.
const MAX_LEVELS: usize = 16;

/// A fidelity with the name of its parameter.
pub struct NamedFidelity {
    /// The name.
    pub name: String,
    /// The least amount, the amount of a whole training, the factor between rungs.
    pub bounds: [Number; 3],
}

/// Reads a dictionary.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    study.set("kind", "random");
    let mut space = SpaceReader { language: Language::Python, params: Vec::new(), fidelity: None };
    match root.list() {
        Some(items) => items.iter().for_each(|item| space.item(item, reader)),
        None => root.map().unwrap_or_default().iter().for_each(|entry| space.entry(entry, "", 0, reader)),
    }
    study.params = space.params;
    study.set_runs(None);
    if let Some(fidelity) = space.fidelity {
        set_fidelity(fidelity, &mut study);
    }
    study.require_metric();
    study.set_initial();
    study.notes.push(Note::without_line("a dictionary has no command", "give it after `--`"));
    study
}

/// The schedule of a fidelity: Hyperband.
pub fn set_fidelity(fidelity: NamedFidelity, study: &mut ImportedStudy) {
    let NamedFidelity { name, bounds: [low, high, base] } = fidelity;
    study.remove("numRuns");
    study.set("kind", "hyperband");
    let kind = if whole(&low).is_some() && whole(&high).is_some() { "int" } else { "float" };
    study.set("maxIterations", Value::Number(high));
    study.set("minIterations", Value::Number(low));
    study.set("eta", Value::Number(base));
    study.set_resource(&name, kind);
}

/// Reads parameters from a nested mapping.
pub struct SpaceReader {
    /// Whose functions are called.
    pub language: Language,
    /// The parameters so far.
    pub params: Vec<ImportedParam>,
    /// The fidelity, if there is one.
    pub fidelity: Option<NamedFidelity>,
}

impl SpaceReader {
    /// Reads an entry; `prefix` is the name of the mapping around it with a dot, or empty.
    pub fn entry(&mut self, entry: &Entry, prefix: &str, level: usize, reader: &mut Reader) {
        let name = format!("{prefix}{}", entry.key.trim_end_matches('~'));
        if let Some((own, expression)) = named_search_text(&entry.key).filter(|_| entry.value.is_null()) {
            // a set, or `lr~uniform(0, 1):`
            return self.search(&format!("{prefix}{own}"), expression, &entry.value, entry, reader);
        }
        match &entry.value.content {
            Content::Text(text) if search_text(text).is_some() => self.search(&name, text, &entry.value, entry, reader),
            Content::Text(text) if text.trim_start().starts_with("orion~") => {
                let hint = "known are uniform, loguniform, normal, choices and fidelity";
                reader.error(&entry.value.span, format!("unknown expression `{text}`"), hint);
            }
            Content::Text(text) if is_written_distribution(text) => self.written(&name, text, entry, reader),
            Content::Map(_) if is_typed(&entry.value) => {
                let param = typed(&name, &entry.value, entry, reader);
                self.params.extend(param);
            }
            Content::Map(entries) if !entries.is_empty() && level < MAX_LEVELS => {
                entries.iter().for_each(|inner| self.entry(inner, &format!("{name}."), level + 1, reader));
            }
            _ => {
                let value = reader.json(&entry.value);
                let domain = ImportedDomain::constant(value);
                self.params.push(ImportedParam::new(name, entry.key_span.clone(), domain));
            }
        }
    }

    /// Reads `lr~uniform(0, 1)` or `opt=choice(a, b)`.
    pub fn item(&mut self, item: &Node, reader: &mut Reader) {
        let Some((name, expression)) = item.text().and_then(named_search_text) else {
            let message = format!("expected `name~expression`, found {}", item.describe());
            return reader.error(&item.span, message, "as in `lr~loguniform(1e-5, 1)`");
        };
        let entry = Entry { key: name.to_owned(), key_span: item.span.clone(), value: item.clone() };
        self.search(name.trim_start_matches('-'), expression, item, &entry, reader);
    }

    /// Reads the expression `text` as the parameter `name`.
    pub fn search(&mut self, name: &str, text: &str, node: &Node, entry: &Entry, reader: &mut Reader) {
        let Some(SearchValue { meaning, first, notes }) = expressions::read(text, node, self.language, reader) else {
            return;
        };
        match meaning {
            Meaning::Domain(domain) => {
                let param = ImportedParam { notes, first, ..ImportedParam::new(name, entry.key_span.clone(), domain) };
                if reader.check_domain(&param) {
                    self.params.push(param);
                }
            }
            Meaning::Fidelity { low, high, base } => {
                self.fidelity = Some(NamedFidelity { name: name.to_owned(), bounds: [low, high, base] });
            }
        }
    }

    /// A distribution that is JSON in a text, as Optuna's `distribution_to_json` gives it.
    fn written(&mut self, name: &str, text: &str, entry: &Entry, reader: &mut Reader) {
        match parse(text) {
            Ok(node) => {
                let mut node = node;
                // positions in the text are not those of the file
                set_spans(&mut node, entry);
                let param = typed(name, &node, entry, reader);
                self.params.extend(param);
            }
            Err(error) => reader.error(&entry.value.span, format!("the text is no JSON: {error}"), ""),
        }
    }
}

fn set_spans(node: &mut Node, entry: &Entry) {
    node.span = entry.value.span.clone();
    match &mut node.content {
        Content::List(items) => items.iter_mut().for_each(|item| set_spans(item, entry)),
        Content::Map(entries) => entries.iter_mut().for_each(|inner| {
            inner.key_span = entry.value.span.clone();
            set_spans(&mut inner.value, entry);
        }),
        _ => {}
    }
}

fn is_written_distribution(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("Distribution\"")
}

fn is_typed(node: &Node) -> bool {
    let has_type = node.get("type").is_some_and(|kind| kind.text().is_some());
    has_type || (node.get("name").is_some() && node.get("attributes").is_some())
}

/// Reads `{type, low, high, log, step, q, choices}` or `{name: FloatDistribution, attributes: {…}}`.
pub fn typed(name: &str, node: &Node, entry: &Entry, reader: &mut Reader) -> Option<ImportedParam> {
    let what = format!("the parameter `{name}`");
    let mut fields = Section::new(node, &what, &entry.key_span, reader)?;
    let kind = fields.required(&["type", "name"], reader)?;
    let kind_name = reader.text(&kind.value, "`type`")?;
    if let Some(attributes) = fields.entry(&["attributes"]) {
        fields = Section::new(&attributes.value, "`attributes`", &attributes.key_span, reader)?;
    }
    let default = fields.value(&["default", "default_value", "initial"]).map(|node| reader.json(node));
    let domain = typed_domain(kind_name, &kind.value, &mut fields, reader)?;
    let notes = fields.unread(&[], reader);
    let param = ImportedParam { notes, first: default, ..ImportedParam::new(name, entry.key_span.clone(), domain) };
    reader.check_domain(&param).then_some(param)
}

/// `suggest_float`, `FloatDistribution`, `float` and `uniform_float` are the same.
fn plain_type(kind: &str) -> String {
    let kind = kind.trim_start_matches("suggest_").trim_end_matches("Distribution").to_ascii_lowercase();
    kind.replace(['_', '-'], "")
}

fn typed_domain(kind: &str, at: &Node, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let plain = plain_type(kind);
    let flag = |fields: &mut Section<'_>| {
        fields.value(&["log", "log_scale"]).is_some_and(|node| node.content == Content::Bool(true))
    };
    let is_log =
        flag(fields) || matches!(plain.as_str(), "loguniform" | "intloguniform" | "logfloat" | "logint" | "log");
    match plain.as_str() {
        "float" | "double" | "real" | "uniform" | "loguniform" | "discreteuniform" | "quniform" | "uniformfloat"
        | "logfloat" | "log" | "range" | "continuous" => floats(is_log, fields, reader),
        "int" | "integer" | "intuniform" | "intloguniform" | "uniformint" | "randint" | "logint" => {
            integers(is_log, fields, reader)
        }
        "categorical" | "choice" | "ordinal" | "enum" | "discrete" | "bool" | "boolean" => {
            choices(&plain, fields, reader)
        }
        "constant" | "fixed" => {
            let value = fields.required(&["value"], reader)?;
            Some(ImportedDomain::constant(reader.json(&value.value)))
        }
        _ => {
            let hint = "known types are float, int, categorical and constant";
            reader.error(&at.span, format!("unknown type `{kind}`"), hint);
            None
        }
    }
}

fn choices(kind: &str, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let names = ["choices", "values", "options", "categories", "sequence"];
    let entry = match fields.entry(&names) {
        None if kind.starts_with("bool") => return Some(ImportedDomain::choice(vec![true.into(), false.into()])),
        None => return fields.required(&names, reader).and(None),
        Some(entry) => entry,
    };
    let items = reader.list(&entry.value, "the choices")?;
    Some(ImportedDomain::choice(items.iter().map(|item| reader.json(item)).collect()))
}

/// The bounds and the step.
fn bounds(fields: &mut Section<'_>, reader: &mut Reader) -> Option<(Number, Number, Option<Number>)> {
    let step = fields.value(&["step", "q"]).and_then(|node| reader.number(node, "`step`"));
    if let Some(step) = step.as_ref().filter(|step| step.as_f64().is_none_or(|step| step <= 0.0)) {
        reader.error(&fields.span().clone(), format!("`step` must be above 0, found {step}"), "");
        return None;
    }
    if let Some(node) = fields.value(&["bounds", "range"]) {
        let items = reader.list(node, "the bounds")?;
        let [low, high] = items else {
            reader.error(&node.span, "the bounds must be two numbers", "");
            return None;
        };
        let (low, high) = (reader.number(low, "a bound"), reader.number(high, "a bound"));
        return Some((low?, high?, step));
    }
    let low = fields.required(&["low", "min", "lower", "start"], reader)?;
    let high = fields.required(&["high", "max", "upper", "stop"], reader)?;
    let low = reader.number(&low.value, "the lower bound");
    let high = reader.number(&high.value, "the upper bound");
    Some((low?, high?, step))
}

fn floats(is_log: bool, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let (low, high, step) = bounds(fields, reader)?;
    Some(match step {
        Some(step) if is_log => ImportedDomain::q_log_uniform(low, high, step),
        // Optuna: low, low + step, …
        Some(step) if low.as_f64() < high.as_f64() => ImportedDomain::stepped(&low, &high, &step),
        _ if is_log => ImportedDomain::log_uniform(low, high),
        _ => ImportedDomain::uniform(low, high),
    })
}

fn integers(is_log: bool, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let (low, high, step) = bounds(fields, reader)?;
    let step = step.map_or(Some(1), |step| whole(&step));
    let (Some(low), Some(high), Some(step)) = (whole(&low), whole(&high), step) else {
        reader.error(fields.span(), "the bounds and the step of integers must be whole numbers", "");
        return None;
    };
    Some(if is_log { ImportedDomain::log_int(low, high) } else { ImportedDomain::stepped_int(low, high, step) })
}
