//! Arguments of a kind that are written beside it: `{kind: int, min: 1, max: 8}` is `{kind: int, value: {min: 1, max: 8}}`.

use serde_json::Value;

use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Content, Entry, Node};
use crate::space::{Form, ParamKind};

/// The entry `value` with the arguments of `kind` that are fields of `declared`; `None` if there are none.
pub fn value(kind: &ParamKind, declared: &Entry, fields: &mut Fields<'_>) -> Option<Entry> {
    let given: Vec<Entry> = names(kind).into_iter().filter_map(|name| fields.entry(name)).cloned().collect();
    let (key_span, span) = (declared.key_span.clone(), declared.value.span.clone());
    let content = Content::Map(given);
    let is_given = content != Content::Map(Vec::new());
    is_given.then(|| Entry { key: "value".to_owned(), key_span, value: Node { span, content } })
}

/// The names of all arguments of `kind`.
fn names(kind: &ParamKind) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for form in kind.forms {
        if let Form::Named { required, optional, .. } = form {
            let new = required.iter().chain(*optional).filter(|name| !names.contains(name)).copied();
            names.extend(new.collect::<Vec<_>>());
        }
    }
    names
}

/// How a mapping without `kind` may have been meant.
pub fn suggestion(node: &Node) -> String {
    let json = |names: &[&str]| {
        let value = names.iter().find_map(|name| node.get(name))?;
        Some(value.to_json(&mut Vec::new()))
    };
    if let Some(values) = json(&["values"]).filter(Value::is_array) {
        return format!("write {{kind: choice, value: {values}}}");
    }
    if let Some([Entry { key, value, .. }]) = node.map() {
        return format!("write {{kind: {key}, value: {}}}", value.to_json(&mut Vec::new()));
    }
    let type_name = json(&["type", "distribution", "parameter_type"]).map(|name| name.to_string().to_ascii_lowercase());
    let says = |word: &str| type_name.as_ref().is_some_and(|name| name.contains(word));
    let is_log = says("log") || json(&["log"]) == Some(true.into());
    let is_float = says("float") || says("double") || says("uniform");
    match (json(&["min", "low"]), json(&["max", "high"])) {
        (Some(min), Some(max)) if is_log => format!("write {{kind: loguniform, min: {min}, max: {max}}}"),
        (Some(min), Some(max)) if !is_float && min.is_i64() && max.is_i64() => {
            format!("write {{kind: int, min: {min}, max: {max}}} for whole numbers, or kind: uniform for all numbers")
        }
        (Some(min), Some(max)) => format!("write {{kind: uniform, min: {min}, max: {max}}}, or kind: loguniform"),
        _ => "write {kind: uniform, min: 0, max: 1}, or {kind: choice, value: [a, b]}".to_owned(),
    }
}
