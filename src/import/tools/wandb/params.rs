//! `parameters` of a sweep.

use serde_json::{Number, Value};

use crate::import::domain::{ImportedDomain, exponential};
use crate::import::note::Note;
use crate::import::reader::{Reader, whole};
use crate::import::section::Section;
use crate::import::study::ImportedParam;
use crate::matrix::yaml::node::{Entry, Node, Span};

/// Deepest nesting of `parameters`.
const MAX_LEVELS: usize = 16;

const DISTRIBUTIONS: &str = "W&B's distributions are constant, categorical, categorical_w_probabilities, int_uniform, uniform, \
                             q_uniform, log_uniform, log_uniform_values, q_log_uniform, q_log_uniform_values, inv_log_uniform, \
                             inv_log_uniform_values, normal, q_normal, log_normal, q_log_normal, beta and q_beta";

/// Reads the parameters below `node`; `prefix` is the name of the mapping with a dot, or empty.
pub fn read(node: &Node, span: &Span, prefix: &str, params: &mut Vec<ImportedParam>, reader: &mut Reader) {
    let Some(entries) = node.map().filter(|entries| !entries.is_empty()) else {
        reader.error(span, format!("`parameters` must be a mapping of names, found {}", node.describe()), "");
        return;
    };
    for entry in entries {
        let name = format!("{prefix}{}", entry.key);
        let nested = entry.value.get("parameters");
        match nested {
            Some(nested) if prefix.matches('.').count() < MAX_LEVELS => {
                let first = params.len();
                read(nested, &entry.key_span, &format!("{name}."), params, reader);
                note_nested(entry, prefix, params.get_mut(first), reader);
            }
            _ => params.extend(param(entry, name, reader)),
        }
    }
}

fn note_nested(entry: &Entry, prefix: &str, first: Option<&mut ImportedParam>, reader: &Reader) {
    let Some(first) = first.filter(|_| prefix.is_empty()) else { return };
    let name = &entry.key;
    let message =
        format!("W&B passes the nested `{name}` as one mapping, hypertune each value as `--{name}.NAME=VALUE`");
    first
        .notes
        .insert(0, reader.note(&entry.key_span, message, "or read the variable HYPERTUNE_PARAMS, which is JSON"));
}

fn param(entry: &Entry, name: String, reader: &mut Reader) -> Option<ImportedParam> {
    let what = format!("the parameter `{name}`");
    let fields = Section::new(&entry.value, &what, &entry.key_span, reader)?;
    let mut found = Distribution { fields, notes: Vec::new() };
    let domain = found.read(&entry.value, reader)?;
    let mut notes = found.notes;
    notes.extend(found.fields.unread(&[], reader));
    let param = ImportedParam { notes, ..ImportedParam::new(name, entry.key_span.clone(), domain) };
    reader.check_domain(&param).then_some(param)
}

/// The fields of a parameter while its distribution is read.
struct Distribution<'n> {
    fields: Section<'n>,
    notes: Vec<Note>,
}

