//! Parameters with a type: `{type: float, low: 0, high: 1}`, and Optuna's distributions; in a list, with their name.

use serde_json::{Number, Value};

use crate::import::domain::ImportedDomain;
use crate::import::reader::{Reader, whole};
use crate::import::section::Section;
use crate::import::study::ImportedParam;
use crate::matrix::diagnostics::suggest::typo_of;
use crate::matrix::foreign::{HIGH_FIELDS, LOW_FIELDS, TYPE_FIELDS, VALUE_FIELDS, is_untyped_choice, is_untyped_range};
use crate::matrix::yaml::node::{Content, Entry, Node, Span};

/// Fields that say nothing about the values.
const DESCRIPTIONS: [&str; 4] = ["description", "help", "comment", "label"];

/// The fields that name the parameter in an item of a list.
pub const ITEM_NAMES: [&str; 5] = ["name", "field", "param_name", "param", "parameter"];

/// Reads `{type, low, high, log, step, q, choices}`, `{low, high, log}` or `{name: FloatDistribution, attributes: {…}}`.
pub fn typed(name: &str, node: &Node, entry: &Entry, reader: &mut Reader) -> Option<ImportedParam> {
    let what = format!("the parameter `{name}`");
    let fields = Section::new(node, &what, &entry.key_span, reader)?;
    read(name, (fields, UntypedParam::of(node)), &entry.key_span, reader)
}

/// Reads an item of a list: `{name: lr, type: float, …}` or `{type: float, attributes: {name: lr, …}}`.
pub fn typed_item(item: &Node, reader: &mut Reader) -> Option<ImportedParam> {
    let mut fields = Section::new(item, "a parameter", &item.span, reader)?;
    let inside = || item.get("attributes").and_then(|attributes| attributes.get("name"));
    let name = if let Some(name) = inside() { name } else { &fields.required(&ITEM_NAMES, reader)?.value };
    let name = reader.text(name, "the name of a parameter")?.to_owned();
    fields.skip(&ITEM_NAMES);
    read(&name, (fields, UntypedParam::of(item)), &item.span, reader)
}

/// What a parameter without a type is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UntypedParam {
    Choice,
    Integers,
    Floats,
}

impl UntypedParam {
    fn of(node: &Node) -> Option<UntypedParam> {
        let is_whole = |names: &[&str]| {
            let bound = names.iter().find_map(|name| node.get(name));
            bound.is_some_and(|bound| matches!(&bound.content, Content::Number(number) if whole(number).is_some()))
        };
        let is_log = ["log", "log_scale", "scale"].iter().any(|name| node.get(name).is_some());
        match () {
            () if is_untyped_choice(node) => Some(UntypedParam::Choice),
            () if !is_untyped_range(node) => None,
            () if !is_log && is_whole(&LOW_FIELDS) && is_whole(&HIGH_FIELDS) => Some(UntypedParam::Integers),
            () => Some(UntypedParam::Floats),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            UntypedParam::Choice => "choice",
            UntypedParam::Integers => "int",
            UntypedParam::Floats => "float",
        }
    }
}

