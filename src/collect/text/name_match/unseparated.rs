//! Names with a number behind them and no separator between: `loss 0.5`, `RMSE on test set is 3.21`. They are not read, because
//! sentences look the same; a message says which pattern reads them.

use super::NameMatcher;
use crate::collect::text::number;
use crate::collect::text::qualifier::{self, Qualifier};

/// Bytes between a name and its number.
const MAX_GAP: usize = 40;
/// Bytes of the longest line that is looked at.
const MAX_LINE: usize = 2000;

/// A name with a number that is not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unseparated {
    /// The regular expression that reads it.
    pub pattern: String,
    /// What the words before the name say.
    pub qualifier: Option<Qualifier>,
}

/// The last number in `line` that follows `name` without a separator; `None` if there is none.
pub fn unseparated(name: &NameMatcher, line: &[u8]) -> Option<Unseparated> {
    if line.len() > MAX_LINE {
        return None;
    }
    name.positions(line).find_map(|(before, after)| {
        let gap = gap(after)?;
        let words = qualifier::before_name(before);
        let qualifier = words.map(|words| words.qualifier).filter(|qualifier| *qualifier != Qualifier::Setting);
        if words.is_some() && qualifier.is_none() {
            return None;
        }
        let start = words.map_or(before.len(), |words| words.start);
        let has_number = line[start..before.len()].iter().any(u8::is_ascii_digit);
        let start = if has_number { before.len() } else { start };
        let text = str::from_utf8(&line[start..line.len() - after.len() + gap]).ok()?;
        Some(Unseparated { pattern: pattern(text, &after[gap..]), qualifier })
    })
}

/// The bytes between a name and the number in `after`.
fn gap(after: &[u8]) -> Option<usize> {
    let gap = after.iter().take(MAX_GAP).position(u8::is_ascii_digit)?;
    let signed = &after[..gap];
    let gap = gap - signed.iter().rev().take_while(|byte| matches!(byte, b'-' | b'+' | b'.')).count();
    let between = &after[..gap];
    let is_word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'\t' | b'(' | b')' | b':' | b'=');
    let begins = matches!(between.first(), Some(b' ' | b'\t')) && matches!(between.last(), Some(b' ' | b'\t'));
    let length = after[gap..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    let is_count = after[gap + length..].trim_ascii_start().starts_with(b"of ");
    (begins && between.iter().all(is_word) && number::leading(&after[gap..]).is_some() && !is_count).then_some(gap)
}

/// A pattern for `text` and the number at the start of `rest`.
fn pattern(text: &str, rest: &[u8]) -> String {
    let mut pattern = String::new();
    for (index, word) in text.split([' ', '\t']).filter(|word| !word.is_empty()).enumerate() {
        pattern += if index > 0 { " +" } else { "" };
        pattern += &regex::escape(word);
    }
    let pattern = if text.contains("  ") || text.contains('\t') {
        pattern.replace(" +", r"\s+")
    } else {
        pattern.replace(" +", " ")
    };
    let separator = if text.ends_with("  ") || text.ends_with('\t') { r"\s+" } else { " " };
    let word = rest.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_whole = str::from_utf8(word).is_ok_and(|word| number::whole(word).is_some());
    format!("{pattern}{separator}{}", if is_whole { r"(\S+)" } else { r"([-+.\w]*\w)" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, line: &str) -> Option<String> {
        unseparated(&NameMatcher::new(name), line.as_bytes()).map(|found| found.pattern)
    }

    #[test]
    fn the_pattern_reads_the_number() {
        let lines = [
            ("loss", "epoch 3 loss 3.97", r"loss (\S+)", "3.97"),
            ("loss", "epoch 3 val loss 0.85, done", r"val loss ([-+.\w]*\w)", "0.85"),
            ("val_loss", "| val_loss 1.60 |", r"val_loss (\S+)", "1.60"),
            ("acc@1", " * Acc@1 55.6", r"Acc@1 (\S+)", "55.6"),
            ("RMSE", "RMSE (test): 3.21", r"RMSE \(test\): (\S+)", "3.21"),
            ("RMSE", "RMSE on test set is 3.21.", r"RMSE on test set is ([-+.\w]*\w)", "3.21"),
            ("loss", "loss   -1e-3", r"loss\s+(\S+)", "-1e-3"),
        ];
        for (name, line, pattern, number) in lines {
            assert_eq!(found(name, line).as_deref(), Some(pattern), "{line}");
            let captures = regex::Regex::new(pattern).unwrap().captures(line).expect(line);
            assert_eq!(&captures[1], number, "{line}");
        }
    }

    #[test]
    fn other_numbers_are_not_suggested() {
        for line in
            ["loss 3 of 5", "loss", "loss: low 3", "my_loss 3", "target loss 3", "loss improved by a, 3", "loss 10:30"]
        {
            assert_eq!(found("loss", line), None, "{line}");
        }
    }
}
