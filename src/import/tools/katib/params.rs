//! `parameters` of an experiment.

use serde_json::{Number, Value};

use crate::import::domain::{ImportedDomain, number};
use crate::import::reader::{Reader, text_number, whole};
use crate::import::section::Section;
use crate::import::study::ImportedParam;
use crate::matrix::yaml::node::{Entry, Node};

/// The fault of bounds of a normal distribution without a finite mean.
const TOO_FAR: &str = "`min` and `max` of a normal distribution are too far apart";
/// The fault of bounds without a logarithm.
const NOT_POSITIVE: &str = "`min` and `max` of a log-normal distribution must be above 0";

/// Reads the list of parameters.
pub fn read(entry: &Entry, reader: &mut Reader) -> Vec<ImportedParam> {
    let items = reader.list(&entry.value, "`parameters`").unwrap_or_default();
    items.iter().filter_map(|item| param(item, reader)).collect()
}

fn param(item: &Node, reader: &mut Reader) -> Option<ImportedParam> {
    let mut fields = Section::new(item, "a parameter", &item.span, reader)?;
    let name = fields.required(&["name"], reader)?;
    let text = reader.text(&name.value, "`name`")?;
    let kind = fields.required(&["parameterType", "parametertype"], reader)?;
    let space = fields.required(&["feasibleSpace", "feasible"], reader)?;
    let mut space_fields = Section::new(&space.value, "`feasibleSpace`", &space.key_span, reader)?;
    let domain = match kind.value.text() {
        Some("double") => bounded(&mut space_fields, reader)?,
        Some("int") => int(&mut space_fields, reader)?,
        Some("discrete") => ImportedDomain::choice(values(&mut space_fields, numeric, reader)?),
        Some("categorical") => ImportedDomain::choice(values(&mut space_fields, |value| value, reader)?),
        _ => {
            let message = format!("unknown parameter type {}", kind.value.describe());
            reader.error(&kind.value.span, message, "Katib's types are double, int, discrete and categorical");
            return None;
        }
    };
    let mut notes = fields.unread(&[], reader);
    notes.extend(space_fields.unread(&[], reader));
    let param = ImportedParam { notes, ..ImportedParam::new(text, name.value.span.clone(), domain) };
    reader.check_domain(&param).then_some(param)
}

/// The elements of `list`, which Katib writes as text.
fn values(fields: &mut Section<'_>, convert: fn(Value) -> Value, reader: &mut Reader) -> Option<Vec<Value>> {
    let entry = fields.required(&["list"], reader)?;
    let items = reader.list(&entry.value, "`list`")?;
    Some(items.iter().map(|item| convert(reader.json(item))).collect())
}

fn numeric(value: Value) -> Value {
    let parsed = value.as_str().and_then(text_number);
    parsed.map_or(value, Value::Number)
}

struct Bounds {
    min: Number,
    max: Number,
    step: Option<Number>,
    distribution: Spread,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    Uniform,
    LogUniform,
    Normal,
    LogNormal,
}

fn bounds(fields: &mut Section<'_>, reader: &mut Reader) -> Option<Bounds> {
    let [min, max] = ["min", "max"].map(|name| {
        let entry = fields.required(&[name], reader)?;
        reader.number(&entry.value, &format!("`{name}`"))
    });
    let step = fields.value(&["step"]).filter(|node| node.text() != Some(""));
    let step = step.and_then(|node| positive_number(node, reader));
    let distribution = match fields.value(&["distribution"]) {
        None => Spread::Uniform,
        Some(node) => match node.text() {
            Some("uniform") => Spread::Uniform,
            Some("logUniform") => Spread::LogUniform,
            Some("normal") => Spread::Normal,
            Some("logNormal") => Spread::LogNormal,
            _ => {
                let hint = "Katib's distributions are uniform, logUniform, normal and logNormal";
                reader.error(&node.span, format!("unknown distribution {}", node.describe()), hint);
                return None;
            }
        },
    };
    let bounds = Bounds { min: min?, max: max?, step, distribution };
    let is_log = matches!(bounds.distribution, Spread::LogUniform | Spread::LogNormal);
    if is_log && bounds.min.as_f64().is_none_or(|min| min <= 0.0) {
        let message = format!("`min` on a log scale must be above 0, found {}", bounds.min);
        reader.error(fields.span(), message, "");
        return None;
    }
    Some(bounds)
}

