//! Reads parameters from nested mappings, whose values are search expressions, declarations with a type, or constants.

use serde_json::{Number, Value};

use super::expressions::{self, Language, Meaning, SearchValue};
use super::typed::{ITEM_NAMES, typed, typed_item};
use crate::import::domain::ImportedDomain;
use crate::import::note::Note;
use crate::import::reader::{Reader, whole};
use crate::import::study::{ImportedParam, ImportedStudy};
use crate::matrix::foreign::{
    HIGH_FIELDS, LOW_FIELDS, TYPE_FIELDS, is_grid_search, is_typed, is_typed_item, named_search_text, search_text,
};
use crate::matrix::yaml::node::{Content, Entry, Node};
use crate::matrix::yaml::parse::parse;

/// Fields with the bounds of a range.
const BOUNDS: [&[&str]; 2] = [&LOW_FIELDS, &HIGH_FIELDS];

/// Deepest nesting of mappings.
const MAX_LEVELS: usize = 16;

/// A fidelity with the name of its parameter.
pub struct NamedFidelity {
    /// The name.
    pub name: String,
    /// The least amount, the amount of a whole training, the factor between rungs.
    pub bounds: [Number; 3],
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
    /// The numbers of values of the parameters of which Ray Tune runs all combinations.
    grid: Vec<u64>,
}

impl SpaceReader {
    /// Without parameters.
    pub fn new(language: Language) -> SpaceReader {
        SpaceReader { language, params: Vec::new(), fidelity: None, grid: Vec::new() }
    }

    /// The kind and the number of trials. Ray Tune runs all combinations of the parameters with `grid_search`, `samples` times.
    pub fn set_runs(&self, samples: Option<u64>, study: &mut ImportedStudy) {
        let varying = study.params.iter().filter(|param| param.domain.kind.is_some()).count();
        let drawn = varying > self.grid.len();
        if self.grid.is_empty() && drawn {
            return study.set_runs(samples);
        }
        let combinations = self.grid.iter().product::<u64>();
        if drawn {
            let message = format!("Ray Tune runs all {combinations} combinations of `grid_search` with other draws");
            study.set_runs(Some(combinations.saturating_mul(samples.unwrap_or(1))));
            return study
                .set("kind", "random")
                .notes
                .push(Note::without_line(message, "here all parameters are drawn"));
        }
        study.set_grid(None);
        if let Some(samples) = samples.filter(|samples| *samples > 1) {
            let message = format!("`num_samples: {samples}` is not carried over: each combination runs once");
            study
                .set("kind", "grid")
                .notes
                .push(Note::without_line(message, "use other seeds in studies of their own"));
        }
    }

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
            Content::Map(inner) if is_grid_search(&entry.value) => {
                let items = inner.iter().flat_map(|grid| grid.value.list().unwrap_or_default());
                let values: Vec<Value> = items.map(|item| reader.json(item)).collect();
                self.grid.push(values.len() as u64);
                let param = ImportedParam::new(name, entry.key_span.clone(), ImportedDomain::choice(values));
                if reader.check_domain(&param) {
                    self.params.push(param);
                }
            }
            Content::Map(inner)
                if let [code] = inner.as_slice()
                    && is_code(code) =>
            {
                self.code(&name, code, entry, reader);
            }
            Content::Map(_) if self.language != Language::Ray && is_declaration(&entry.value) => {
                let param = typed(&name, &entry.value, entry, reader);
                self.params.extend(param);
            }
            Content::List(items) if self.language == Language::Python && items.iter().any(is_typed_item) => {
                items.iter().for_each(|item| self.item(item, reader));
            }
            Content::Map(entries) if !entries.is_empty() && level < MAX_LEVELS => {
                entries.iter().for_each(|inner| self.entry(inner, &format!("{name}."), level + 1, reader));
            }
            _ => {
                let notes = self.doubt(&entry.value, &entry.key, prefix).into_iter();
                let notes = notes.map(|(what, action)| reader.note(&entry.key_span, what, action)).collect();
                let domain = ImportedDomain::constant(reader.json(&entry.value));
                self.params.push(ImportedParam { notes, ..ImportedParam::new(name, entry.key_span.clone(), domain) });
            }
        }
    }

    /// Why a constant may be meant as something else, and what to do then.
    fn doubt(&self, value: &Node, key: &str, prefix: &str) -> Option<(String, &'static str)> {
        let is_scalar = |item: &Node| !matches!(item.content, Content::Map(_) | Content::List(_));
        if self.language != Language::Python {
            return None;
        }
        match &value.content {
            Content::List(items) if items.len() > 1 && items.iter().all(is_scalar) => {
                let what = "a list without a type is one value".to_owned();
                Some((what, "use `kind: choice` to try its items, or `kind: int` or `uniform` for a range"))
            }
            _ if !prefix.is_empty() && BOUNDS.iter().any(|names| names.contains(&key)) => {
                let what = format!("`{key}` is a constant: beside it is no other bound, or an unknown field");
                Some((what, "use a kind and a value if it is a bound of a range"))
            }
            _ => None,
        }
    }

    /// Reads `lr~uniform(0, 1)`, `opt=choice(a, b)` or `{name: lr, type: float, low: 0, high: 1}`.
    pub fn item(&mut self, item: &Node, reader: &mut Reader) {
        if is_typed_item(item) {
            let param = typed_item(item, reader);
            return self.params.extend(param);
        }
        let Some((name, expression)) = item.text().and_then(named_search_text) else {
            if ITEM_NAMES.iter().any(|name| item.get(name).is_some()) {
                let message = "the parameter has neither a type nor values";
                return reader.error(&item.span, message, "add `type`, with `low` and `high` or `choices`");
            }
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
                let is_grid = search_text(text).is_some_and(|(_, call)| call.starts_with("grid_search"));
                self.grid.extend(domain.cardinality().filter(|_| is_grid));
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

    /// `{eval: "random.uniform(0, 1)"}`, which Ray Tune evaluates as Python for each trial.
    fn code(&mut self, name: &str, code: &Entry, entry: &Entry, reader: &mut Reader) {
        let text = code.value.text().unwrap_or_default();
        let expression =
            text.rsplit_once("lambda").map_or(text, |(_, body)| body.split_once(':').map_or(text, |(_, body)| body));
        let expression = expression.trim().trim_start_matches("np.").trim_start_matches("random.");
        if search_text(expression).is_some() {
            return self.search(name, expression, &code.value, entry, reader);
        }
        let domain = ImportedDomain::constant(text.into());
        let note = reader.note(&code.key_span, "Python code is not carried over", "replace it by a kind and a value");
        let param = ImportedParam { notes: vec![note], ..ImportedParam::new(name, entry.key_span.clone(), domain) };
        self.params.push(param);
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

fn is_code(entry: &Entry) -> bool {
    ["eval", "sample_from"].contains(&entry.key.as_str()) && entry.value.text().is_some()
}

fn is_written_distribution(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("Distribution\"")
}

/// Whether the mapping declares a parameter, perhaps with mistakes.
fn is_declaration(node: &Node) -> bool {
    let has_type = TYPE_FIELDS.iter().any(|name| node.get(name).is_some_and(|kind| kind.text().is_some()));
    has_type || is_typed(node) || (node.get("name").is_some() && node.get("attributes").is_some())
}
