//! `NAME: number`, `NAME=number`, `NAME | number`, `NAME -> number` for a given name.

use std::ops::Range;

use super::enclosure::{self, Joint};
use super::measured::{Comma, Measured, measured};
use super::number;
use super::operand::{is_operand, is_part_of_total};
use super::qualifier::{self, Qualification, Qualifier};

/// Most positions of one line at which a name is tried.
const MAX_MATCHES: usize = 64;

/// What may stand between a name and its number. Longer ones come first. `:=` and `==` are code.
const SEPARATORS: [&[u8]; 10] =
    [b"=>", b"->", b":", b"=", b"|", "│".as_bytes(), "┃".as_bytes(), "→".as_bytes(), "：".as_bytes(), "＝".as_bytes()];
/// What may enclose a name.
const ENCLOSURES: [(u8, u8); 7] =
    [(b'\'', b'\''), (b'"', b'"'), (b'`', b'`'), (b'*', b'*'), (b'[', b']'), (b'(', b')'), (b'<', b'>')];
/// Most of them around one name, such as `**loss**`.
const MAX_ENCLOSURES: usize = 2;

/// Finds the numbers printed under one name, upper and lower case being the same.
#[derive(Clone, Debug)]
pub struct NameMatcher {
    lower: Vec<u8>,
    numbers: Numbers,
    /// The first byte of the name in both cases.
    first: (u8, u8),
}

/// What the numbers under a name are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Numbers {
    /// Measured; see `src/collect/text/measured.rs`.
    Measured,
    /// Counted: of `3/10` the numerator counts.
    Counted,
}

impl NameMatcher {
    /// Finds the measurements under `name`; nothing is found for an empty name.
    pub fn new(name: &str) -> NameMatcher {
        let lower = name.to_ascii_lowercase().into_bytes();
        let first = lower.first().copied().unwrap_or_default();
        NameMatcher { lower, numbers: Numbers::Measured, first: (first, first.to_ascii_uppercase()) }
    }

    /// Finds the counts under `name`, such as those of epochs.
    pub fn of_counts(name: &str) -> NameMatcher {
        NameMatcher { numbers: Numbers::Counted, ..NameMatcher::new(name) }
    }

    /// What `line` has under the name: of the matches that count most the last.
    pub fn find(&self, line: &[u8]) -> Found {
        let mut found = Found::default();
        if self.lower.is_empty() {
            return found;
        }
        let starts = memchr::memchr2_iter(self.first.0, self.first.1, line).rev();
        for at in starts.filter_map(|start| self.match_at(line, start)).take(MAX_MATCHES) {
            let qualifier = at.qualification.map(|words| words.qualifier);
            let counts_more = found.qualifier().is_none_or(|known| qualifier < known);
            match self.printed(&line[at.number..], at.joint) {
                Measured::Number { number, comma } if counts_more => {
                    let words = at.qualification.map(|words| (words, words.start..at.name_end));
                    found.missing = None;
                    found.number = Some(NamedNumber { number, words, comma, at: at.number });
                }
                Measured::Missing if counts_more => {
                    found.missing = Some(qualifier);
                    found.number = None;
                }
                Measured::Unread if qualifier.is_none() && found.unread.is_none() => found.unread = Some(at.number),
                _ => {}
            }
            if found.qualifier() == Some(None) {
                break;
            }
        }
        found
    }

    fn printed(&self, text: &[u8], joint: Joint) -> Measured {
        match self.numbers {
            Numbers::Measured => measured(text, joint),
            Numbers::Counted => number::leading(text)
                .map_or(Measured::Nothing, |number| Measured::Number { number, comma: Comma::Clear }),
        }
    }

    /// The match that begins at `start`; `None` if there is none, or if its number is no measurement.
    fn match_at(&self, line: &[u8], start: usize) -> Option<Match> {
        let name_end = start + self.lower.len();
        line.get(start..name_end).filter(|found| found.eq_ignore_ascii_case(&self.lower))?;
        let (before, after) = without_enclosures(&line[..start], &line[name_end..]);
        if continues_a_word(before) {
            return None;
        }
        let text = after_separator(after)?;
        let joint = joint(after);
        if enclosure::is_setting(before, joint) || is_operand(before, joint) || is_part_of_total(before) {
            return None;
        }
        let qualification = qualifier::before_name(before);
        let is_chosen = qualification.is_some_and(|words| words.qualifier == Qualifier::Setting);
        (!is_chosen).then_some(Match { number: line.len() - text.len(), name_end, joint, qualification })
    }
}

/// Where a name and what follows it are in a line.
struct Match {
    number: usize,
    name_end: usize,
    joint: Joint,
    qualification: Option<Qualification>,
}

/// What a line has under a name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Found {
    /// The number.
    pub number: Option<NamedNumber>,
    /// If a word such as `None` is where the number should be: how its name is qualified.
    pub missing: Option<Option<Qualifier>>,
    /// Where the text begins that stands for a number and cannot be read as one.
    pub unread: Option<usize>,
}

impl Found {
    /// How the name is qualified whose number, or missing number, counts; `None` if there is neither.
    fn qualifier(&self) -> Option<Option<Qualifier>> {
        self.number.as_ref().map(NamedNumber::qualifier).or(self.missing)
    }
}

/// A number under a name.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedNumber {
    /// The number.
    pub number: f64,
    /// The words that qualify the name, and where they and the name are in the line.
    pub words: Option<(Qualification, Range<usize>)>,
    /// What its commas may be.
    pub comma: Comma,
    /// Where it begins.
    pub at: usize,
}

impl NamedNumber {
    /// What the words before the name say; `None` if there are none.
    pub fn qualifier(&self) -> Option<Qualifier> {
        self.words.as_ref().map(|(words, _)| words.qualifier)
    }
}

/// How a name in front of `text` is joined to its number.
pub fn joint(text: &[u8]) -> Joint {
    if trim_blanks(text).starts_with(b"=") { Joint::Equals } else { Joint::Other }
}

/// What follows the separator, and white space around it, at the start of `text`; `None` if there is no separator.
pub fn after_separator(text: &[u8]) -> Option<&[u8]> {
    let text = trim_blanks(text);
    let rest = SEPARATORS.iter().find_map(|separator| text.strip_prefix(*separator))?;
    Some(trim_blanks(rest))
}

/// Strips pairs of quotes and brackets around a name, and a quote that is only before it.
fn without_enclosures<'l>(mut before: &'l [u8], mut after: &'l [u8]) -> (&'l [u8], &'l [u8]) {
    for _ in 0..MAX_ENCLOSURES {
        let (Some((last, head)), Some((first, tail))) = (before.split_last(), after.split_first()) else { break };
        if !ENCLOSURES.contains(&(*last, *first)) {
            break;
        }
        (before, after) = (head, tail);
    }
    (before, after)
}

/// Whether a name behind `before` would be the end of a longer word or path.
fn continues_a_word(before: &[u8]) -> bool {
    let Some(last) = before.last() else { return false };
    match last {
        b'.' => !before.ends_with(b".."),
        b'_' | b'-' | b'/' | b'\\' => true,
        _ if last.is_ascii() => last.is_ascii_alphanumeric(),
        _ => last_char(before).is_some_and(char::is_alphanumeric),
    }
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[blanks..]
}

/// The last character of `text`; `None` if it is not UTF-8.
fn last_char(text: &[u8]) -> Option<char> {
    let tail = &text[text.len().saturating_sub(4)..];
    (0..tail.len()).find_map(|from| std::str::from_utf8(&tail[from..]).ok()).and_then(|tail| tail.chars().next_back())
}

#[cfg(test)]
mod tests;
