//! Filters and functions of templates. Those whose result can be much larger than their arguments are limited or removed.

use std::fmt::{self, Write};

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, functions};

/// Longest text that a filter returns, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Largest number of items in a range.
const MAX_RANGE: usize = 10_000;
/// Largest number of digits in a width or a precision of a format.
const MAX_WIDTH_DIGITS: usize = 3;
/// Longest formatted number, in bytes: width, precision, and the digits of the number itself (1e308 has 309).
const NUMBER_BYTES: usize = 999 + 999 + 400;

/// Filters whose output grows with a numeric argument, or that apply other filters to each item of a list.
const REMOVED_FILTERS: [&str; 5] = ["batch", "indent", "map", "pprint", "slice"];
/// Functions that return mutable values.
const REMOVED_FUNCTIONS: [&str; 2] = ["debug", "namespace"];

/// Limits the filters and functions of `environment`.
pub fn limit(environment: &mut Environment<'_>) {
    REMOVED_FILTERS.iter().for_each(|name| environment.remove_filter(name));
    REMOVED_FUNCTIONS.iter().for_each(|name| environment.remove_global(name));
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("format", format);
    environment.add_function("range", range);
}

fn replace(text: &Value, from: &Value, to: &Value) -> Result<String, Error> {
    let [text, from, to] = [text, from, to].map(to_text);
    let (text, from, to) = (text?, from?, to?);
    let length = text.matches(&from).count().saturating_mul(to.len()).saturating_add(text.len());
    if length > MAX_TEXT { Err(too_long()) } else { Ok(text.replace(&from, &to)) }
}

fn join(items: &Value, separator: Option<&Value>) -> Result<String, Error> {
    let separator = separator.map(to_text).transpose()?.unwrap_or_default();
    let mut joined = BoundedText::default();
    for (at, item) in items.try_iter()?.enumerate() {
        if at > 0 {
            joined.write_str(&separator).map_err(|_| too_long())?;
        }
        write!(joined, "{item}").map_err(|_| too_long())?;
    }
    Ok(joined.0)
}

fn format(state: &mut State<'_, '_>, text: &Value, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let pattern = to_text(text)?;
    let widths = pattern.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    if widths > MAX_WIDTH_DIGITS || pattern.contains('*') {
        let message = "a width or precision of a format has at most 3 digits";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let mut longest = NUMBER_BYTES;
    for argument in arguments.iter() {
        longest = longest.max(to_text(argument)?.len().saturating_add(NUMBER_BYTES));
    }
    if pattern.matches('%').count().saturating_mul(longest) > MAX_TEXT {
        return Err(too_long());
    }
    filters::format(state, text, arguments)
}

fn range(lower: isize, upper: Option<isize>, step: Option<isize>) -> Result<Value, Error> {
    let range = functions::range(lower, upper, step)?;
    if range.len().is_none_or(|items| items > MAX_RANGE) {
        let message = format!("a range has at most {MAX_RANGE} items");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(range)
}

fn to_text(value: &Value) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let mut text = BoundedText::default();
    write!(text, "{value}").map_err(|_| too_long())?;
    Ok(text.0)
}

fn too_long() -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("the text is longer than {MAX_TEXT} bytes"))
}

/// Text of at most [`MAX_TEXT`] bytes.
#[derive(Default)]
struct BoundedText(String);

impl Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_TEXT {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
