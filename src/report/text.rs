//! Numbers, spans of time, parameters and command lines as text.

use std::time::Duration;

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::types::printable::{is_printable, json_text};

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The longest prefix of `text` that fits in `columns`.
pub fn cut(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > columns
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// `text`, padded with spaces to `columns`.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A style of text on a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextStyle {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

/// `text` with the SGR sequences (ECMA-48, 8.3.117) of `style`, which the writer removes where colours are not wanted.
pub fn painted(style: TextStyle, text: &str) -> String {
    let code = match style {
        TextStyle::Bold => 1,
        TextStyle::Dim => 2,
        TextStyle::Red => 31,
        TextStyle::Green => 32,
        TextStyle::Yellow => 33,
        TextStyle::Cyan => 36,
    };
    if text.is_empty() { String::new() } else { format!("\u{1b}[{code}m{text}\u{1b}[0m") }
}

/// `words`, separated by `gap`, on as few lines as possible of at most `columns`; a longer word is a line by itself.
pub fn wrapped(words: impl IntoIterator<Item = String>, gap: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if width(line) + width(gap) + width(&word) <= columns => *line += &format!("{gap}{word}"),
            _ => lines.push(word),
        }
    }
    lines
}

/// A metric's value, in at most six significant digits.
pub fn short(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    if (-4.0..9.0).contains(&magnitude) {
        let decimals = (5.0 - magnitude).max(0.0) as usize;
        let fixed = format!("{value:.decimals$}");
        let trimmed = if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.') } else { &fixed };
        trimmed.to_owned()
    } else {
        let scientific = format!("{value:.5e}");
        match scientific.split_once('e') {
            Some((digits, exponent)) => {
                format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            None => scientific,
        }
    }
}

/// A resource or a sum of resources: without a fraction if it is whole, with a comma every three digits.
pub fn amount(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { count(value as u64) } else { short(value) }
}

/// A resource with the name of its unit, without the plural's `s` if it is 1: `1 epoch`, `27 epochs`.
pub fn amount_of(value: f64, unit: &str) -> String {
    let unit = if value == 1.0 { singular(unit) } else { unit };
    format!("{} {unit}", amount(value))
}

/// An English noun without the plural's `s`. Words that end in `ss`, `us` or `is` are taken for singulars.
fn singular(noun: &str) -> &str {
    let sibilant = |stem: &&str| ["ss", "x", "sh", "tch"].iter().any(|end| stem.ends_with(end));
    let stem = || noun.strip_suffix('s').filter(|stem| stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']));
    noun.strip_suffix("es").filter(sibilant).or_else(stem).unwrap_or(noun)
}

/// A count with a comma every three digits.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun, in the plural unless it is 1.
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(value))
}

/// A span of time in its two largest units.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", span.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// A span of time in its largest unit: `45s`, `3m`, `2h`, `5d`.
pub fn largest_unit(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86400),
    }
}

/// A size in decimal units, in at most three digits before the unit: `900 B`, `1.2 MB`, `123 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && size < 9.95);
    format!("{size:.digits$} {}", UNITS[unit])
}

/// A parameter's value on one line, in full: printable text as it is, everything else as JSON.
pub fn value(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().all(is_printable) => text.clone(),
        // `1e200`, as values of metrics are written
        Value::Number(_) => json_text(value).replace("e+", "e"),
        other => json_text(other),
    }
}

/// Most columns of a value in a table.
const CELL: usize = 40;

/// A parameter's value for a table cell.
pub fn short_value(cell: &Value) -> String {
    let whole = match cell {
        Value::Number(n) if n.is_f64() => n.as_f64().map_or_else(|| n.to_string(), short),
        other => value(other),
    };
    if width(&whole) <= CELL { whole } else { format!("{}…", cut(&whole, CELL - 1)) }
}

/// A command line that a POSIX shell splits back into `argv`.
pub fn command_line<'a>(argv: impl IntoIterator<Item = &'a str>) -> String {
    let mut argv = argv.into_iter();
    let program = argv.next().map(quoted_word);
    program.into_iter().chain(Some(arguments(argv)).filter(|text| !text.is_empty())).collect::<Vec<_>>().join(" ")
}

