//! `NAME: number`, `NAME=number`, `NAME | number`, `NAME -> number` for a given name.

use std::ops::Range;

use super::enclosure::{self, Joint};
use super::number;
use super::qualifier::{self, Qualification, Qualifier};

/// Most positions of one line at which a name is tried.
const MAX_MATCHES: usize = 64;

/// What may stand between a name and its number. Longer ones come first.
const SEPARATORS: [&[u8]; 10] =
    [b":=", b"==", b"=>", b"->", b":", b"=", b"|", "│".as_bytes(), "┃".as_bytes(), "→".as_bytes()];
/// What may enclose a name.
const ENCLOSURES: [(u8, u8); 7] =
    [(b'\'', b'\''), (b'"', b'"'), (b'`', b'`'), (b'*', b'*'), (b'[', b']'), (b'(', b')'), (b'<', b'>')];
/// Most of them around one name, such as `**loss**`.
const MAX_ENCLOSURES: usize = 2;

/// Finds the numbers printed under one name, upper and lower case being the same.
#[derive(Clone, Debug)]
pub struct NameMatcher {
    lower: Vec<u8>,
    /// The first byte of the name in both cases.
    first: (u8, u8),
}

impl NameMatcher {
    /// Finds `name`; nothing is found for an empty name.
    pub fn new(name: &str) -> NameMatcher {
        let lower = name.to_ascii_lowercase().into_bytes();
        let first = lower.first().copied().unwrap_or_default();
        NameMatcher { lower, first: (first, first.to_ascii_uppercase()) }
    }

    /// What `line` has under the name: of the matches that count most the last.
    pub fn find(&self, line: &[u8]) -> Found {
        let mut found = Found::default();
        if self.lower.is_empty() {
            return found;
        }
        let starts = memchr::memchr2_iter(self.first.0, self.first.1, line).rev();
        for at in starts.filter_map(|start| self.match_at(line, start)).take(MAX_MATCHES) {
            let text = &line[at.number..];
            let qualifier = at.qualification.map(|words| words.qualifier);
            let counts_more = found.number.as_ref().is_none_or(|known| qualifier < known.qualifier());
            match number::leading(text) {
                Some(number) if counts_more => {
                    let words = at.qualification.map(|words| (words, words.start..at.name_end));
                    found.number = Some(NamedNumber { number, words });
                }
                None if qualifier.is_none() && found.unread.is_none() && number::begins(text) => {
                    found.unread = Some(at.number);
                }
                _ => {}
            }
            if qualifier.is_none() && found.number.is_some() {
                break;
            }
        }
        found
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
        if enclosure::is_setting(before, joint(after)) {
            return None;
        }
        let qualification = qualifier::before_name(before);
        let is_chosen = qualification.is_some_and(|words| words.qualifier == Qualifier::Setting);
        (!is_chosen).then_some(Match { number: line.len() - text.len(), name_end, qualification })
    }
}

/// Where a name and what follows it are in a line.
struct Match {
    number: usize,
    name_end: usize,
    qualification: Option<Qualification>,
}

/// What a line has under a name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Found {
    /// The number.
    pub number: Option<NamedNumber>,
    /// Where the text begins that stands for a number and cannot be read as one.
    pub unread: Option<usize>,
}

/// A number under a name.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedNumber {
    /// The number.
    pub number: f64,
    /// The words that qualify the name, and where they and the name are in the line.
    pub words: Option<(Qualification, Range<usize>)>,
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
mod tests {
    use super::*;

    fn found(name: &str, line: &str) -> Option<f64> {
        NameMatcher::new(name).find(line.as_bytes()).number.map(|found| found.number)
    }

