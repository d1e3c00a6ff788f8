//! Looks at the text of a JSON object without building it: a reading may hold a mebibyte of predictions, and only the metric and
//! the step in it are wanted at once.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value};

use crate::words::args::describe;

/// Most bytes of a text that is kept, and most entries.
const SHORT: usize = 200;
const MOST_SCALARS: usize = 200;

/// An entry's value, as far as it is looked at.
#[derive(Clone, PartialEq, Debug)]
pub enum Glimpse {
    /// A value that holds no others; of a text only the beginning.
    Scalar(Value),
    /// A list of so many.
    List(usize),
    /// An object.
    Mapping,
}

impl Glimpse {
    /// A JSON number, or one of the three that JSON lacks.
    pub fn number(&self) -> Option<f64> {
        match self {
            Glimpse::Scalar(Value::Number(n)) => n.as_f64(),
            Glimpse::Scalar(Value::String(s)) => match s.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            _ => None,
        }
    }

    /// For a message.
    pub fn describe(&self) -> String {
        match self {
            Glimpse::Scalar(value) => describe(value),
            Glimpse::List(length) => format!("a list of {length}"),
            Glimpse::Mapping => describe(&Value::Object(Map::new())),
        }
    }
}

/// Goes through the object that `text` is: `wanted` is asked for every name whether its value is to be looked at, `seen` is shown
/// what was found there. False if `text` is no object.
pub fn glance(text: &str, wanted: impl FnMut(&str) -> bool, seen: impl FnMut(&str, Glimpse)) -> bool {
    let mut deserializer = Deserializer::from_str(text);
    let entries = Entries { wanted, seen, name: String::new() };
    deserializer.deserialize_map(entries).is_ok() && deserializer.end().is_ok()
}

/// Every number in the object, NaN and the infinities included.
pub fn numbers(text: &str) -> Vec<(String, f64)> {
    let mut numbers = Vec::new();
    glance(
        text,
        |_| true,
        |name, value| {
            if let Some(number) = value.number() {
                numbers.push((name.to_owned(), number));
            }
        },
    );
    numbers
}

/// What is short and holds nothing else, of an object too large or too deep to be kept whole.
pub fn scalars(text: &str) -> Map<String, Value> {
    let mut kept = Map::new();
    glance(
        text,
        |name| name.len() <= SHORT,
        |name, value| {
            if let Glimpse::Scalar(value) = value
                && kept.len() < MOST_SCALARS
                && value.as_str().is_none_or(|text| text.len() < SHORT)
            {
                kept.insert(name.to_owned(), value);
            }
        },
    );
    kept
}

struct Entries<W, S> {
    wanted: W,
    seen: S,
    /// Of the entry at hand.
    name: String,
}

impl<'de, W: FnMut(&str) -> bool, S: FnMut(&str, Glimpse)> Visitor<'de> for Entries<W, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        while let Some(wanted) = entries.next_key_seed(Name { wanted: &mut self.wanted, name: &mut self.name })? {
            if wanted {
                (self.seen)(&self.name, entries.next_value_seed(Look)?);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// An entry's name, copied only if its value is wanted.
struct Name<'a, W> {
    wanted: &'a mut W,
    name: &'a mut String,
}

impl<'de, W: FnMut(&str) -> bool> DeserializeSeed<'de> for Name<'_, W> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<W: FnMut(&str) -> bool> Visitor<'_> for Name<'_, W> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        let wanted = (self.wanted)(name);
        if wanted {
            self.name.clear();
            self.name.push_str(name);
        }
        Ok(wanted)
    }
}

struct Look;

impl<'de> DeserializeSeed<'de> for Look {
    type Value = Glimpse;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Glimpse, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Glimpse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Glimpse, E> {
        Ok(Glimpse::Scalar(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Glimpse, E> {
        Ok(Glimpse::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Glimpse, E> {
        Ok(Glimpse::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Glimpse, E> {
        Ok(Glimpse::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Glimpse, E> {
        Ok(Glimpse::Scalar(value.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Glimpse, E> {
        let short = text.char_indices().nth(SHORT).map_or(text, |(end, _)| &text[..end]);
        Ok(Glimpse::Scalar(short.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Glimpse, A::Error> {
        let mut length = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Glimpse::List(length))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Glimpse, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Glimpse::Mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"a": 1, "b": "NaN", "c": [1, [2]], "d": {"e": {}}, "\u0066": -0.5, "g": null, "a": 2}"#;

    #[test]
    fn numbers_are_found_among_other_things() {
        let numbers = numbers(OBJECT);
        assert_eq!(numbers[0], ("a".to_owned(), 1.0));
        assert!(numbers[1].1.is_nan());
        assert_eq!(numbers[2..], [("f".to_owned(), -0.5), ("a".to_owned(), 2.0)]);
    }

    #[test]
    fn only_what_is_wanted_is_looked_at() {
        let mut seen = Vec::new();
        assert!(glance(OBJECT, |name| matches!(name, "c" | "d"), |_, value| seen.push(value.describe())));
        assert_eq!(seen, ["a list of 2", "a mapping"]);
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        for text in ["", "1", "[1]", "{\"a\": 1} x", "{\"a\": }", "{\"a\": 1,}", "{'a': 1}"] {
            assert!(!glance(text, |_| false, |_, _| {}), "{text}");
        }
    }

    #[test]
    fn long_and_deep_things_are_left_out() {
        let deep =
            format!("{{\"a\": {}{}, \"b\": 1, \"c\": \"{}\"}}", "[".repeat(5000), "]".repeat(5000), "x".repeat(300));
        assert_eq!(scalars(&deep).keys().collect::<Vec<_>>(), ["b"]);
    }
}
