//! What is printed behind a name: one measured number, nothing that was measured (`None`), or something that only begins with a number.
//!
//! Refused, because the first number is not the value: expressions and other source code (`0.5 * x`, `1 - f(x)`), fractions (`1/3`;
//! but of a count with its percentage, `95/120 (79%)`, the count is the value), ranges (`0.3..0.5`), complex numbers (`0.3+0.1j`) and
//! numbers with a unit of time, size or count (`12 seconds`). Of `0.9 -> 0.4` the last number is the value.

use super::enclosure::Joint;
use super::number;

/// Words for a missing number.
const MISSING: [&str; 8] = ["None", "none", "null", "NULL", "Null", "N/A", "n/a", "nil"];
const ARROWS: [&str; 4] = ["-->", "->", "=>", "→"];
/// Most arrows between numbers.
const MAX_ARROWS: usize = 8;
/// Bytes in which the minus sign of Unicode is replaced.
const MINUS_WINDOW: usize = 48;
const UNITS: [&str; 40] = [
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "ms",
    "msec",
    "msecs",
    "millisecond",
    "milliseconds",
    "us",
    "minute",
    "minutes",
    "mins",
    "hour",
    "hours",
    "hrs",
    "days",
    "sample",
    "samples",
    "example",
    "examples",
    "item",
    "items",
    "images",
    "tokens",
    "batches",
    "iterations",
    "steps",
    "epochs",
    "rows",
    "records",
    "it",
    "bytes",
    "kb",
    "mb",
    "gb",
    "kib",
    "mib",
    "gib",
];
/// What is written behind the asterisk that marks the best value so far.
const MARKED: [&str; 9] = ["best", "new", "improved", "saved", "lowest", "highest", "checkpoint", "record", "min"];

/// What is printed behind a name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Measured {
    /// A number.
    Number {
        /// The number.
        number: f64,
        /// How its commas are to be read.
        comma: Comma,
    },
    /// A word for a missing number.
    Missing,
    /// It begins with a number that is not the value.
    Unread,
    /// Anything else.
    Nothing,
}

/// What the comma in a number may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comma {
    /// There is none, or it separates thousands.
    Clear,
    /// One with three digits behind it, as in `1,234`: it may be a decimal comma.
    Ambiguous,
}

/// Reads what follows a name and its separator.
pub fn measured(text: &[u8], joint: Joint) -> Measured {
    let text = without_approximation(text);
    if let Some(replaced) = with_ascii_minus(text) {
        return measured(&replaced, joint);
    }
    let Some((mut number, mut rest)) = number::leading_and_rest(text) else {
        return match () {
            () if is_missing(text) => Measured::Missing,
            () if number::begins(text) => Measured::Unread,
            () => Measured::Nothing,
        };
    };
    let mut comma = comma_of(text);
    for _ in 0..MAX_ARROWS {
        let Some(next) = behind_arrow(rest) else { break };
        let Some((new, behind)) = number::leading_and_rest(next) else { break };
        (number, rest, comma) = (new, behind, comma_of(next));
    }
    if is_part_of_something_longer(rest, joint) { Measured::Unread } else { Measured::Number { number, comma } }
}

/// Whether `text` begins with a number that has a decimal comma for certain: `2,5`, `0,987`, `1.234,5`.
pub fn has_decimal_comma(text: &[u8]) -> bool {
    let text = without_sign_and_quote(text);
    let Some(at) = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.') else { return false };
    let fraction = digits(&text[at + 1..]);
    let is_one_number = text[at] == b',' && at > 0 && fraction > 0 && text[0] != b'.';
    let ends = !matches!(text.get(at + 1 + fraction), Some(b',' | b'.'));
    let whole = &text[..at];
    let is_clear = fraction != 3 || whole.contains(&b'.') || whole.len() > 3 || whole == b"0";
    is_one_number && ends && is_clear
}

/// What the comma at the start of `text` may be.
pub fn comma_of(text: &[u8]) -> Comma {
    let text = without_sign_and_quote(text);
    let whole = digits(text);
    let group = text.get(whole).filter(|next| **next == b',').map_or(0, |_| digits(&text[whole + 1..]));
    let goes_on = matches!(text.get(whole + 1 + group), Some(b','))
        && text.get(whole + 2 + group).is_some_and(u8::is_ascii_digit);
    let has_fraction =
        text.get(whole + 1 + group) == Some(&b'.') && text.get(whole + 2 + group).is_some_and(u8::is_ascii_digit);
    if (1..=3).contains(&whole) && group == 3 && !goes_on && !has_fraction { Comma::Ambiguous } else { Comma::Clear }
}

fn without_sign_and_quote(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"'").or_else(|| text.strip_prefix(b"\"")).unwrap_or(text);
    text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text)
}

fn without_approximation(text: &[u8]) -> &[u8] {
    let signs = ["~", "≈", "≃"];
    let inside = signs.iter().find_map(|sign| text.strip_prefix(sign.as_bytes()));
    inside.map_or(text, trim_blanks)
}

/// `text` with a hyphen for each minus sign of Unicode in the first word; `None` if there is none.
fn with_ascii_minus(text: &[u8]) -> Option<Vec<u8>> {
    let word = text.iter().take(MINUS_WINDOW).take_while(|byte| !byte.is_ascii_whitespace()).count();
    let minus = "−".as_bytes();
    memchr::memmem::find(&text[..word], minus)?;
    let mut replaced = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if at < word && text[at..].starts_with(minus) {
            replaced.push(b'-');
            at += minus.len();
        } else {
            replaced.push(text[at]);
            at += 1;
        }
    }
    Some(replaced)
}