    #[test]
    fn names_with_numbers_are_found() {
        let lines = [
            ("loss", "loss=0.3", 0.3),
            ("score", "Score=-7.539e-05", -7.539e-5),
            ("loss", "epoch 1 loss : 0.5 acc: 1", 0.5),
            ("loss", "'loss': 0.5, \"loss\": 0.25", 0.25),
            ("loss", "**loss**: 0.5", 0.5),
            ("loss", "[loss] = 0.5", 0.5),
            ("loss", "INFO:root:loss=0.5", 0.5),
            ("loss", "done...loss -> 0.5", 0.5),
            ("loss", "│loss│ 0.5 │", 0.5),
            ("loss", "│ loss          │    0.5     │", 0.5),
            ("loss", "step 3 | loss | 0.5 |", 0.5),
            ("valid's auc", "[3]\tvalid's auc: 0.5", 0.5),
            ("auc", "[3]\tvalid's auc: 0.5", 0.5),
            ("average loss", "Test set: Average loss: 0.02, Accuracy: 97/100", 0.02),
            ("précision", "précision: 0.5", 0.5),
            ("loss", "loss: 0.9 then loss: ok", 0.9),
        ];
        for (name, line, number) in lines {
            assert_eq!(found(name, line), Some(number), "{name} in {line}");
        }
    }

    #[test]
    fn longer_words_paths_and_other_text_are_not() {
        let lines = [
            "train_loss=0.1",
            "loss_fn=3",
            "loss.item: 3",
            "val/loss: 1",
            "validation-loss: 1",
            "--loss=1",
            "a.loss=1",
            "éloss: 1",
            "loss",
            "loss=",
            "loss 0.5",
            "loss (old): 1",
            "loss: low",
            "log(loss) = 1",
            "glosses: 1",
            "loss: 12ms",
        ];
        for line in lines {
            assert_eq!(found("loss", line), None, "{line}");
        }
        assert_eq!(found("", "x: 1"), None);
    }

    #[test]
    fn invalid_utf8_around_a_name_does_no_harm() {
        let matcher = NameMatcher::new("loss");
        let number = |line: &[u8]| matcher.find(line).number.map(|found| found.number);
        assert_eq!(number(b"\xe9 loss: 0.5\xff"), Some(0.5));
        assert_eq!(number(b"\xffloss:\xff 0.5"), None);
    }

    #[test]
    fn a_plain_name_counts_more_than_a_qualified_one() {
        let lines = [
            ("loss: 0.3 best loss: 0.1", 0.3, None),
            ("train loss: 0.7 loss: 0.3", 0.3, None),
            ("loss: 0.3, target loss: 0.1", 0.3, None),
            ("val loss: 0.5 train loss: 0.7", 0.5, Some(Qualifier::Validation)),
            ("[valid] loss: 0.5 [train] loss: 0.7", 0.5, Some(Qualifier::Validation)),
            ("train loss: 0.7 best loss: 0.1", 0.7, Some(Qualifier::Other)),
            ("[1]\tvalid_0's loss: 0.5\ttraining's loss: 0.7", 0.5, Some(Qualifier::Validation)),
            ("loss: 0.2 loss: 0.3", 0.3, None),
        ];
        let matcher = NameMatcher::new("loss");
        for (line, number, qualifier) in lines {
            let found = matcher.find(line.as_bytes()).number.expect(line);
            assert_eq!((found.number, found.qualifier()), (number, qualifier), "{line}");
        }
        assert_eq!(matcher.find(b"target loss: 0.1").number, None);
        let Some((_, words)) = matcher.find(b"x, best val loss: 0.1").number.unwrap().words else { panic!() };
        assert_eq!(&"x, best val loss: 0.1"[words], "best val loss");
    }

    #[test]
    fn a_number_in_another_notation_is_pointed_out() {
        let unread = |line: &'static str| NameMatcher::new("loss").find(line.as_bytes()).unread.map(|at| &line[at..]);
        assert_eq!(unread("epoch 1 loss: 1.234,5"), Some("1.234,5"));
        assert_eq!(
            [unread("loss: 0.5"), unread("loss: low"), unread("Config(loss=1_0)"), unread("best loss: 1_0")],
            [None; 4]
        );
    }
}