impl Distribution<'_> {
    fn read(&mut self, node: &Node, reader: &mut Reader) -> Option<ImportedDomain> {
        match self.fields.value(&["distribution"]) {
            Some(given) => {
                let name = reader.text(given, "`distribution`")?;
                self.named(name, given, reader)
            }
            None => self.implied(node, reader),
        }
    }

    /// The distribution of a parameter that does not name it.
    fn implied(&mut self, node: &Node, reader: &mut Reader) -> Option<ImportedDomain> {
        let has = |name: &str| node.get(name).is_some();
        match () {
            () if has("value") => self.named("constant", node, reader),
            () if has("probabilities") => self.named("categorical_w_probabilities", node, reader),
            () if has("values") => self.named("categorical", node, reader),
            () if has("min") && has("max") => {
                let is_int = |name: &str| {
                    node.get(name)
                        .is_some_and(|node| matches!(node.to_json(&mut Vec::new()), Value::Number(n) if n.is_i64()))
                };
                self.named(if is_int("min") && is_int("max") { "int_uniform" } else { "uniform" }, node, reader)
            }
            () => {
                let message = "the parameter has none of `value`, `values`, `min` and `max`, and `distribution`";
                reader.error(self.fields.span(), message, "");
                None
            }
        }
    }

    fn named(&mut self, name: &str, span: &Node, reader: &mut Reader) -> Option<ImportedDomain> {
        match name {
            "constant" => {
                let entry = self.fields.entry(&["value"]);
                Some(ImportedDomain::constant(entry.map_or(Value::Null, |entry| reader.json(&entry.value))))
            }
            "categorical" => Some(ImportedDomain::choice(self.values(reader)?)),
            "categorical_w_probabilities" => self.weighted(reader),
            "normal" | "q_normal" | "log_normal" | "q_log_normal" => self.normal(name, reader),
            "beta" | "q_beta" => self.beta(name, span, reader),
            _ => self.bounded(name, span, reader),
        }
    }

    fn values(&mut self, reader: &mut Reader) -> Option<Vec<Value>> {
        let entry = self.fields.required(&["values"], reader)?;
        let items = reader.list(&entry.value, "`values`")?;
        Some(items.iter().map(|item| reader.json(item)).collect())
    }

    fn weighted(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let values = self.values(reader)?;
        let entry = self.fields.required(&["probabilities"], reader)?;
        let nodes = reader.list(&entry.value, "`probabilities`")?;
        let weights: Option<Vec<f64>> =
            nodes.iter().map(|node| reader.number(node, "a probability")?.as_f64()).collect();
        let weights = weights?;
        if weights.len() != values.len() || weights.iter().any(|weight| *weight < 0.0) {
            let message =
                format!("`probabilities` must have a number from 0 to 1 for each of the {} values", values.len());
            reader.error(&entry.value.span, message, "");
            return None;
        }
        Some(ImportedDomain::weighted(values.into_iter().zip(weights).collect()))
    }

    /// An optional number.
    fn number(&mut self, name: &str, reader: &mut Reader) -> Option<Number> {
        let node = self.fields.value(&[name])?;
        reader.number(node, &format!("`{name}`"))
    }

    /// `q`, by default 1.
    fn step(&mut self, reader: &mut Reader) -> Number {
        self.number("q", reader).unwrap_or_else(|| 1.into())
    }

    fn normal(&mut self, name: &str, reader: &mut Reader) -> Option<ImportedDomain> {
        let mu = self.number("mu", reader).unwrap_or_else(|| 0.into());
        let sigma = self.number("sigma", reader).unwrap_or_else(|| 1.into());
        let q = name.starts_with("q_").then(|| self.step(reader));
        if sigma.as_f64() == Some(0.0) && q.is_none() {
            let value = if name == "normal" { Some(mu.clone()) } else { exponential(mu.as_f64()?) };
            if value.is_none() {
                reader.error(self.fields.span(), format!("`mu` is a natural logarithm: exp({mu}) is too large"), "");
            }
            return value.map(|value| ImportedDomain::constant(Value::Number(value)));
        }
        let build = if name.contains("log") { ImportedDomain::log_normal } else { ImportedDomain::normal };
        Some(build(mu, sigma, q))
    }

    fn beta(&mut self, name: &str, span: &Node, reader: &mut Reader) -> Option<ImportedDomain> {
        let (a, b) = (self.number("a", reader), self.number("b", reader));
        let is_one = |x: &Option<Number>| x.as_ref().is_none_or(|x| x.as_f64() == Some(1.0));
        if !(is_one(&a) && is_one(&b)) {
            let [a, b] = [a, b].map(|x| x.unwrap_or_else(|| 1.into()));
            let message =
                format!("hypertune has no beta distribution; beta({a}, {b}) becomes uniform on its range, 0 to 1");
            let action = "`kind: pchoice` can give ranges of values other probabilities";
            self.notes.push(reader.note(&span.span, message, action));
        }
        let (zero, one) = (Number::from(0), Number::from(1));
        Some(match name {
            "beta" => ImportedDomain::uniform(zero, one),
            _ => ImportedDomain::q_uniform(zero, one, self.step(reader)),
        })
    }

    fn bounded(&mut self, name: &str, span: &Node, reader: &mut Reader) -> Option<ImportedDomain> {
        let known = ["int_uniform", "uniform", "q_uniform", "log_uniform", "log_uniform_values", "q_log_uniform"];
        let others = ["q_log_uniform_values", "inv_log_uniform", "inv_log_uniform_values"];
        if !known.contains(&name) && !others.contains(&name) {
            reader.error(&span.span, format!("unknown distribution `{name}`"), DISTRIBUTIONS);
            return None;
        }
        let [min, max] = ["min", "max"].map(|name| {
            let entry = self.fields.required(&[name], reader)?;
            reader.number(&entry.value, &format!("`{name}`"))
        });
        let (min, max) = (min?, max?);
        let q = name.starts_with("q_").then(|| self.step(reader));
        if let Some(q) = &q {
            self.note_rounding(name, [&min, &max], q, span, reader);
        }
        self.bounded_domain(name, (min, max), q, reader)
    }

    fn bounded_domain(
        &mut self,
        name: &str,
        (min, max): (Number, Number),
        q: Option<Number>,
        reader: &mut Reader,
    ) -> Option<ImportedDomain> {
        // https://docs.wandb.ai: the bounds of log_uniform are natural logarithms, those of log_uniform_values values
        let exp = |x: &Number| exponential(x.as_f64()?);
        let exp_minus = |x: &Number| exponential(-x.as_f64()?);
        let too_large = |x: &Number| x.as_f64().is_none_or(|x| x.abs() > 700.0);
        let is_exponent = matches!(name, "log_uniform" | "q_log_uniform" | "inv_log_uniform");
        if is_exponent && (too_large(&min) || too_large(&max)) {
            let message =
                format!("the bounds of `{name}` are natural logarithms: exp({min}) to exp({max}) is too wide");
            reader.error(self.fields.span(), message, "use `log_uniform_values` for bounds that are values");
            return None;
        }
        let q = q.unwrap_or_else(|| 1.into());
        Some(match name {
            "int_uniform" => match (whole(&min), whole(&max)) {
                (Some(min), Some(max)) => ImportedDomain::int(min, max),
                _ => {
                    reader.error(self.fields.span(), "the bounds of `int_uniform` must be whole numbers", "");
                    return None;
                }
            },
            "uniform" => ImportedDomain::uniform(min, max),
            "q_uniform" => ImportedDomain::q_uniform(min, max, q),
            "log_uniform" => ImportedDomain::log_uniform(exp(&min)?, exp(&max)?),
            "q_log_uniform" => ImportedDomain::q_log_uniform(exp(&min)?, exp(&max)?, q),
            "q_log_uniform_values" => ImportedDomain::q_log_uniform(min, max, q),
            // exp(-u) with u uniform between the bounds
            "inv_log_uniform" => ImportedDomain::log_uniform(exp_minus(&max)?, exp_minus(&min)?),
            _ => ImportedDomain::log_uniform(min, max),
        })
    }

    /// W&B rounds after drawing, also beyond the bounds; hypertune stays inside them.
    fn note_rounding(&mut self, name: &str, bounds: [&Number; 2], q: &Number, span: &Node, reader: &Reader) {
        let step = q.as_f64().unwrap_or(1.0);
        let value = |x: f64| if name == "q_log_uniform" { libm::exp(x) } else { x };
        let is_multiple = |x: &&Number| {
            let ratio = value(x.as_f64().unwrap_or(0.0)) / step;
            (ratio - ratio.round()).abs() < 1e-9 * ratio.abs().max(1.0)
        };
        if !bounds.iter().all(is_multiple) {
            let message =
                format!("a bound is no multiple of q = {q}: W&B rounds beyond it, hypertune to the multiples inside");
            self.notes.push(reader.note(&span.span, message, ""));
        }
    }
}
