//! Dotted names.

use serde_json::{Map, Value};

/// The keys of a dotted name. A name with an empty part is one key.
pub fn keys(name: &str) -> Vec<&str> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.contains(&"") { vec![name] } else { parts }
}

/// `value` in mappings of one key each, the outermost first.
pub fn nested(keys: &[&str], value: Value) -> Value {
    keys.iter().rev().fold(value, |value, key| Value::Object(Map::from_iter([((*key).to_owned(), value)])))
}