fn is_missing(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"'").or_else(|| text.strip_prefix(b"\"")).unwrap_or(text);
    let rest = MISSING.iter().find_map(|word| text.strip_prefix(word.as_bytes()));
    rest.is_some_and(|rest| {
        !rest.first().is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, b'_' | b'.' | b'/'))
    })
}

fn behind_arrow(rest: &[u8]) -> Option<&[u8]> {
    let rest = trim_blanks(rest);
    ARROWS.iter().find_map(|arrow| rest.strip_prefix(arrow.as_bytes())).map(trim_blanks)
}

fn is_part_of_something_longer(rest: &[u8], joint: Joint) -> bool {
    is_complex(rest)
        || is_range(rest)
        || is_fraction(trim_blanks(rest))
        || has_unit(rest)
        || is_expression(trim_blanks(rest), joint)
}

fn is_complex(rest: &[u8]) -> bool {
    let imaginary = rest.strip_prefix(b"+").and_then(number::parse).map(|(_, length)| &rest[1 + length..]);
    imaginary.is_some_and(|end| {
        matches!(end.first(), Some(b'j' | b'i')) && !end.get(1).is_some_and(u8::is_ascii_alphanumeric)
    })
}

fn is_range(rest: &[u8]) -> bool {
    let begins = |text: &[u8]| number::begins(text);
    let joined = ["...", "..", "…", "–", "—", "~"].iter().find_map(|sign| rest.strip_prefix(sign.as_bytes()));
    let apart = ["... ", ".. ", "… ", "to "].iter().find_map(|word| trim_blanks(rest).strip_prefix(word.as_bytes()));
    joined.is_some_and(begins) || (rest.first() == Some(&b' ') && apart.is_some_and(begins))
}

/// Whether a denominator follows; not one of a count with its percentage.
fn is_fraction(rest: &[u8]) -> bool {
    let Some(denominator) = rest.strip_prefix(b"/") else { return false };
    let denominator = trim_blanks(denominator.strip_prefix(b"/").unwrap_or(denominator));
    let Some((_, length)) = number::parse(denominator).filter(|_| number::begins(denominator)) else { return false };
    !is_percentage(trim_blanks(&denominator[length..]))
}

fn is_percentage(text: &[u8]) -> bool {
    let inside = text.strip_prefix(b"(").map(trim_blanks);
    let end = inside.and_then(|inside| Some(trim_blanks(&inside[number::parse(inside)?.1..])));
    end.is_some_and(|end| end.starts_with(b"%"))
}

/// Whether a unit follows that is not the name of the next pair.
fn has_unit(rest: &[u8]) -> bool {
    if !matches!(rest.first(), Some(b' ' | b'\t')) {
        return false;
    }
    let text = trim_blanks(rest);
    let word = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_unit = UNITS.iter().any(|unit| unit.as_bytes().eq_ignore_ascii_case(&text[..word]));
    let end = text[word..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'.' | b'-'))
        .count();
    let (end, glued) = (trim_blanks(&text[word + end..]), &text[word..word + end]);
    is_unit && (glued.is_empty() || matches!(glued[0], b'/' | b'.')) && !names_a_pair(end)
}

fn names_a_pair(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(b':' | b'=' | b'|' | b'0'..=b'9')) || rest.starts_with(b"->")
}

/// Whether `rest` continues an expression. Dashes and slashes also stand between pairs: `loss=0.5 - acc=0.9`.
fn is_expression(rest: &[u8], joint: Joint) -> bool {
    if let Some(operand) = rest.strip_prefix(b"*").or_else(|| rest.strip_prefix(b"@")) {
        let operand = trim_blanks(operand.strip_prefix(b"*").unwrap_or(operand));
        return operand
            .first()
            .is_some_and(|first| first.is_ascii_alphanumeric() || matches!(first, b'(' | b'_' | b'['))
            && !is_marked(operand);
    }
    if joint != Joint::Equals {
        return false;
    }
    if rest.starts_with(b"if ") {
        return memchr::memmem::find(rest, b" else ").is_some();
    }
    if rest.starts_with(b"+/-") || rest.starts_with(b"+-") {
        return false;
    }
    matches!(rest.first(), Some(b'+' | b'-' | b'/' | b'%'))
        && rest.get(1).is_some_and(|next| *next != b'>')
        && is_operand(trim_blanks(&rest[1..]))
}

fn is_marked(operand: &[u8]) -> bool {
    let operand = operand.strip_prefix(b"(").or_else(|| operand.strip_prefix(b"[")).unwrap_or(operand);
    let word = operand.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    MARKED.iter().any(|marked| marked.as_bytes().eq_ignore_ascii_case(&operand[..word]))
}

/// Whether `text` is a variable, a call or an expression in parentheses, and not the name of another pair or a remark.
fn is_operand(text: &[u8]) -> bool {
    let name = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
    if !text.first().is_some_and(|first| first.is_ascii_alphabetic() || matches!(first, b'_' | b'(')) {
        return false;
    }
    let rest = trim_blanks(&text[name..]);
    match rest.first() {
        None => true,
        Some(b'*' | b'+' | b'/') => true,
        Some(b'(' | b'[') if name == 0 || text.len() - rest.len() == name => {
            let close = text.iter().rposition(|byte| matches!(byte, b')' | b']'));
            let is_sentence = name == 0 && !rest.iter().any(|byte| matches!(byte, b'*' | b'+' | b'-' | b'/'));
            !is_sentence && !close.is_some_and(|close| names_a_pair(trim_blanks(&text[close + 1..])))
        }
        _ => false,
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

#[cfg(test)]
mod tests;
