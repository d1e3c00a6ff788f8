//! Domains of search expressions: Oríon's priors, the functions of Hydra's sweepers, of Ray Tune and of Hyperopt.

use serde_json::{Number, Value};

use crate::import::domain::{ImportedDomain, number};
use crate::import::expression::{Call, Expression, parse};
use crate::import::note::Note;
use crate::import::reader::{Reader, whole};
use crate::matrix::foreign::search_text;
use crate::matrix::yaml::node::{Node, Span};

/// Whose functions are called: some have the same names and other meanings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Bounds are included.
    Orion,
    /// `range` excludes its end, `interval` is continuous.
    Hydra,
    /// Python libraries: the upper bound of integers is excluded.
    Python,
    /// As Python; a mapping with `type` is a constant.
    Ray,
}

/// What a search expression means.
#[derive(Clone, PartialEq, Debug)]
pub enum Meaning {
    /// A domain.
    Domain(ImportedDomain),
    /// Oríon's fidelity: how long trials train.
    Fidelity {
        /// The least amount.
        low: Number,
        /// The amount of a whole training.
        high: Number,
        /// The factor between rungs.
        base: Number,
    },
}

/// What was read from one text.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchValue {
    /// The domain or fidelity.
    pub meaning: Meaning,
    /// The first value to try.
    pub first: Option<Value>,
    /// Notes.
    pub notes: Vec<Note>,
}

/// Reads `text`, which is at `node`. `None` after an error.
pub fn read(text: &str, node: &Node, language: Language, reader: &mut Reader) -> Option<SearchValue> {
    let (_, expression) = search_text(text)?;
    let call = match parse(expression) {
        Ok(Expression::Call(call)) => call,
        Ok(Expression::Value(_)) => return None,
        Err(error) => {
            // exact unless the text has escapes or is folded
            let is_quoted =
                reader.findings.source().text.as_bytes().get(node.span.start).is_some_and(|b| b"'\"".contains(b));
            let start = node.span.start + usize::from(is_quoted);
            let at = start + text.len().saturating_sub(expression.len()) + error.at;
            let position = at.min(node.span.end);
            let hint = "write it as in `loguniform(1e-5, 1)`";
            reader.error(&(position..node.span.end), format!("invalid expression `{expression}`: {error}"), hint);
            return None;
        }
    };
    let mut evaluation = Evaluation { call: &call, span: &node.span, language, notes: Vec::new() };
    let meaning = evaluation.meaning(reader)?;
    let first = call.named("default_value").or(call.named("default")).cloned();
    Some(SearchValue { meaning, first, notes: evaluation.notes })
}

struct Evaluation<'a> {
    call: &'a Call,
    span: &'a Span,
    language: Language,
    notes: Vec<Note>,
}

