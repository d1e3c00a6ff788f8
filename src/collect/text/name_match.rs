//! `NAME: number`, `NAME=number`, `NAME | number`, `NAME -> number` for a given name.

use super::number;

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

    /// The number of the last match in `line`.
    pub fn last_number(&self, line: &[u8]) -> Option<f64> {
        if self.lower.is_empty() {
            return None;
        }
        let starts = memchr::memchr2_iter(self.first.0, self.first.1, line);
        starts.rev().find_map(|start| self.number_at(line, start))
    }

    fn number_at(&self, line: &[u8], start: usize) -> Option<f64> {
        let end = start + self.lower.len();
        line.get(start..end).filter(|found| found.eq_ignore_ascii_case(&self.lower))?;
        let (before, after) = without_enclosures(&line[..start], &line[end..]);
        if continues_a_word(before) {
            return None;
        }
        number::leading(after_separator(after)?)
    }
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
        NameMatcher::new(name).last_number(line.as_bytes())
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
        assert_eq!(matcher.last_number(b"\xe9 loss: 0.5\xff"), Some(0.5));
        assert_eq!(matcher.last_number(b"\xffloss:\xff 0.5"), None);
    }
}