/// The part of a [`command_line`] after the program.
pub fn arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let words = arguments.into_iter().map(|element| match is_plain_option(element) {
        true => element.to_owned(),
        false => quoted_word(element),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `element` as a word of any POSIX shell. Line ends stay as they are, in quotes. `printf` writes what else is not printable, so that
/// no terminal interprets it.
pub fn quoted_word(element: &str) -> String {
    let is_shown = |c: char| c == '\n' || is_printable(c);
    let (mut quoted, mut rest) = (String::new(), element);
    while let Some(at) = rest.find(|c| !is_shown(c)) {
        let (shown, hidden) = rest.split_at(at);
        let end = hidden.find(is_shown).unwrap_or(hidden.len());
        if !shown.is_empty() {
            quoted += &shell_quoted(shown);
        }
        let octal: String = hidden[..end].bytes().map(|byte| format!("\\{byte:03o}")).collect();
        quoted += &format!("\"$(printf '{octal}')\"");
        rest = &hidden[end..];
    }
    if !rest.is_empty() || element.is_empty() {
        quoted += &shell_quoted(rest);
    }
    quoted
}

/// Quotes text without NUL, which no argument can have.
fn shell_quoted(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| format!("{text:?}"), |quoted| quoted.into_owned())
}

/// shlex quotes every `=`, which has a meaning for a shell only in the first word of a line and at the start of a word.
pub fn is_plain_option(element: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    !element.is_empty() && !element.starts_with('=') && element.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!([width("lr"), width("größe"), width("日本")], [2, 5, 4]);
        assert_eq!([cut("日本語", 5), cut("größe", 4), cut("lr", 9), cut("lr", 0)], ["日本", "größ", "lr", ""]);
        assert_eq!([padded("日本", 5), padded("größe", 6), padded("long", 2)], ["日本 ", "größe ", "long"]);
    }

    #[test]
    fn words_are_wrapped_between_words() {
        let lines = |columns| wrapped(["lr 0.1", "act relu", "größe 3"].map(str::to_owned), "  ", columns);
        assert_eq!(lines(25), ["lr 0.1  act relu  größe 3"]);
        assert_eq!(lines(24), ["lr 0.1  act relu", "größe 3"]);
        assert_eq!(lines(3), ["lr 0.1", "act relu", "größe 3"]);
    }

    #[test]
    fn values_have_six_significant_digits() {
        let cases = [0.1234567, 123456.7, 1e-7, 0.5, 3.0, -0.00012345678, 1.5e12, 0.0, 100.0, 1234567.0];
        let shortened: Vec<_> = cases.into_iter().map(short).collect();
        let expected = ["0.123457", "123457", "1e-7", "0.5", "3", "-0.000123457", "1.5e12", "0", "100", "1234567"];
        assert_eq!(shortened, expected);
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let cases = [0.0, 3.21, 42.0, 61.0, 3725.0, 90000.0].map(|s| span(Duration::from_secs_f64(s)));
        assert_eq!(cases, ["0.0s", "3.2s", "42s", "1m01s", "1h02m", "1d01h"]);
    }

    #[test]
    fn ages_and_sizes_are_short() {
        let ages = [0, 59, 60, 7199, 86_400 * 3].map(|seconds| largest_unit(Duration::from_secs(seconds)));
        assert_eq!(ages, ["0s", "59s", "1m", "1h", "3d"]);
        let sizes = [0, 999, 1000, 1_249_000, 9_960_000, 999_600, 123_456_789, u64::MAX].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.2 MB", "10 MB", "1.0 MB", "123 MB", "18 EB"]);
    }

    #[test]
    fn values_fit_in_a_line_and_in_a_cell() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!([value(&text("it's")), value(&text("a\nb"))], ["it's", r#""a\nb""#]);
        assert_eq!(short_value(&text(&"x".repeat(40))), "x".repeat(40));
        assert_eq!(short_value(&text(&"日".repeat(30))), format!("{}…", "日".repeat(19)));
    }

    #[test]
    fn counts_have_commas_and_nouns_a_plural() {
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([counted(1, "job"), counted(2, "job")], ["1 job", "2 jobs"]);
        assert_eq!(
            [amount_of(1.0, "epochs"), amount_of(2.0, "epochs"), amount_of(0.5, "epochs")],
            ["1 epoch", "2 epochs", "0.5 epochs"]
        );
        let units = ["passes", "batches", "num_steps", "progress", "radius", "s"].map(|unit| amount_of(1.0, unit));
        assert_eq!(units, ["1 pass", "1 batch", "1 num_step", "1 progress", "1 radius", "1 s"]);
    }

    #[test]
    fn a_command_line_splits_back_into_its_elements() {
        let argv = ["train.py", "--name=it's", "a b", "", "$HOME", "*"];
        assert_eq!(shlex::split(&command_line(argv)).expect("balanced quotes"), argv);
        assert_eq!(command_line(["python3", "train.py", "--lr=0.1"]), "python3 train.py --lr=0.1");
        let element = "it's\u{1b}[2Jb\n\u{9b}\u{202e}\t\r\n\n";
        let line = command_line(["printf", "%s", element]);
        assert_eq!(
            line,
            "printf %s \"it's\"\"$(printf '\\033')\"'[2Jb\n'\"$(printf '\\302\\233\\342\\200\\256\\011\\015')\"'\n\n'"
        );
        for shell in ["sh", "bash"] {
            let echoed = std::process::Command::new(shell).args(["-c", &line]).output().expect("the shell starts");
            assert_eq!(echoed.stdout, element.as_bytes(), "{shell}");
        }
    }

    #[test]
    fn any_text_is_a_word_of_a_posix_shell() {
        let words = [
            "",
            " ",
            "a b",
            "it's",
            "\"",
            "$HOME",
            "${x}",
            "`id`",
            "\\",
            "a\\'b\"",
            "!",
            "~",
            "*",
            "#",
            "=x",
            "-n",
            "\n",
            "é☃",
            "\u{7f}",
            "\r\n",
            "$(printf x)",
            "\\\n",
            "%s",
            "\\033",
        ];
        let line = command_line(["printf", "[%s]"].into_iter().chain(words));
        let echoed = std::process::Command::new("sh").args(["-c", &line]).output().expect("the shell starts");
        let expected: String = words.iter().map(|word| format!("[{word}]")).collect();
        assert_eq!(String::from_utf8_lossy(&echoed.stdout), expected);
    }
}
