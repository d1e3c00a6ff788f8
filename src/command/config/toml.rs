//! TOML files.

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

use super::error::ConfigError;
use super::format::{ConfigFormat, KeyPresence};
use super::key_path::{keys, nested};

const NAME: &str = "TOML";

/// `.toml`.
#[derive(Debug)]
pub struct Toml;

impl ConfigFormat for Toml {
    fn name(&self) -> &'static str {
        NAME
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["toml"]
    }

    fn prepare(&self, text: &str) -> Result<String, ConfigError> {
        parse(text).map(|_| text.to_owned())
    }

    /// TOML has no null: the key is removed, so that the program's own default applies.
    fn set(&self, text: &str, name: &str, value: &Value) -> Result<(String, KeyPresence), ConfigError> {
        let mut document = parse(text)?;
        let (root, keys) = (document.as_item_mut(), keys(name));
        let presence = match (resolve(root, &keys), value) {
            (Some(steps), Value::Null) => {
                remove(root, &steps, name)?;
                KeyPresence::Present
            }
            (Some(steps), _) => {
                replace(root, &steps, to_toml(name, value)?);
                KeyPresence::Present
            }
            (None, Value::Null) => KeyPresence::Absent,
            (None, _) => {
                add(root, name, &keys, 0, value)?;
                KeyPresence::Added
            }
        };
        Ok((document.to_string(), presence))
    }

    fn values(&self, text: &str) -> Result<Value, ConfigError> {
        Ok(table_value(parse(text)?.as_table()))
    }
}

fn parse(text: &str) -> Result<DocumentMut, ConfigError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let before = |start: usize| text.get(..start).unwrap_or_default();
        let line = error.span().map(|span| before(span.start).matches('\n').count() + 1);
        let place = line.map_or(String::new(), |line| format!(" at line {line}"));
        ConfigError::Syntax { format: NAME, message: format!("{}{place}", error.message()) }
    })
}

/// A step into a table or an array of tables.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// The steps to the item at `keys`, if there is one. An existing key with more of them comes first.
fn resolve(item: &Item, keys: &[&str]) -> Option<Vec<Step>> {
    if keys.is_empty() {
        return Some(Vec::new());
    }
    let with = |first: Step, rest: Vec<Step>| std::iter::once(first).chain(rest).collect();
    if let Some(table) = item.as_table_like() {
        return (1..=keys.len()).rev().find_map(|count| {
            let key = keys[..count].join(".");
            let child = table.get(&key).filter(|item| !item.is_none())?;
            Some(with(Step::Key(key), resolve(child, &keys[count..])?))
        });
    }
    let index = keys[0].parse::<usize>().ok()?;
    Some(with(Step::Index(index), resolve(item.get(index)?, &keys[1..])?))
}

fn navigate<'i>(item: &'i mut Item, steps: &[Step]) -> Option<&'i mut Item> {
    steps.iter().try_fold(item, |item, step| match step {
        Step::Key(key) => item.get_mut(key.as_str()),
        Step::Index(index) => item.get_mut(*index),
    })
}

/// Replaces a value and keeps the comment after it.
fn replace(root: &mut Item, steps: &[Step], mut new: toml_edit::Value) {
    let Some(item) = navigate(root, steps) else { return };
    if let Item::Value(old) = item {
        *new.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(new);
}

fn remove(root: &mut Item, steps: &[Step], name: &str) -> Result<(), ConfigError> {
    let no_null = || ConfigError::NoNotation { name: name.to_owned(), format: NAME, value: "null" };
    let Some((Step::Key(key), parents)) = steps.split_last() else { return Err(no_null()) };
    let table = navigate(root, parents).and_then(Item::as_table_like_mut).ok_or_else(no_null)?;
    table.remove(key);
    Ok(())
}

/// Adds the value at `keys[depth..]` to `item`.
fn add(item: &mut Item, name: &str, keys: &[&str], depth: usize, value: &Value) -> Result<(), ConfigError> {
    let is_inline = item.is_value();
    let found = item.type_name();
    let Some(table) = item.as_table_like_mut() else {
        let found = if found.contains("array") { "a list" } else { "a single value" };
        return Err(ConfigError::NotReachable { name: name.to_owned(), key: keys[..depth].join("."), found });
    };
    let (key, rest) = (keys[depth], &keys[depth + 1..]);
    if let Some(child) = table.get_mut(key).filter(|item| !item.is_none()) {
        return add(child, name, keys, depth + 1, value);
    }
    let new = match is_inline || rest.is_empty() {
        true => Item::Value(to_toml(name, &nested(rest, value.clone()))?),
        false => {
            let mut table = Item::Table(Table::new());
            add(&mut table, name, keys, depth + 1, value)?;
            table
        }
    };
    table.insert(key, new);
    Ok(())
}

fn to_toml(name: &str, value: &Value) -> Result<toml_edit::Value, ConfigError> {
    let none = |value| ConfigError::NoNotation { name: name.to_owned(), format: NAME, value };
    Ok(match value {
        Value::Null => return Err(none("null")),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            (None, Some(float)) if number.is_f64() => float.into(),
            _ => return Err(none("integer of more than 63 bits")),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items = items.iter().map(|item| to_toml(name, item));
            toml_edit::Value::Array(items.collect::<Result<Array, _>>()?)
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, item)| Ok((key.as_str(), to_toml(name, item)?)));
            toml_edit::Value::InlineTable(entries.collect::<Result<InlineTable, _>>()?)
        }
    })
}

fn table_value(table: &dyn TableLike) -> Value {
    let entries = table.iter().filter(|(_, item)| !item.is_none());
    entries.map(|(key, item)| (key.to_owned(), item_value(item))).collect::<Map<_, _>>().into()
}

fn item_value(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => value_of(value),
        Item::Table(table) => table_value(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table_value(table)).collect(),
    }
}

fn value_of(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(integer) => (*integer.value()).into(),
        toml_edit::Value::Float(float) => {
            let float = *float.value();
            serde_json::Number::from_f64(float).map_or_else(|| format!("float {float}").into(), Value::Number)
        }
        toml_edit::Value::Boolean(flag) => (*flag.value()).into(),
        toml_edit::Value::Datetime(time) => format!("datetime {}", time.value()).into(),
        toml_edit::Value::Array(items) => items.iter().map(value_of).collect(),
        toml_edit::Value::InlineTable(table) => table_value(table),
    }
}
