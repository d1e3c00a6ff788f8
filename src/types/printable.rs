//! Makes untrusted text safe for a terminal. Names, values, messages and file names come from files, command lines and jobs; an escape
//! sequence in them could set the title of a terminal, clear it or hide other text.

use std::borrow::Cow;

use serde_json::Value;

/// The replacement of a tab in a line of output.
const TAB: &str = "    ";

/// Whether a terminal only shows `c`: it is no control character of C0 or C1 (ECMA-48), does not change the direction of others
/// (Unicode Standard Annex #9, section 2) and does not end a line.
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

/// `text` on one line, with an escape such as `\u{1b}` for each character that is not printable.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, is_printable, |c, out| out.extend(c.escape_default()))
}

/// As [`printable`], but keeps line breaks.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n' || is_printable(c), |c, out| out.extend(c.escape_default()))
}

/// As [`printable_lines`], but keeps colours (SGR sequences: ESC, `[`, digits and semicolons, `m`). Untrusted parts of `text` must be
/// made printable before, because their colours would be kept too.
pub fn printable_styled(text: &str) -> Cow<'_, str> {
    if printable_lines(text).len() == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&printable_lines(&rest[..at]));
        let length = style_length(&rest[at..]);
        match length {
            Some(length) => out.push_str(&rest[at..at + length]),
            None => out.push_str("\\u{1b}"),
        }
        rest = &rest[at + length.unwrap_or(1)..];
    }
    out.push_str(&printable_lines(rest));
    Cow::Owned(out)
}

fn style_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

/// The JSON text `json` with `\uXXXX` for each character in its strings that is not printable. It parses to the same value. Line
/// breaks between values are kept.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let escape = |c: char, out: &mut String| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    };
    escaped(json, |c| c == '\n' || is_printable(c), escape)
}

/// `value` as JSON on one line.
pub fn json_text(value: &Value) -> String {
    printable_json(&value.to_string()).into_owned()
}

/// A line of a job's output as a terminal shows it: without text that a carriage return overwrote, colours and other characters
/// that are not printable.
pub fn output_line(line: &str) -> String {
    let last = line.split('\r').rfind(|part| !part.trim().is_empty()).unwrap_or_default();
    let plain = anstream::adapter::strip_str(last).to_string();
    plain.replace('\t', TAB).chars().filter(|c| is_printable(*c)).collect()
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let Some(first) = text.find(|c| !is_kept(c)) else { return Cow::Borrowed(text) };
    let mut out = text[..first].to_owned();
    for c in text[first..].chars() {
        if is_kept(c) { out.push(c) } else { escape(c, &mut out) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str = "a\u{1b}]0;t\u{7}\u{9b}2J\u{202e}b\r\n\tc\u{7f}\u{2028}é";

    #[test]
    fn characters_that_are_not_printable_are_escaped() {
        assert_eq!(printable(HOSTILE), r"a\u{1b}]0;t\u{7}\u{9b}2J\u{202e}b\r\n\tc\u{7f}\u{2028}é");
        assert_eq!(printable_lines("a\nb\u{85}"), "a\nb\\u{85}");
        assert!(matches!(printable("größe 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn styled_text_keeps_only_colours() {
        let styled = "\u{1b}[1;31merror\u{1b}[0m: x\u{1b}[2J\u{1b}]0;t\u{7}\n\u{1b}[31";
        assert_eq!(printable_styled(styled), "\u{1b}[1;31merror\u{1b}[0m: x\\u{1b}[2J\\u{1b}]0;t\\u{7}\n\\u{1b}[31");
    }

    #[test]
    fn output_is_shown_as_a_terminal_shows_it() {
        assert_eq!(output_line(" 1%|  |\r 2%|# |\r 3%|##|"), " 3%|##|");
        assert_eq!(output_line("\u{1b}[31mValueError\u{1b}[0m: bad\u{7}\u{9b}\r"), "ValueError: bad");
        assert_eq!(output_line("\tat x"), "    at x");
        assert_eq!(output_line(""), "");
    }

    proptest! {
        #[test]
        fn results_are_printable(text in any::<String>(), inner in "[\\x00-\\x1f\\x7f-\\u{9f}\\u{202e}ab\\[m;1]{0,20}") {
            let text = format!("{text}{inner}");
            prop_assert!(printable(&text).chars().all(is_printable));
            prop_assert!(output_line(&text).chars().all(is_printable));
            prop_assert!(printable_lines(&text).chars().all(|c| c == '\n' || is_printable(c)));
            let unstyled = anstream::adapter::strip_str(&printable_styled(&text)).to_string();
            prop_assert!(unstyled.chars().all(|c| c == '\n' || is_printable(c)), "{unstyled:?}");
            let value = Value::String(text);
            prop_assert!(json_text(&value).chars().all(is_printable));
            prop_assert_eq!(serde_json::from_str::<Value>(&json_text(&value)).unwrap(), value);
        }
    }
}