fn read(
    name: &str,
    (mut fields, untyped): (Section<'_>, Option<UntypedParam>),
    span: &Span,
    reader: &mut Reader,
) -> Option<ImportedParam> {
    let untyped = untyped.filter(|_| !TYPE_FIELDS.iter().any(|name| fields.has(name)));
    let is_range = fields.has("log") || fields.has("scale");
    let kind = match untyped {
        Some(_) => None,
        None => fields.entry(&TYPE_FIELDS).or_else(|| fields.entry(&["name"])),
    };
    let kind =
        if is_range || untyped.is_some() { kind } else { kind.or_else(|| fields.required(&TYPE_FIELDS, reader)) };
    let (kind_name, kind_span) = match kind {
        Some(kind) => (reader.text(&kind.value, "`type`")?, &kind.value.span),
        None => (untyped.map_or("float", UntypedParam::kind), span),
    };
    if let Some(attributes) = fields.entry(&["attributes"]) {
        fields = Section::new(&attributes.value, "`attributes`", &attributes.key_span, reader)?;
        fields.skip(&["name"]);
    }
    let default = fields.value(&["default", "default_value", "initial"]).map(|node| reader.json(node));
    let when =
        fields.value(&["when", "condition", "conditions", "conditional", "depends_on"]).map(|n| conditions(n, reader));
    let mut notes = Vec::new();
    if untyped == Some(UntypedParam::Integers) {
        notes.push(reader.note(
            span,
            "no type, but the bounds are whole numbers",
            "use `kind: uniform` for all numbers",
        ));
    }
    let domain = if is_known(kind_name) {
        typed_domain(kind_name, &mut fields, reader)?
    } else {
        if let Some(known) = typo_of(kind_name, KNOWN_TYPES) {
            let hint = format!("did you mean `{known}`?");
            reader.error(kind_span, format!("unknown type `{kind_name}`"), &hint);
            return None;
        }
        fields.rest();
        notes.push(reader.note(
            kind_span,
            format!("the type `{kind_name}` is not carried over"),
            "replace it by a kind and a value; null passes nothing",
        ));
        ImportedDomain::constant(Value::Null)
    };
    fields.skip(&DESCRIPTIONS);
    notes.extend(fields.unread(&[], reader));
    let when = when.unwrap_or_default();
    let param = ImportedParam { notes, when, first: default, ..ImportedParam::new(name, span.clone(), domain) };
    reader.check_domain(&param).then_some(param)
}

/// `{optimizer: sgd}` or `{optimizer: [sgd, adam]}`, as in the matrix; or `{parent: optimizer, values: [sgd, adam]}`.
fn conditions(node: &Node, reader: &mut Reader) -> Vec<(String, Vec<Value>)> {
    let Some(entries) = node.map() else {
        let hint = "write the names of parameters and their values: {optimizer: [sgd, adam]}";
        reader.error(&node.span, format!("a condition must be a mapping, found {}", node.describe()), hint);
        return Vec::new();
    };
    let values = |node: &Node, reader: &mut Reader| match reader.json(node) {
        Value::Array(values) => values,
        value => vec![value],
    };
    let field = |names: &[&str]| names.iter().find_map(|name| node.get(name));
    let parent = field(&["parent", "param", "parameter", "name"]).and_then(Node::text);
    if let (Some(parent), Some(given), 2) = (parent, field(&["values", "value", "equals", "in"]), entries.len()) {
        return vec![(parent.to_owned(), values(given, reader))];
    }
    entries.iter().map(|entry| (entry.key.clone(), values(&entry.value, reader))).collect()
}

/// `suggest_float`, `FloatDistribution`, `float` and `uniform_float` are the same.
fn plain_type(kind: &str) -> String {
    let kind = kind.trim_start_matches("suggest_").trim_end_matches("Distribution").to_ascii_lowercase();
    kind.replace(['_', '-'], "")
}

/// Types in suggestions.
const KNOWN_TYPES: [&str; 9] =
    ["float", "int", "categorical", "constant", "uniform", "loguniform", "choice", "bool", "integer"];

/// The families of types.
#[derive(Clone, Copy)]
enum Family {
    Float,
    Int,
    Choice,
    Constant,
}

fn family(plain: &str) -> Option<Family> {
    Some(match plain {
        "float" | "double" | "real" | "uniform" | "loguniform" | "discreteuniform" | "quniform" | "uniformfloat"
        | "logfloat" | "log" | "range" | "continuous" => Family::Float,
        "int" | "integer" | "intuniform" | "intloguniform" | "uniformint" | "randint" | "logint" => Family::Int,
        "categorical" | "choice" | "ordinal" | "enum" | "discrete" | "bool" | "boolean" => Family::Choice,
        "constant" | "fixed" => Family::Constant,
        _ => return None,
    })
}

fn is_known(kind: &str) -> bool {
    family(&plain_type(kind)).is_some()
}

fn typed_domain(kind: &str, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let plain = plain_type(kind);
    let flag = fields.value(&["log", "log_scale", "scale"]).is_some_and(|node| {
        node.content == Content::Bool(true) || node.text().is_some_and(|scale| scale.starts_with("log"))
    });
    let is_log = flag || matches!(plain.as_str(), "loguniform" | "intloguniform" | "logfloat" | "logint" | "log");
    match family(&plain)? {
        Family::Float => floats(is_log, fields, reader),
        Family::Int => integers(is_log, fields, reader),
        Family::Choice => choices(&plain, fields, reader),
        Family::Constant => {
            let value = fields.required(&["value"], reader)?;
            Some(ImportedDomain::constant(reader.json(&value.value)))
        }
    }
}

fn choices(kind: &str, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let entry = match fields.entry(&VALUE_FIELDS) {
        None if kind.starts_with("bool") => return Some(ImportedDomain::choice(vec![true.into(), false.into()])),
        None => return fields.required(&VALUE_FIELDS, reader).and(None),
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
    let low = fields.required(&LOW_FIELDS, reader)?;
    let high = fields.required(&HIGH_FIELDS, reader)?;
    let low = reader.number(&low.value, "the lower bound");
    let high = reader.number(&high.value, "the upper bound");
    Some((low?, high?, step))
}

fn floats(is_log: bool, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let (low, high, step) = bounds(fields, reader)?;
    Some(match step {
        Some(step) if is_log => ImportedDomain::q_log_uniform(low, high, step),
        // Optuna: low, low + step, …
        Some(step) if low.as_f64() < high.as_f64() => {
            let stepped = ImportedDomain::stepped(&low, &high, &step);
            stepped
                .map_err(|error| reader.error(fields.span(), error.to_string(), "use a larger step, or none"))
                .ok()?
        }
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
