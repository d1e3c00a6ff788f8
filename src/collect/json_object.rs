//! The entries of a JSON object, parsed only where they are asked for: a reading may hold a mebibyte of predictions, of which the
//! metric and the step are needed at once.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::types::args::describe;

/// Bytes of the longest string and name that [`JsonObject::scalars`] keeps.
const MAX_SCALAR_BYTES: usize = 200;
/// Most entries that [`JsonObject::scalars`] keeps.
const MAX_SCALARS: usize = 200;
/// Bytes of one byte of a string as the longest escape sequence, `\u0000`.
const MAX_ESCAPE_BYTES: usize = 6;

/// An object that borrows its text. Of entries with one name the last counts, as in Python.
pub struct JsonObject<'t> {
    entries: Vec<(Name<'t>, &'t RawValue)>,
}

/// An entry's name; borrowed where it holds no escape sequence.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'de: 't, 't> Deserialize<'de> for JsonObject<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<'t>(PhantomData<&'t str>);

impl<'de: 't, 't> Visitor<'de> for ObjectVisitor<'t> {
    type Value = JsonObject<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject<'t>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(JsonObject { entries })
    }
}

impl<'t> JsonObject<'t> {
    /// The object that `text` is, surrounding white space aside; `None` if it is anything else.
    pub fn parse(text: &'t str) -> Option<JsonObject<'t>> {
        serde_json::from_str(text).ok()
    }

    /// The names, as they were printed: a name may appear twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.0.as_ref())
    }

    /// The names with their entries, as they were printed.
    pub fn entries(&self) -> impl Iterator<Item = (&str, JsonEntry<'t>)> {
        self.entries.iter().map(|(name, raw)| (name.0.as_ref(), JsonEntry { text: raw.get() }))
    }

    /// The entry `name`.
    pub fn get(&self, name: &str) -> Option<JsonEntry<'t>> {
        let (_, raw) = self.entries.iter().rfind(|(found, _)| found.0 == name)?;
        Some(JsonEntry { text: raw.get() })
    }

    /// Every number, NaN and the infinities included. Of numbers with one name the last comes first.
    pub fn numbers(&self) -> Vec<(String, f64)> {
        let number = |(name, raw): &(Name<'_>, &RawValue)| {
            let number = JsonEntry { text: raw.get() }.number()?;
            Some((name.0.to_string(), number))
        };
        self.entries.iter().rev().filter_map(number).collect()
    }

    /// The entries that are short and hold no others: what is kept of an object too large or too deep to be kept whole.
    pub fn scalars(&self) -> Map<String, Value> {
        let short = self.entries.iter().filter(|(name, _)| name.0.len() <= MAX_SCALAR_BYTES);
        let scalar = |(name, raw): &(Name<'_>, &RawValue)| {
            let value = JsonEntry { text: raw.get() }.short_scalar()?;
            Some((name.0.to_string(), value))
        };
        short.filter_map(scalar).take(MAX_SCALARS).collect()
    }
}

/// The value of an entry, not parsed yet.
#[derive(Clone, Copy, Debug)]
pub struct JsonEntry<'t> {
    text: &'t str,
}

impl<'t> JsonEntry<'t> {
    /// The object that it is; `None` if it is anything else.
    pub fn object(self) -> Option<JsonObject<'t>> {
        if self.text.starts_with('{') { JsonObject::parse(self.text) } else { None }
    }

    /// The text of a string.
    pub fn string(self) -> Option<Cow<'t, str>> {
        if !self.text.starts_with('"') {
            return None;
        }
        serde_json::from_str(self.text).ok().map(|Name(text)| text)
    }

    /// A JSON number, or one of the strings `NaN`, `Infinity` and `-Infinity`. A number beyond the range of a float is infinite.
    pub fn number(self) -> Option<f64> {
        match self.text {
            r#""NaN""# => Some(f64::NAN),
            r#""Infinity""# => Some(f64::INFINITY),
            r#""-Infinity""# => Some(f64::NEG_INFINITY),
            text if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        }
    }

    /// The numbers of a list that has nothing else; `None` if it is anything else or empty.
    pub fn numbers(self) -> Option<Vec<f64>> {
        if !self.text.starts_with('[') {
            return None;
        }
        let items: Vec<&RawValue> = serde_json::from_str(self.text).ok()?;
        let numbers: Option<Vec<f64>> = items.into_iter().map(|item| JsonEntry { text: item.get() }.number()).collect();
        numbers.filter(|numbers| !numbers.is_empty())
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.text == "null"
    }

    /// What it is, for a message: `the text "0.3"`, `a list of 3`.
    pub fn describe(self) -> String {
        match self.text.as_bytes().first() {
            Some(b'[') => {
                format!("a list of {}", serde_json::from_str(self.text).map_or(0, |items: Vec<IgnoredAny>| items.len()))
            }
            Some(b'{') => describe(&Value::Object(Map::new())),
            _ => serde_json::from_str(self.text).map_or_else(|_| self.text.to_owned(), |value| describe(&value)),
        }
    }

    fn short_scalar(self) -> Option<Value> {
        if self.text.starts_with(['[', '{']) || self.text.len() > MAX_ESCAPE_BYTES * MAX_SCALAR_BYTES {
            return None;
        }
        let value: Value = serde_json::from_str(self.text).ok()?;
        value.as_str().is_none_or(|text| text.len() < MAX_SCALAR_BYTES).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#" {"a": 1, "b": "NaN", "c": [1, [2]], "d": {"e": {}}, "\u0066": -0.5, "g": null, "a": 2} "#;

    #[test]
    fn numbers_include_nan_and_begin_with_the_last_of_equal_names() {
        let numbers = JsonObject::parse(OBJECT).unwrap().numbers();
        assert_eq!(numbers[..2], [("a".to_owned(), 2.0), ("f".to_owned(), -0.5)]);
        assert!(numbers[2].1.is_nan());
        assert_eq!(numbers[3], ("a".to_owned(), 1.0));
    }

    #[test]
    fn values_are_described() {
        let object = JsonObject::parse(OBJECT).unwrap();
        let described: Vec<String> = object.names().map(|name| object.get(name).unwrap().describe()).collect();
        let wanted = [
            "the number 2",
            "the text \"NaN\"",
            "a list of 2",
            "a mapping",
            "the number -0.5",
            "nothing",
            "the number 2",
        ];
        assert_eq!(described, wanted);
        assert!(object.get("g").unwrap().is_null() && object.get("h").is_none());
    }

    #[test]
    fn a_number_beyond_the_range_of_a_float_is_infinite() {
        let object = JsonObject::parse(r#"{"a": 1e999, "b": -1e999, "c": 1}"#).unwrap();
        assert_eq!(
            object.numbers().iter().map(|(_, number)| *number).collect::<Vec<_>>(),
            [1.0, f64::NEG_INFINITY, f64::INFINITY]
        );
    }

    #[test]
    fn other_texts_are_no_objects() {
        for text in ["", "1", "[1]", "{\"a\": 1} x", "{\"a\": }", "{\"a\": 1,}", "{'a': 1}"] {
            assert!(JsonObject::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn long_and_deep_entries_are_no_scalars() {
        let deep =
            format!("{{\"a\": {}{}, \"b\": 1, \"c\": \"{}\"}}", "[".repeat(5000), "]".repeat(5000), "x".repeat(300));
        let object = JsonObject::parse(&deep).unwrap();
        assert_eq!(object.scalars().keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(object.get("a").unwrap().describe(), "a list of 1");
    }
}
