//! `NAME: number`, `NAME=number`, `NAME | number`, `NAME -> number` for a given name.

use std::ops::Range;

use super::enclosure::{self, Joint};
use super::measured::{Comma, Measured, measured};
use super::name_edges::{after_separator, continues_a_word, joint, without_enclosures};
use super::number;
use super::operand::{is_operand, is_part_of_total};
use super::qualifier::{self, Qualification, Qualifier};

pub(crate) mod composed_name;
pub(crate) mod unseparated;

/// Most positions of one line at which a name is tried.
const MAX_MATCHES: usize = 64;

/// Finds the numbers printed under one name, upper and lower case being the same.
#[derive(Clone, Debug)]
pub struct NameMatcher {
    lower: Vec<u8>,
    numbers: Numbers,
    /// The first byte of the name in both cases.
    first: (u8, u8),
    joints: Joints,
}

/// What may stand where a name has a blank, `_`, `/` or `-`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joints {
    /// The same.
    Exact,
    /// Any of these.
    Any,
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
        NameMatcher::with_joints(name, Joints::Exact)
    }

    /// Finds `name` with `joints` between its words.
    pub fn with_joints(name: &str, joints: Joints) -> NameMatcher {
        let lower = name.to_ascii_lowercase().into_bytes();
        let first = lower.first().copied().unwrap_or_default();
        NameMatcher { lower, numbers: Numbers::Measured, first: (first, first.to_ascii_uppercase()), joints }
    }

    /// Finds the counts under `name`, such as those of epochs.
    pub fn of_counts(name: &str) -> NameMatcher {
        NameMatcher { numbers: Numbers::Counted, ..NameMatcher::new(name) }
    }

    /// Whether `text` is the name.
    fn is_name(&self, text: &[u8]) -> bool {
        let is_joint = |byte: u8| matches!(byte, b' ' | b'_' | b'/' | b'-');
        let is_same = |(found, wanted): (&u8, &u8)| {
            found.to_ascii_lowercase() == *wanted
                || (self.joints == Joints::Any && is_joint(*found) && is_joint(*wanted))
        };
        text.len() == self.lower.len() && text.iter().zip(&self.lower).all(is_same)
    }

    /// The matches in `line`, the last first.
    fn matches<'l>(&'l self, line: &'l [u8]) -> impl Iterator<Item = Match> + 'l {
        let starts = memchr::memchr2_iter(self.first.0, self.first.1, line).rev();
        let is_empty = self.lower.is_empty();
        starts.filter(move |_| !is_empty).filter_map(|start| self.match_at(line, start)).take(MAX_MATCHES)
    }

    /// The last number whose words fulfil `is_wanted`; `None` if there is none.
    pub fn find_where(&self, line: &[u8], is_wanted: impl Fn(&Qualification, &[u8]) -> bool) -> Option<f64> {
        let fits = |at: &Match| {
            at.qualification
                .is_some_and(|words| is_wanted(&words, line.get(words.start..at.name_end).unwrap_or_default()))
        };
        let number = |at: Match| match self.printed(&line[at.number..], at.joint) {
            Measured::Number { number, .. } => Some(number),
            _ => None,
        };
        self.matches(line).filter(fits).find_map(number)
    }

    /// Where the name is in `line` as a whole word, the last first: what is before it, and what is behind it.
    pub fn positions<'l>(&'l self, line: &'l [u8]) -> impl Iterator<Item = (&'l [u8], &'l [u8])> {
        let starts = memchr::memchr2_iter(self.first.0, self.first.1, line).rev();
        let position = |start: usize| {
            let end = start + self.lower.len();
            line.get(start..end).filter(|found| self.is_name(found))?;
            (!self.lower.is_empty() && !continues_a_word(&line[..start])).then_some((&line[..start], &line[end..]))
        };
        starts.filter_map(position).take(MAX_MATCHES)
    }

    /// What `line` has under the name: of the matches that count most the last.
    pub fn find(&self, line: &[u8]) -> Found {
        let mut found = Found::default();
        for at in self.matches(line) {
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
        line.get(start..name_end).filter(|found| self.is_name(found))?;
        let (before, after) = without_enclosures(&line[..start], &line[name_end..]);
        if continues_a_word(before) {
            return None;
        }
        let text = after_separator(after)?;
        let joint = joint(after);
        if enclosure::is_setting(before, joint) || is_operand(before, joint) || is_part_of_total(before) {
            return None;
        }
        let qualification = qualifier::in_line(line, before, &self.lower);
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
    /// Where the text begins that is printed in place of a number and cannot be read as one.
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

#[cfg(test)]
mod tests;
