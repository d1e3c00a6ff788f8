//! Arguments of a kind, as a file gave them: names with JSON values, read with types and collected faults.
//!
//! This is the door through which `space`, `schedule` and `search` are built from text without knowing YAML:
//! `matrix` turns a list, a mapping or an `a:b:c` string into [`Args`] and a returned [`Fault`] into a source position.

use indexmap::IndexMap;
use serde_json::Value;

/// One step of a path into nested arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// An entry of a mapping.
    Key(String),
    /// An element of a list, from 0.
    Item(usize),
}

/// What is wrong with an argument. An empty path means the arguments as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where.
    pub path: Vec<Step>,
    /// A lowercase sentence: what is wrong.
    pub message: String,
    /// What to do, or what was probably meant.
    pub hint: Option<String>,
}

/// Named arguments in file order; names are in the catalogue's spelling (camelCase).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Args {
    values: IndexMap<String, Value>,
}

impl FromIterator<(String, Value)> for Args {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        Args { values: entries.into_iter().collect() }
    }
}

impl Args {
    /// Sets `name` to `value`.
    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// The raw value of `name`; null counts as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|v| !v.is_null())
    }

    /// Starts reading; faults are collected until [`Reader::finish`].
    pub fn reader(&self) -> Reader<'_> {
        Reader { args: self, prefix: Vec::new(), faults: Vec::new() }
    }
}

/// Typed reads over [`Args`] that note what is wrong and go on, so that every fault is reported in one go.
#[derive(Debug)]
pub struct Reader<'a> {
    args: &'a Args,
    prefix: Vec<Step>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// A finite number that must be there.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        self.required(name)?;
        self.number_or_absent(name)
    }

    /// A finite number that may be there.
    pub fn number_or_absent(&mut self, name: &str) -> Option<f64> {
        self.typed(name, "a number", |v| v.as_f64().filter(|x| x.is_finite()))
    }

    /// A whole number ≥ 0 that must be there.
    pub fn count(&mut self, name: &str) -> Option<u64> {
        self.required(name)?;
        self.count_or_absent(name)
    }

    /// A whole number ≥ 0 that may be there; 3.0 counts as 3.
    pub fn count_or_absent(&mut self, name: &str) -> Option<u64> {
        self.typed(name, "a whole number, 0 or more", whole)
    }

    /// A whole number ≥ 1 that must be there.
    pub fn positive(&mut self, name: &str) -> Option<u64> {
        self.required(name)?;
        self.positive_or_absent(name)
    }

    /// A whole number ≥ 1 that may be there; 3.0 counts as 3.
    pub fn positive_or_absent(&mut self, name: &str) -> Option<u64> {
        self.typed(name, "a whole number, 1 or more", |v| whole(v).filter(|count| *count > 0))
    }

    /// Text that may be there.
    pub fn text_or_absent(&mut self, name: &str) -> Option<String> {
        self.typed(name, "text", |v| v.as_str().map(str::to_owned))
    }

    /// One of two or more words that may be there.
    pub fn word_or_absent<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text_or_absent(name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let (last, others) = known.split_last().unwrap_or((&"", &[]));
            self.fault(name, format!("`{name}` must be {} or {last}, found {text:?}", others.join(", ")));
        }
        found
    }

    /// What `read` makes of the mapping `name`, if that is there; faults keep their places.
    pub fn mapping<T>(&mut self, name: &str, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        let entries = self.typed(name, "a mapping", |value| value.as_object().cloned())?;
        let args: Args = entries.into_iter().collect();
        let mut inner = args.reader();
        inner.prefix = self.prefix.iter().cloned().chain([Step::Key(name.to_owned())]).collect();
        let result = read(&mut inner);
        self.faults.append(&mut inner.faults);
        Some(result)
    }

    /// The raw value of `name`; null counts as absent.
    pub fn raw(&self, name: &str) -> Option<&'a Value> {
        self.args.get(name)
    }

    /// Notes a fault at argument `name`.
    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.fault_at(vec![Step::Key(name.to_owned())], message, None);
    }

    /// Notes a fault anywhere below these arguments, with an optional hint.
    pub fn fault_at(&mut self, path: Vec<Step>, message: impl Into<String>, hint: Option<String>) {
        let path = self.prefix.iter().cloned().chain(path).collect();
        self.faults.push(Fault { path, message: message.into(), hint });
    }

    /// Notes `message` at `name` unless `holds`.
    pub fn check(&mut self, holds: bool, name: &str, message: impl Into<String>) {
        if !holds {
            self.fault(name, message);
        }
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// `build`'s result if nothing was wrong and it found all it needs, the faults otherwise.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Vec<Fault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        build().ok_or_else(|| vec![Fault { path: self.prefix, message: "arguments are incomplete".into(), hint: None }])
    }

    fn required(&mut self, name: &str) -> Option<()> {
        if self.args.get(name).is_none() {
            self.fault(name, format!("`{name}` is missing"));
            return None;
        }
        Some(())
    }

    fn typed<T>(&mut self, name: &str, wanted: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.args.get(name)?;
        let found = read(value);
        if found.is_none() {
            self.fault(name, format!("`{name}` must be {wanted}, found {}", describe(value)));
        }
        found
    }
}

fn whole(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|x| *x >= 0.0 && x.fract() == 0.0 && *x < 9e15);
    value.as_u64().or_else(|| float().map(|x| x as u64))
}

/// A value for an error message: its type and, where it is short, itself.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(b) => format!("the boolean {b}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) if s.chars().count() <= 40 => format!("the text {s:?}"),
        Value::String(_) => "a long text".into(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a mapping".into(),
    }
}
