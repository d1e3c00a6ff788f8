//! The names that are looked for in lines of text.

use crate::collect::collector::Wanted;
use crate::collect::text::name_match::composed_name::ComposedName;
use crate::collect::text::name_match::unseparated::{Unseparated, unseparated};
use crate::collect::text::name_match::{NameMatcher, NamedNumber};
use crate::collect::text::qualifier::Qualifier;

/// Bytes of the longest text that a message shows.
const SHOWN: usize = 60;

/// Names that are found in lines of text.
#[derive(Debug)]
pub(super) struct WantedNames {
    metric: Option<WantedName>,
    step: Option<NameMatcher>,
    others: Vec<(String, WantedName)>,
}

/// A name, and how else it may be printed.
#[derive(Debug)]
struct WantedName {
    exact: NameMatcher,
    composed: Option<ComposedName>,
}

impl WantedName {
    fn new(name: &str) -> WantedName {
        WantedName { exact: NameMatcher::new(name), composed: ComposedName::new(name) }
    }

    fn composed(&self, line: &[u8]) -> Option<f64> {
        self.composed.as_ref()?.find(line)
    }

    fn number(&self, line: &[u8]) -> Option<f64> {
        number(&self.exact, line).or_else(|| self.composed(line))
    }
}

/// What a line of text has under the names that are wanted.
#[derive(Debug)]
pub(super) struct FoundNumbers {
    /// The metric.
    pub metric: Option<NamedNumber>,
    /// If a word such as `None` is where the number of the metric should be: how the name is qualified.
    pub missing: Option<Option<Qualifier>>,
    /// The metric where its words are printed in another way, if it is not there as it is wanted.
    pub composed: Option<f64>,
    /// What was printed for the metric and cannot be read as a number.
    pub unread: Option<String>,
    /// Whether any of the other names has a number.
    pub others: bool,
}

impl WantedNames {
    pub fn new(wanted: &Wanted) -> WantedNames {
        let others = wanted.others.iter().filter(|name| Some(*name) != wanted.metric.as_ref());
        let others = others.map(|name| (name.clone(), WantedName::new(name))).collect();
        let metric = wanted.metric.as_deref().map(WantedName::new);
        WantedNames { metric, step: wanted.step.as_deref().map(NameMatcher::of_counts), others }
    }

    /// `None` if `line` has no name that is wanted, the step's aside.
    pub fn find(&self, line: &[u8]) -> Option<FoundNumbers> {
        let metric = self.metric.as_ref().map(|name| name.exact.find(line)).unwrap_or_default();
        let composed = self.metric.as_ref().filter(|_| metric.number.is_none());
        let composed = composed.and_then(|name| name.composed(line));
        let others = self.others.iter().any(|(_, name)| name.number(line).is_some());
        let unread = metric.unread.filter(|_| metric.number.is_none());
        let unread = unread.map(|at| shown_number(&line[at..]));
        let is_found =
            metric.number.is_some() || composed.is_some() || metric.missing.is_some() || unread.is_some() || others;
        let missing = metric.missing.filter(|_| composed.is_none());
        is_found.then_some(FoundNumbers { metric: metric.number, composed, missing, unread, others })
    }

    /// The step, if it is finite.
    pub fn step(&self, line: &[u8]) -> Option<f64> {
        number(self.step.as_ref()?, line).filter(|step| step.is_finite())
    }

    /// The numbers under the other names.
    pub fn others<'l>(&'l self, line: &'l [u8]) -> impl Iterator<Item = (&'l str, f64)> {
        self.others.iter().filter_map(|(name, matcher)| Some((name.as_str(), matcher.number(line)?)))
    }

    /// The metric with a number that is not read because nothing separates the two.
    pub fn unseparated(&self, line: &[u8]) -> Option<Unseparated> {
        unseparated(&self.metric.as_ref()?.exact, line)
    }
}

fn number(name: &NameMatcher, line: &[u8]) -> Option<f64> {
    name.find(line).number.map(|found| found.number)
}

/// The number that `text` begins with and what makes it something else, for a message.
pub(super) fn shown_number(text: &[u8]) -> String {
    let word = |text: &[u8]| text.iter().take_while(|byte| !matches!(byte, b' ' | b'\t')).count();
    let first = word(text);
    let next = text.get(first + 1..).unwrap_or_default();
    let is_more = next.first().is_some_and(|next| next.is_ascii_alphabetic() || b"*/+@.".contains(next));
    let is_number = text[..first].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.' || *byte == b'-');
    let end = if is_more && is_number { text.len().min(SHOWN) } else { first };
    shown(&text[..end])
}

/// `text` for a message.
pub(super) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= SHOWN).last().unwrap_or(0);
    text[..end].to_owned()
}