impl Evaluation<'_> {
    fn meaning(&mut self, reader: &mut Reader) -> Option<Meaning> {
        if self.call.name == "fidelity" {
            let (low, high) = (self.number("low", 0, reader)?, self.number("high", 1, reader)?);
            let base = self.call.argument("base", 2).and_then(Value::as_number).cloned();
            return Some(Meaning::Fidelity { low, high, base: base.unwrap_or_else(|| 2.into()) });
        }
        self.domain(reader).map(Meaning::Domain)
    }

    fn domain(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        if let Some(shape) = self.call.named("shape").filter(|shape| !shape.is_null()) {
            let message = format!("a vector of shape {shape} is not carried over: a parameter is one value");
            self.notes.push(reader.note(self.span, message, "declare one parameter for each element"));
        }
        match self.call.name.as_str() {
            "choice" | "choices" | "grid_search" | "shuffle" => self.choice(reader),
            "pchoice" => self.error("`pchoice` is not supported in an expression", reader),
            "tag" => self.tag(reader),
            "int" | "float" => self.cast(reader),
            "range" => self.range(reader),
            "randint" | "uniformint" | "lograndint" | "qrandint" | "qlograndint" => self.integers(reader),
            "normal" | "gaussian" | "randn" | "qnormal" | "qrandn" | "lognormal" | "qlognormal" => self.normal(reader),
            _ => self.bounded(reader),
        }
    }

    fn error<T>(&self, message: &str, reader: &mut Reader) -> Option<T> {
        reader.error(self.span, message, "");
        None
    }

    fn number(&self, name: &str, index: usize, reader: &mut Reader) -> Option<Number> {
        let found = self.call.argument(name, index).and_then(Value::as_number).cloned();
        if found.is_none() {
            let message = format!("`{}` needs a number as `{name}`", self.call.name);
            return self.error(&message, reader);
        }
        found
    }

    /// The two bounds, by position or under one of several names.
    fn bounds(&self, reader: &mut Reader) -> Option<(Number, Number)> {
        let named = |names: [&str; 4]| names.iter().find_map(|name| self.call.named(name)?.as_number().cloned());
        let low = named(["low", "lower", "start", "min"]).or_else(|| self.number("low", 0, reader));
        let high = named(["high", "upper", "end", "max"]).or_else(|| self.number("high", 1, reader));
        Some((low?, high?))
    }

    fn is_discrete(&self) -> bool {
        self.call.named("discrete").and_then(Value::as_bool) == Some(true)
    }

    fn choice(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let Some(values) = self.call.values() else {
            return self.error("a choice of expressions is not supported", reader);
        };
        match values.as_slice() {
            [] => self.error("the choice has no values", reader),
            [Value::Object(weights)] if self.language == Language::Orion => {
                let pair = |(value, weight): (&String, &Value)| Some((word(value), weight.as_f64()?));
                match weights.iter().map(pair).collect() {
                    Some(pairs) => Some(ImportedDomain::weighted(pairs)),
                    None => self.error("the weights of `choices` must be numbers", reader),
                }
            }
            [Value::Array(items)] if self.language != Language::Hydra => Some(ImportedDomain::choice(items.clone())),
            _ => Some(ImportedDomain::choice(values)),
        }
    }

    /// `tag(log, interval(1, 5))`.
    fn tag(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let Some((Expression::Call(inner), tags)) = self.call.args.split_last() else {
            return self.error("`tag` needs an expression as its last argument", reader);
        };
        let is_log = tags.iter().any(|tag| *tag == Expression::Value("log".into()));
        let domain = self.inner(inner, reader)?;
        Some(if is_log { logarithmic(domain) } else { domain })
    }

    /// `int(interval(1, 5))`.
    fn cast(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let [Expression::Call(inner)] = self.call.args.as_slice() else { return self.suggested(reader) };
        let domain = self.inner(inner, reader)?;
        let bounds = || Some((whole(domain.value["min"].as_number()?)?, whole(domain.value["max"].as_number()?)?));
        match (self.call.name.as_str(), domain.kind) {
            ("int", Some("uniform" | "loguniform")) => match (bounds(), domain.kind) {
                (Some((min, max)), Some("uniform")) => Some(ImportedDomain::int(min, max)),
                (Some((min, max)), _) => Some(ImportedDomain::log_int(min, max)),
                (None, _) => self.error("the bounds of `int` must be whole numbers", reader),
            },
            _ => Some(domain),
        }
    }

    /// `int(1, 8)` and `float(0, 1, log=True)`, as in Optuna's functions.
    fn suggested(&self, reader: &mut Reader) -> Option<ImportedDomain> {
        let (low, high) = self.bounds(reader)?;
        let is_log = self.call.named("log").and_then(Value::as_bool) == Some(true);
        let domain = ImportedDomain::uniform(low.clone(), high.clone());
        match (self.call.name.as_str(), whole(&low), whole(&high)) {
            ("int", Some(low), Some(high)) if is_log => Some(ImportedDomain::log_int(low, high)),
            ("int", Some(low), Some(high)) => Some(ImportedDomain::int(low, high)),
            ("int", _, _) => self.error("the bounds of `int` must be whole numbers", reader),
            _ if is_log => Some(ImportedDomain::log_uniform(low, high)),
            _ => Some(domain),
        }
    }

    fn inner(&mut self, call: &Call, reader: &mut Reader) -> Option<ImportedDomain> {
        let mut inner = Evaluation { call, span: self.span, language: self.language, notes: Vec::new() };
        let domain = inner.domain(reader);
        self.notes.extend(inner.notes);
        domain
    }

    /// `range(stop)`, `range(start, stop)`, `range(start, stop, step)`: `stop` is excluded.
    fn range(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let named = |name: &str| self.call.named(name).and_then(Value::as_number).cloned();
        let positional: Option<Vec<Number>> =
            self.call.values().and_then(|values| values.iter().map(|value| value.as_number().cloned()).collect());
        let (start, stop, step) = match positional.as_deref() {
            Some([]) => (named("start"), named("stop"), named("step")),
            Some([stop]) => (None, Some(stop.clone()), named("step")),
            Some([start, stop]) => (Some(start.clone()), Some(stop.clone()), named("step")),
            Some([start, stop, step]) => (Some(start.clone()), Some(stop.clone()), Some(step.clone())),
            _ => return self.error("`range` needs numbers: start, stop and step", reader),
        };
        let (start, step) = (start.unwrap_or_else(|| 0.into()), step.unwrap_or_else(|| 1.into()));
        let Some(stop) = stop else { return self.error("`range` needs a `stop`", reader) };
        Some(ImportedDomain::same("range", Value::Array([start, stop, step].map(Value::Number).into())))
    }

    fn integers(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let (low, high) = match self.call.values().as_deref() {
            Some([high]) => (Number::from(0), high.as_number().cloned().unwrap_or_else(|| 0.into())),
            _ => self.bounds(reader)?,
        };
        // Ray Tune: the upper bound is excluded, except by the q-forms; Hyperopt's uniformint includes it
        let excluded = i64::from(matches!(self.call.name.as_str(), "randint" | "lograndint"));
        let (Some(low), Some(high)) = (whole(&low), whole(&high).and_then(|high| high.checked_sub(excluded))) else {
            return self.error("the bounds of integers must be whole numbers", reader);
        };
        if low > high {
            return self.error("the upper bound must be above the lower one", reader);
        }
        let q = self.call.argument("q", 2).and_then(Value::as_number).cloned();
        Some(match (self.call.name.as_str(), q) {
            ("qrandint", Some(q)) => ImportedDomain::q_uniform(low.into(), high.into(), q),
            ("qlograndint", Some(q)) => ImportedDomain::q_log_uniform(low.into(), high.into(), q),
            ("lograndint" | "qlograndint", _) => ImportedDomain::log_int(low, high),
            _ => ImportedDomain::int(low, high),
        })
    }

    fn normal(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let named = |names: [&str; 3]| names.iter().find_map(|name| self.call.named(name)?.as_number().cloned());
        let at = |index| match self.call.args.get(index) {
            Some(Expression::Value(value)) => value.as_number().cloned(),
            _ => None,
        };
        let mu = named(["loc", "mu", "mean"]).or_else(|| at(0)).unwrap_or_else(|| 0.into());
        let sigma = named(["scale", "sigma", "sd"]).or_else(|| at(1)).unwrap_or_else(|| 1.into());
        let name = self.call.name.as_str();
        let q = if name.starts_with('q') { Some(self.number("q", 2, reader)?) } else { None };
        let q = q.or_else(|| self.is_discrete().then(|| 1.into()));
        let is_log = name.contains("lognormal");
        Some(if is_log { ImportedDomain::log_normal(mu, sigma, q) } else { ImportedDomain::normal(mu, sigma, q) })
    }

    fn bounded(&mut self, reader: &mut Reader) -> Option<ImportedDomain> {
        let (low, high) = self.bounds(reader)?;
        let is_log = matches!(self.call.name.as_str(), "loguniform" | "qloguniform" | "reciprocal");
        if self.is_discrete() {
            return match (whole(&low), whole(&high)) {
                (Some(low), Some(high)) if is_log => Some(ImportedDomain::log_int(low, high)),
                (Some(low), Some(high)) => Some(ImportedDomain::int(low, high)),
                _ => self.error("the bounds of a discrete parameter must be whole numbers", reader),
            };
        }
        let q = if self.call.name.starts_with('q') { Some(self.number("q", 2, reader)?) } else { None };
        // Hyperopt's `hp.loguniform` has exponents and a name as its first argument; its bounds are not positive together
        Some(match (is_log, q) {
            (false, None) => ImportedDomain::uniform(low, high),
            (false, Some(q)) => ImportedDomain::q_uniform(low, high, q),
            (true, None) => ImportedDomain::log_uniform(low, high),
            (true, Some(q)) => ImportedDomain::q_log_uniform(low, high, q),
        })
    }
}

/// The same bounds, uniform in the logarithm.
fn logarithmic(domain: ImportedDomain) -> ImportedDomain {
    match domain.kind {
        Some("uniform") => ImportedDomain::same("loguniform", domain.value),
        Some("quniform") => ImportedDomain::same("qloguniform", domain.value),
        Some("int") => ImportedDomain::same("logint", domain.value),
        _ => domain,
    }
}

/// The value of a key of a mapping.
fn word(text: &str) -> Value {
    match text {
        "True" => true.into(),
        "False" => false.into(),
        "None" => Value::Null,
        _ => text
            .parse::<i64>()
            .map(Value::from)
            .ok()
            .or_else(|| number(text.parse().ok()?).map(Value::Number))
            .unwrap_or_else(|| text.into()),
    }
}
