//! A search space: parameters with `_type` and `_value`.

use serde_json::{Number, Value};

use crate::import::domain::ImportedDomain;
use crate::import::reader::{Reader, whole};
use crate::import::study::ImportedParam;
use crate::matrix::yaml::node::{Entry, Node, Span};

/// Deepest nesting of choices.
const MAX_LEVELS: usize = 8;
/// Most parameters.
const MAX_PARAMS: usize = 5_000;

const TYPES: &str = "NNI's types are choice, randint, uniform, quniform, loguniform, qloguniform, normal, qnormal, lognormal and \
                     qlognormal";

/// Reads the parameters of a search space.
pub fn read(node: &Node, span: &Span, params: &mut Vec<ImportedParam>, reader: &mut Reader) {
    let Some(entries) = node.map().filter(|entries| !entries.is_empty()) else {
        reader.error(span, format!("the search space must be a mapping of names, found {}", node.describe()), "");
        return;
    };
    for entry in entries {
        read_entry(entry, entry.key.clone(), &[], params, reader);
    }
}

/// The parameters and values with which a nested parameter is active.
type Branch = (String, Value);

fn read_entry(entry: &Entry, name: String, when: &[Branch], params: &mut Vec<ImportedParam>, reader: &mut Reader) {
    if params.len() >= MAX_PARAMS {
        reader.error(&entry.key_span, format!("the search space has more than {MAX_PARAMS} parameters"), "");
        return;
    }
    let (kind, value) = (entry.value.get("_type"), entry.value.get("_value"));
    let (Some(kind), Some(value)) = (kind, value) else {
        reader.error(&entry.key_span, format!("the parameter `{name}` must have `_type` and `_value`"), "");
        return;
    };
    let Some(kind_name) = reader.text(kind, "`_type`") else { return };
    let Some(items) = reader.list(value, "`_value`") else { return };
    let is_nested = kind_name == "choice" && items.iter().any(|item| item.get("_name").is_some());
    let domain = match kind_name {
        "choice" if is_nested => {
            let names = items.iter().map(|item| reader.json(item.get("_name").unwrap_or(item)));
            Some(ImportedDomain::choice(names.collect()))
        }
        "choice" => Some(ImportedDomain::choice(items.iter().map(|item| reader.json(item)).collect())),
        _ => numeric(kind_name, kind, items, value, reader),
    };
    let Some(domain) = domain else { return };
    let conditions = when.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    let param = ImportedParam { when: conditions, ..ImportedParam::new(name.clone(), entry.key_span.clone(), domain) };
    if !reader.check_domain(&param) {
        return;
    }
    add(param, params, when);
    if is_nested {
        read_branches(&name, items, when, params, reader);
    }
}

/// Adds a parameter. One that another branch has as well, with the same values, is active in both.
fn add(mut param: ImportedParam, params: &mut Vec<ImportedParam>, when: &[Branch]) {
    let last = when.len().checked_sub(1);
    let same_name = params.iter_mut().find(|other| other.name == param.name);
    match (same_name, last) {
        (Some(other), Some(last))
            if other.domain == param.domain
                && other.when.len() == param.when.len()
                && other.when[..last] == param.when[..last] =>
        {
            other.when[last].1.append(&mut param.when[last].1);
        }
        (Some(_), Some(last)) => {
            let (parent, branch) = &when[last];
            let branch = branch.as_str().map_or_else(|| branch.to_string(), str::to_owned);
            let own = param.name.strip_prefix(&format!("{parent}.")).unwrap_or(&param.name).to_owned();
            param.name = format!("{parent}.{branch}.{own}");
            params.push(param);
        }
        _ => params.push(param),
    }
}

fn read_branches(name: &str, items: &[Node], when: &[Branch], params: &mut Vec<ImportedParam>, reader: &mut Reader) {
    for item in items {
        let Some(branch) = item.get("_name") else { continue };
        if when.len() >= MAX_LEVELS {
            reader.error(&item.span, "the choices are nested too deeply", "");
            return;
        }
        let own: Branch = (name.to_owned(), reader.json(branch));
        let when: Vec<Branch> = when.iter().cloned().chain([own]).collect();
        for entry in item.map().unwrap_or_default().iter().filter(|entry| entry.key != "_name") {
            read_entry(entry, format!("{name}.{}", entry.key), &when, params, reader);
        }
    }
}

fn numeric(kind: &str, at: &Node, items: &[Node], value: &Node, reader: &mut Reader) -> Option<ImportedDomain> {
    let count = match kind {
        "randint" | "uniform" | "loguniform" | "normal" | "lognormal" => 2,
        "quniform" | "qloguniform" | "qnormal" | "qlognormal" => 3,
        _ => {
            reader.error(&at.span, format!("unknown type `{kind}`"), TYPES);
            return None;
        }
    };
    let numbers: Option<Vec<Number>> = items.iter().map(|item| reader.number(item, "a bound")).collect();
    let mut numbers = numbers?;
    if kind == "randint" && numbers.len() == 1 {
        // of versions before 0.7
        numbers.insert(0, 0.into());
    }
    if numbers.len() != count {
        let message = format!("`_value` of `{kind}` must have {count} numbers, found {}", items.len());
        reader.error(&value.span, message, "");
        return None;
    }
    let q = numbers.get(2).cloned();
    let mut two = numbers.into_iter();
    let (first, second) = (two.next()?, two.next()?);
    Some(match (kind, q) {
        // `upper` is excluded
        ("randint", _) => match (whole(&first), whole(&second).and_then(|upper| upper.checked_sub(1))) {
            (Some(lower), Some(last)) if lower <= last => ImportedDomain::int(lower, last),
            _ => {
                reader.error(&value.span, "`randint` needs whole numbers [lower, upper] with lower below upper", "");
                return None;
            }
        },
        ("uniform", _) => ImportedDomain::uniform(first, second),
        // unlike Hyperopt's, the bounds are values
        ("loguniform", _) => ImportedDomain::log_uniform(first, second),
        ("quniform", Some(q)) => ImportedDomain::q_uniform(first, second, q),
        ("qloguniform", Some(q)) => ImportedDomain::q_log_uniform(first, second, q),
        ("normal" | "qnormal", q) => ImportedDomain::normal(first, second, q),
        (_, q) => ImportedDomain::log_normal(first, second, q),
    })
}
