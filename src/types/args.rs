//! Arguments of a kind, as given in a file: names with JSON values. Typed reads collect every error.
//!
//! `space`, `schedule` and `search` are built from [`Args`] and know no YAML: `matrix` turns a list, a mapping or an `a:b:c` string
//! into [`Args`], and the path of an [`ArgError`] into a source position.

use indexmap::IndexMap;
use serde_json::Value;

/// Largest absolute value of an integer: up to 2^53 ≈ 9.007e15 a 64-bit float represents every integer.
const MAX_INTEGER: f64 = 9e15;

/// One segment of a path into nested arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PathSegment {
    /// The key of an entry in a mapping.
    Key(String),
    /// The index of an element in a list, from 0.
    Index(usize),
}

/// An invalid or missing argument, or a warning about one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ArgError {
    /// The position. An empty path means all arguments together.
    pub path: Vec<PathSegment>,
    /// A lowercase fragment.
    pub message: String,
    /// A correction, or the form that is expected.
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

    /// A reader that collects errors until [`ArgReader::finish`].
    pub fn reader(&self) -> ArgReader<'_> {
        ArgReader { args: self, prefix: Vec::new(), errors: Vec::new() }
    }
}

/// Typed reads over [`Args`]. A read that fails records an error and returns `None`, so that all errors are reported at once.
#[derive(Debug)]
pub struct ArgReader<'a> {
    args: &'a Args,
    prefix: Vec<PathSegment>,
    errors: Vec<ArgError>,
}

impl<'a> ArgReader<'a> {
    /// A required finite number.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        self.required(name)?;
        self.optional_number(name)
    }

    /// An optional finite number.
    pub fn optional_number(&mut self, name: &str) -> Option<f64> {
        self.typed(name, "a number", |v| v.as_f64().filter(|x| x.is_finite()))
    }

    /// A required whole number ≥ 0.
    pub fn count(&mut self, name: &str) -> Option<u64> {
        self.required(name)?;
        self.optional_count(name)
    }

    /// An optional whole number ≥ 0; 3.0 counts as 3.
    pub fn optional_count(&mut self, name: &str) -> Option<u64> {
        self.typed(name, "a whole number, 0 or more", whole_number)
    }

    /// A required whole number between −9·10¹⁵ and 9·10¹⁵; 3.0 counts as 3.
    pub fn integer(&mut self, name: &str) -> Option<i64> {
        let number = self.number(name)?;
        if number.fract() != 0.0 || number.abs() > MAX_INTEGER {
            let bounds = if number.fract() == 0.0 { " between -9e15 and 9e15" } else { "" };
            let found = self.raw(name).map(describe).unwrap_or_default();
            self.error(name, format!("`{name}` must be a whole number{bounds}, found {found}"));
            return None;
        }
        Some(number as i64)
    }

    /// A required whole number ≥ 1.
    pub fn positive(&mut self, name: &str) -> Option<u64> {
        self.required(name)?;
        self.optional_positive(name)
    }

    /// An optional whole number ≥ 1; 3.0 counts as 3.
    pub fn optional_positive(&mut self, name: &str) -> Option<u64> {
        self.typed(name, "a whole number, 1 or more", |v| whole_number(v).filter(|count| *count > 0))
    }

    /// An optional text.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        self.typed(name, "text", |v| v.as_str().map(str::to_owned))
    }

    /// The value that belongs to an optional keyword. `keywords` holds two or more.
    pub fn optional_keyword<T: Copy>(&mut self, name: &str, keywords: &[(&str, T)]) -> Option<T> {
        let text = self.optional_text(name)?;
        let found = keywords.iter().find(|(keyword, _)| *keyword == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = keywords.iter().map(|(keyword, _)| *keyword).collect();
            let (last, others) = known.split_last().unwrap_or((&"", &[]));
            self.error(name, format!("`{name}` must be {} or {last}, found {text:?}", others.join(", ")));
        }
        found
    }

    /// Reads the optional mapping `name` with `read`; the paths of its errors start with `name`.
    pub fn mapping<T>(&mut self, name: &str, read: impl FnOnce(&mut ArgReader<'_>) -> T) -> Option<T> {
        let entries = self.typed(name, "a mapping", |value| value.as_object().cloned())?;
        let args: Args = entries.into_iter().collect();
        let mut inner = args.reader();
        inner.prefix = self.prefix.iter().cloned().chain([PathSegment::Key(name.to_owned())]).collect();
        let result = read(&mut inner);
        self.errors.append(&mut inner.errors);
        Some(result)
    }

    /// The raw value of `name`; null counts as absent.
    pub fn raw(&self, name: &str) -> Option<&'a Value> {
        self.args.get(name)
    }

    /// The names of all arguments.
    pub fn names(&self) -> impl Iterator<Item = String> + use<'a> {
        self.args.values.keys().cloned()
    }

    /// Records an error at argument `name`.
    pub fn error(&mut self, name: &str, message: impl Into<String>) {
        self.error_at(vec![PathSegment::Key(name.to_owned())], message, None);
    }

    /// Records an error at a path below these arguments, with an optional hint.
    pub fn error_at(&mut self, path: Vec<PathSegment>, message: impl Into<String>, hint: Option<String>) {
        let path = self.prefix.iter().cloned().chain(path).collect();
        self.errors.push(ArgError { path, message: message.into(), hint });
    }

    /// Records `message` at `name` unless `condition` is true.
    pub fn check(&mut self, condition: bool, name: &str, message: impl Into<String>) {
        if !condition {
            self.error(name, message);
        }
    }

    /// Whether no error has been recorded so far.
    pub fn has_no_errors(&self) -> bool {
        self.errors.is_empty()
    }

    /// The result of `build`, which is `None` if a required argument is missing.
    ///
    /// # Errors
    /// All recorded errors.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Vec<ArgError>> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        build()
            .ok_or_else(|| vec![ArgError { path: self.prefix, message: "arguments are incomplete".into(), hint: None }])
    }

    fn required(&mut self, name: &str) -> Option<()> {
        if self.args.get(name).is_none() {
            self.error(name, format!("`{name}` is missing"));
            return None;
        }
        Some(())
    }

    fn typed<T>(&mut self, name: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.args.get(name)?;
        let found = read(value);
        if found.is_none() {
            self.error(name, format!("`{name}` must be {expected}, found {}", describe(value)));
        }
        found
    }
}

fn whole_number(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|x| *x >= 0.0 && x.fract() == 0.0 && *x < 9e15);
    value.as_u64().or_else(|| float().map(|x| x as u64))
}

/// A value for an error message: its type, and the value itself if it is short.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(b) => format!("the boolean {b}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) if s.chars().count() <= 40 => format!("the text {s:?}"),
        Value::String(_) => "a long text".into(),
        Value::Array(items) if items.is_empty() => "an empty list".into(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a mapping".into(),
    }
}
