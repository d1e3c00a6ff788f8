//! Every name with a number in a line, whatever the names are.

use super::enclosure;
use super::name_edges::{after_separator, joint};
use super::number;
use super::qualifier::{self, Qualifier};

/// Most pairs of one line.
const MAX_PAIRS: usize = 64;
/// Bytes of the longest name.
const MAX_NAME: usize = 100;

/// The names with numbers in `line`, in order. A name has one word, or two if the first ends in `'s` (`valid_0's l2`).
pub fn pairs(line: &[u8]) -> impl Iterator<Item = (&str, f64)> {
    let pair = |at: usize| {
        let (start, name) = name_before(&line[..at])?;
        let number = number::leading(after_separator(&line[at..])?)?;
        let before = &line[..start];
        let is_chosen = || qualifier::before_name(before).is_some_and(|words| words.qualifier == Qualifier::Setting);
        (!enclosure::is_setting(before, joint(&line[at..])) && !is_chosen()).then_some((name, number))
    };
    separator_starts(line).filter_map(pair).take(MAX_PAIRS)
}

/// Where separators may begin.
fn separator_starts(line: &[u8]) -> impl Iterator<Item = usize> {
    let begins = |byte: u8| matches!(byte, b':' | b'=' | b'|' | b'-' | 0xe2 | 0xef);
    (0..line.len()).filter(move |at| begins(line[*at]))
}

/// The name at the end of `text`, and where it begins.
fn name_before(text: &[u8]) -> Option<(usize, &str)> {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"'").or_else(|| text.strip_suffix(b"\"")).unwrap_or(text);
    let start = word_start(text);
    let word = &text[start..];
    let (start, name) = match text[..start].strip_suffix(b"'s ") {
        Some(owner) => (word_start(owner), &text[word_start(owner)..]),
        None => (start, word),
    };
    let name = std::str::from_utf8(name).ok()?.trim_start_matches(['-', '/', '.']);
    (name.len() <= MAX_NAME && name.contains(|c: char| c.is_ascii_alphabetic())).then_some((start, name))
}

/// Where the word at the end of `text` begins.
fn word_start(text: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b'@');
    text.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> String {
        pairs(line.as_bytes()).map(|(name, number)| format!("{name} {number}; ")).collect()
    }

    #[test]
    fn names_are_single_words() {
        assert_eq!(found("[2]\ttrain-logloss:0.21\tvalid-auc:1.00"), "train-logloss 0.21; valid-auc 1; ");
        assert_eq!(found("[1]\tvalid_0's l2: 0.5\ttrain's l2: 2"), "valid_0's l2 0.5; train's l2 2; ");
        assert_eq!(found("Iteration 2, loss = 0.5"), "loss 0.5; ");
        assert_eq!(found("{'eval_loss': '0.5', \"epoch\": 2.0}"), "eval_loss 0.5; epoch 2; ");
        assert_eq!(found("│  val_loss  │  0.5  │"), "val_loss 0.5; ");
        assert_eq!(found("Epoch 3: 100%|##| 4/4 [00:01<00:00, 95.2it/s, loss=0.5]"), "loss 0.5; ");
        assert_eq!(found("Namespace(loss=7, lr=1) target loss: 3 acc=1 https://a/?b=1"), "acc 1; ");
        assert_eq!(found("2026-01-01 10:00:00,123 INFO a/b.py:12 --lr=0.1 -> 3"), "a/b.py 12; lr 0.1; ");
    }

    #[test]
    fn long_lines_have_a_bounded_number_of_pairs() {
        assert_eq!(pairs("a=1 ".repeat(1000).as_bytes()).count(), MAX_PAIRS);
        assert_eq!(found(&format!("{}=1", "a".repeat(200))), "");
    }
}
