//! Reads the default, the choices and the bounds of an option from its placeholder and its description.

use serde_json::Value;

use crate::matrix::yaml::parse::parse_value;

/// Longest description that is read, in bytes.
const MAX_LENGTH: usize = 4_096;

/// What the help says about the value of an option.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Details {
    /// The default as it is written.
    pub default: Option<String>,
    /// The values it may have.
    pub choices: Vec<String>,
    /// The least and the largest number it may be.
    pub range: Option<(f64, f64)>,
    /// Whether it takes several values.
    pub is_list: bool,
    /// Whether it is given once for each of several values, as click's `multiple`.
    pub is_repeated: bool,
    /// Whether the script must be given the option.
    pub is_required: bool,
    /// Whether the help names a type of numbers.
    pub number: Option<NumberKind>,
}

/// A type of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberKind {
    /// Whole numbers.
    Int,
    /// Any number.
    Float,
}

impl Details {
    /// Whether the help shows a value, so that the option is no flag.
    pub fn shows_a_value(&self) -> bool {
        let is_boolean = |text: &String| ["true", "false"].contains(&text.to_lowercase().as_str());
        self.number.is_some() || !self.choices.is_empty() || self.default.as_ref().is_some_and(|text| !is_boolean(text))
    }

    /// The default, if it is a number.
    pub fn default_number(&self) -> Option<f64> {
        parse_value(self.default.as_deref()?).as_f64().filter(|number| number.is_finite())
    }

    /// Whether the values are whole numbers.
    pub fn is_int(&self) -> bool {
        let is_whole =
            || self.default.as_deref().map(parse_value).is_some_and(|value| value.is_u64() || value.is_i64());
        match self.number {
            Some(kind) => kind == NumberKind::Int,
            None => is_whole(),
        }
    }
}

/// Reads the placeholder and the description of an option.
pub fn read(placeholder: &str, help: &str) -> Details {
    let help = help.char_indices().nth(MAX_LENGTH).map_or(help, |(at, _)| &help[..at]);
    let lower = help.to_ascii_lowercase();
    let several = placeholder.contains("...") || repeats_a_word(placeholder);
    // click's `multiple`: `[default: 1, 2]`
    let is_repeated = !several && default(help, &lower, &[';']).is_some_and(|text| is_list_of_numbers(&text));
    let several = several || is_repeated;
    let default = default(help, &lower, if several { &[';'] } else { &[';', ',', ' '] })
        .filter(|text| !["", "none", "null", "required"].contains(&&*text.to_lowercase()));
    let is_list = several || default.as_ref().is_some_and(|text| text.starts_with(['[', '(']));
    Details {
        is_list,
        is_repeated,
        default,
        choices: choices(placeholder, help),
        range: range(placeholder).or_else(|| range(help)),
        is_required: lower.contains("[required]") || lower.contains("; required]") || lower.contains("(required)"),
        number: number_kind(placeholder, &lower),
    }
}

/// Whether a default is two numbers or more with commas.
fn is_list_of_numbers(text: &str) -> bool {
    text.contains(',') && text.split(',').all(|item| item.trim().parse::<f64>().is_ok())
}

/// Whether a placeholder is one word several times, as argparse prints `nargs=2`: `SIZE SIZE`.
fn repeats_a_word(placeholder: &str) -> bool {
    let mut words = placeholder.split_whitespace();
    let Some(first) = words.next() else { return false };
    words.clone().next().is_some() && words.all(|word| word == first)
}

/// The text after `default: `, up to the bracket or one of the characters `ends` that ends it. `lower` is `help` in lower case.
fn default(help: &str, lower: &str, ends: &[char]) -> Option<String> {
    let at = ["default: ", "default=", "defaults to ", "default is ", "(default "]
        .iter()
        .find_map(|mark| lower.find(mark).map(|at| at + mark.len()))?;
    let rest = help[at..].trim_start();
    if let Some(quote) = rest.chars().next().filter(|c| ['\'', '"'].contains(c)) {
        return rest[1..].split(quote).next().map(str::to_owned);
    }
    let mut depth = 0;
    let end = rest.char_indices().find(|(at, c)| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && (ends.contains(c) || rest[*at..].starts_with(". ")))
    });
    let text = rest[..end.map_or(rest.len(), |(at, _)| at)].trim().trim_end_matches('.');
    Some(text.to_owned())
}

/// `{a,b}`, `[a|b]` or `<a|b>` in the placeholder or at the start of the description.
fn choices(placeholder: &str, help: &str) -> Vec<String> {
    let listed = |text: &str| {
        let (close, separator) = match text.chars().next()? {
            '{' => ('}', ','),
            '[' => (']', '|'),
            '<' => ('>', '|'),
            _ => return None,
        };
        let inner = text[1..].split(close).next()?;
        let items: Vec<String> = inner.split(separator).map(|item| item.trim().to_owned()).collect();
        (items.len() > 1 && items.iter().all(|item| !item.is_empty() && !item.contains(' '))).then_some(items)
    };
    listed(placeholder).or_else(|| listed(help)).unwrap_or_default()
}

/// `1<=x<=8`, as click writes a range.
fn range(text: &str) -> Option<(f64, f64)> {
    let at = text.find("<=x<=")?;
    let is_part = |c: char| c.is_ascii_digit() || ".-+e".contains(c);
    let before = &text[..at];
    let low = &before[before.rfind(|c| !is_part(c)).map_or(0, |at| at + 1)..];
    let after = &text[at + "<=x<=".len()..];
    let high = &after[..after.find(|c| !is_part(c)).unwrap_or(after.len())];
    let (low, high) = (low.parse::<f64>().ok()?, high.parse::<f64>().ok()?);
    (low.is_finite() && high.is_finite() && low < high).then_some((low, high))
}

fn number_kind(placeholder: &str, lower: &str) -> Option<NumberKind> {
    let is_type = |names: [&str; 3]| {
        let word = placeholder.trim_matches(['<', '>']).split(' ').next().unwrap_or_default().to_lowercase();
        names.contains(&&*word)
    };
    match () {
        () if is_type(["float", "number", "double"])
            || lower.contains("type: float")
            || lower.contains("(a number)") =>
        {
            Some(NumberKind::Float)
        }
        () if is_type(["int", "integer", "count"]) || lower.contains("type: int") || lower.contains("(an integer)") => {
            Some(NumberKind::Int)
        }
        () => None,
    }
}

/// `text` as a value in the notation of the command line.
pub fn value(text: &str) -> String {
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-+./".contains(c));
    match parse_value(text) {
        Value::String(_) if !is_plain => Value::from(text).to_string(),
        _ => text.to_owned(),
    }
}