fn positive_number(node: &Node, reader: &mut Reader) -> Option<Number> {
    let step = reader.number(node, "`step`")?;
    if step.as_f64().is_none_or(|step| step <= 0.0) {
        reader.error(&node.span, format!("`step` must be above 0, found {step}"), "");
        return None;
    }
    Some(step)
}

/// A float parameter. Katib takes the range of a normal distribution as ±3 standard deviations
/// (`pkg/suggestion/v1beta1/hyperopt/base_service.py`).
fn bounded(fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let Bounds { min, max, step, distribution } = bounds(fields, reader)?;
    let [low, high] = [&min, &max].map(|x| x.as_f64().unwrap_or(0.0));
    if low >= high {
        if low > high {
            reader.error(fields.span(), format!("`max` ({max}) must be above `min` ({min})"), "");
            return None;
        }
        return Some(ImportedDomain::constant(Value::Number(min)));
    }
    Some(match (distribution, step) {
        (Spread::Uniform, None) => ImportedDomain::uniform(min, max),
        (Spread::Uniform, Some(step)) => {
            let stepped = ImportedDomain::stepped(&min, &max, &step);
            stepped
                .map_err(|error| reader.error(fields.span(), error.to_string(), "use a larger step, or none"))
                .ok()?
        }
        (Spread::LogUniform, None) => ImportedDomain::log_uniform(min, max),
        (Spread::LogUniform, Some(step)) => ImportedDomain::q_log_uniform(min, max, step),
        (Spread::Normal, step) => {
            let (mu, sigma) = moments(low, high).or_else(|| no_moments(TOO_FAR, fields, reader))?;
            ImportedDomain::normal(mu, sigma, step)
        }
        (Spread::LogNormal, step) => {
            let (mu, sigma) =
                moments(libm::log(low), libm::log(high)).or_else(|| no_moments(NOT_POSITIVE, fields, reader))?;
            ImportedDomain::log_normal(mu, sigma, step)
        }
    })
}

/// The mean and the standard deviation of a normal distribution on [low, high], if they are finite.
fn moments(low: f64, high: f64) -> Option<(Number, Number)> {
    number((low + high) / 2.0).zip(number((high - low) / 6.0))
}

/// Reports bounds without a mean and a standard deviation.
fn no_moments<T>(message: &str, fields: &Section<'_>, reader: &mut Reader) -> Option<T> {
    reader.error(fields.span(), message, "use other bounds or another distribution");
    None
}

fn int(fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let Bounds { min, max, step, distribution } = bounds(fields, reader)?;
    let given_step = step.is_some();
    let (Some(low), Some(high)) = (whole(&min), whole(&max)) else {
        reader.error(fields.span(), "the bounds of an int parameter must be whole numbers", "");
        return None;
    };
    let Some(size) = step.map_or(Some(1), |step| whole(&step)) else {
        reader.error(fields.span(), "`step` of an int parameter must be a whole number", "");
        return None;
    };
    if low > high {
        reader.error(fields.span(), format!("`max` ({high}) must be above `min` ({low})"), "");
        return None;
    }
    let step = Number::from(size);
    Some(match distribution {
        _ if low == high => ImportedDomain::constant(low.into()),
        Spread::Uniform => ImportedDomain::stepped_int(low, high, size),
        Spread::LogUniform if given_step => ImportedDomain::q_log_uniform(min, max, step),
        Spread::LogUniform => ImportedDomain::log_int(low, high),
        Spread::Normal => {
            let (mu, sigma) = moments(low as f64, high as f64).or_else(|| no_moments(TOO_FAR, fields, reader))?;
            ImportedDomain::normal(mu, sigma, Some(step))
        }
        Spread::LogNormal => {
            let (mu, sigma) = moments(libm::log(low as f64), libm::log(high as f64))
                .or_else(|| no_moments(NOT_POSITIVE, fields, reader))?;
            ImportedDomain::log_normal(mu, sigma, Some(step))
        }
    })
}
