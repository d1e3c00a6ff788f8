//! Words before a name, or at the start of its line, that make it another quantity: `best loss`, `train loss`, `[valid] loss`,
//! `Test set: Average loss`.

use super::qualifying_words::{WordKind, configures, continues_heading, counts, data_split, kind_of};

pub use super::qualifying_words::Qualifier;

/// Bytes before a name that are looked at.
const WINDOW: usize = 200;
/// Most words directly before a name that belong to it.
const MAX_WORDS: usize = 3;

/// A qualifier with the place at which its words begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Qualification {
    /// What the words say.
    pub qualifier: Qualifier,
    /// Where the first word begins.
    pub start: usize,
}

/// What the words before a name say; `None` if the name is unqualified.
pub fn before_name(before: &[u8]) -> Option<Qualification> {
    let direct = direct_words(before);
    let is_split = |found: &Qualification| !matches!(found.qualifier, Qualifier::Other | Qualifier::Total);
    if direct.is_some_and(|direct| is_split(&direct)) {
        return direct;
    }
    heading(before).or(direct)
}

/// What the words before `name` say, which follows `before` in `line`, or those before another name to which it belongs: in
/// `Val loss: 0.3, acc: 0.7` those before `loss`. On a line about one batch a name without words is qualified too.
pub fn in_line(line: &[u8], before: &[u8], name: &[u8]) -> Option<Qualification> {
    let own = before_name(before);
    let inherited = inherited(line, before, name);
    match (own, inherited) {
        (Some(own), Some(inherited)) if own.start < inherited.start && own.qualifier < Qualifier::Reference => {
            Some(inherited)
        }
        (Some(own), _) => Some(own),
        (None, Some(inherited)) => Some(inherited),
        (None, None) => is_of_batch(line).then_some(Qualification { qualifier: Qualifier::Batch, start: before.len() }),
    }
}

/// The nearest word for a data set that is before another name with a number. It holds for what follows up to a bar, a semicolon or
/// the same name: where a comma comes before `name`, or where the line has words for other data too.
fn inherited(line: &[u8], before: &[u8], name: &[u8]) -> Option<Qualification> {
    let segment = before.iter().rposition(|byte| matches!(byte, b'|' | b';')).map_or(0, |at| at + 1);
    let from = segment.max(before.len().saturating_sub(WINDOW));
    let mut end = before.len();
    while end > from {
        let start = word_start(&before[..end]).max(from);
        if start == end {
            end -= 1;
            continue;
        }
        let held = &before[end..];
        if let Some(qualifier) = data_split(&before[start..end]).filter(|_| begins_with_pair(held)) {
            let has_name = held.windows(name.len().max(1)).any(|found| found.eq_ignore_ascii_case(name));
            let is_listed = before.trim_ascii_end().ends_with(b",");
            let applies = !has_name && (is_listed || names_two_data_sets(line));
            return applies.then_some(Qualification { qualifier, start });
        }
        end = start;
    }
    None
}

/// Whether `text` begins with blanks, a name of at most three words and its number.
fn begins_with_pair(text: &[u8]) -> bool {
    let mut rest = text;
    for _ in 0..MAX_WORDS {
        let word = trim_blanks(rest);
        let length = word.iter().take_while(|byte| is_word_byte(**byte)).count();
        if length == 0 || word.len() == rest.len() {
            return false;
        }
        rest = &word[length..];
        if has_number(rest) {
            return true;
        }
    }
    false
}

fn names_two_data_sets(line: &[u8]) -> bool {
    let mut named = line.split(|byte| !is_word_byte(*byte)).filter_map(data_split);
    named.next().is_some_and(|first| named.any(|other| other != first))
}

/// Whether `line` has the position of a batch, such as `[  64/60000]`, `(3/10)` or `batch 5`. An epoch may be counted like that.
fn is_of_batch(line: &[u8]) -> bool {
    let counted = |at: usize| {
        let number = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let inside = trim_blanks(&line[at + 1..]);
        let (first, rest) = inside.split_at(number(inside));
        let rest = trim_blanks(rest).strip_prefix(b"/").map(trim_blanks);
        let before = line[..at].trim_ascii_end();
        let is_epoch = before[word_start(before)..].to_ascii_lowercase().starts_with(b"epoch");
        let closes = |rest: &[u8]| matches!(trim_blanks(rest).first(), Some(b']' | b')' | b'('));
        !first.is_empty() && !is_epoch && rest.is_some_and(|rest| number(rest) > 0 && closes(&rest[number(rest)..]))
    };
    let batch = |at: usize| {
        let is_word = at == 0 || !is_word_byte(line[at - 1]);
        let rest = line.get(at + 5..).filter(|_| is_word && line[at..at + 5].eq_ignore_ascii_case(b"batch"));
        rest.is_some_and(|rest| {
            trim_blanks(rest.strip_prefix(b":").unwrap_or(rest)).first().is_some_and(u8::is_ascii_digit)
        })
    };
    memchr::memchr2_iter(b'[', b'(', line).any(counted) || memchr::memchr2_iter(b'b', b'B', line).take(64).any(batch)
}

/// What the words before an object say. Words that are not known say nothing.
pub fn before_object(before: &[u8]) -> Option<Qualification> {
    let heading = || heading(before);
    // `INFO:root:config {…}`: the word directly before the object, whatever precedes it.
    let introduction = before.trim_ascii_end();
    let introduction =
        introduction.strip_suffix(b":").or_else(|| introduction.strip_suffix(b"=")).unwrap_or(introduction);
    let introduction = introduction.trim_ascii_end();
    let start = word_start(introduction);
    if configures(&introduction[start..]) {
        return Some(Qualification { qualifier: Qualifier::Setting, start });
    }
    let known = words_before(before).filter_map(|(start, word)| match kind_of(word) {
        WordKind::Known(Qualifier::Total) => None,
        WordKind::Known(qualifier) => Some(Qualification { qualifier, start }),
        _ => None,
    });
    known.max_by_key(|found| found.qualifier).or_else(heading)
}

/// What two words say together: `total` says nothing of the data, `val total loss` is measured on validation data.
fn together(one: Qualifier, other: Qualifier) -> Qualifier {
    match (one, other) {
        (Qualifier::Total, other) => other,
        (one, Qualifier::Total) => one,
        (one, other) => one.max(other),
    }
}

/// What the words directly before a name say together.
fn direct_words(before: &[u8]) -> Option<Qualification> {
    let mut found: Option<Qualification> = None;
    let mut known: Option<Qualifier> = None;
    for (start, word) in words_before(before) {
        match kind_of(word) {
            WordKind::Neutral => {}
            WordKind::Unknown => {
                found = Some(Qualification { qualifier: known.unwrap_or(Qualifier::Other), start });
            }
            WordKind::Known(qualifier) => {
                known = Some(known.map_or(qualifier, |known| together(known, qualifier)));
                found = Some(Qualification { qualifier: known.unwrap_or(qualifier), start });
            }
        }
    }
    found
}

/// The words before a name, separated by blanks only, the nearest first. A number ends them.
fn words_before(before: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut end = before.len();
    let words = std::iter::from_fn(move || {
        let text = &before[..end];
        let trimmed = trim_blanks_end(text);
        if trimmed.len() == text.len() && end != 0 {
            return None;
        }
        let start = word_start(trimmed);
        let word = &trimmed[start..];
        end = start;
        let is_word = word.first().is_some_and(u8::is_ascii_alphabetic) || word.first().is_some_and(|b| !b.is_ascii());
        is_word.then_some((start, word))
    });
    words.take(MAX_WORDS)
}

/// The nearest word before a name that says something about the rest of the line: `[train]`, `Best epoch 3:`, `val |`.
fn heading(before: &[u8]) -> Option<Qualification> {
    let from = before.len().saturating_sub(WINDOW);
    let mut end = before.len();
    while end > from {
        let start = word_start(&before[..end]);
        if start == end {
            if matches!(before[end - 1], b'.' | b'!' | b'?') && before.get(end).is_some_and(|next| *next == b' ') {
                return None;
            }
            end -= 1;
            continue;
        }
        if let Some(qualifier) = heading_kind(before, start, end) {
            return Some(Qualification { qualifier, start });
        }
        end = start;
    }
    None
}

fn heading_kind(before: &[u8], start: usize, end: usize) -> Option<Qualifier> {
    let stands_apart =
        start == 0 || matches!(before[start - 1], b' ' | b'\t' | b'[' | b'(' | b'<' | b'|' | b'{' | b'*' | b'#');
    let word = &before[start..end];
    let configures = configures(word);
    let qualifier = match kind_of(word) {
        _ if !stands_apart => return None,
        _ if configures => Qualifier::Setting,
        WordKind::Known(Qualifier::Total) => return None,
        WordKind::Known(qualifier) => qualifier,
        _ => return None,
    };
    let rest = &before[end..];
    let text = trim_blanks(rest);
    let next = &text[..text.iter().take_while(|byte| is_word_byte(**byte)).count()];
    let names_a_pair = has_number(rest) || (!counts(next) && !next.is_empty() && has_number(&text[next.len()..]));
    let is_followed = match configures {
        true => text.first().is_none_or(|byte| matches!(byte, b':' | b'=')),
        false => {
            next.first().is_none_or(|first| !first.is_ascii_alphabetic()) || counts(next) || continues_heading(next)
        }
    };
    (!names_a_pair && is_followed).then_some(qualifier)
}

/// Whether `rest` begins with a separator and a number.
fn has_number(rest: &[u8]) -> bool {
    let rest = trim_blanks(rest);
    let rest = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"="));
    rest.is_some_and(|rest| starts_with_number(trim_blanks(rest)))
}

fn starts_with_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let text = text.strip_prefix(b".").unwrap_or(text);
    text.first().is_some_and(u8::is_ascii_digit)
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'-' | b'/' | b'@') || !byte.is_ascii()
}

/// Where the word at the end of `text` begins.
fn word_start(text: &[u8]) -> usize {
    let from = text.len().saturating_sub(WINDOW);
    text[from..].iter().rposition(|byte| !is_word_byte(*byte)).map_or(from, |at| from + at + 1)
}

fn trim_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

fn trim_blanks_end(text: &[u8]) -> &[u8] {
    &text[..text.len() - text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(Qualifier, String)> {
        let before = &line.as_bytes()[..line.rfind("loss").unwrap()];
        before_name(before).map(|found| (found.qualifier, line[found.start..].to_owned()))
    }

    #[test]
    fn words_before_a_name_qualify_it() {
        let lines = [
            ("train loss", Qualifier::Other),
            ("Epoch 3 smoothed loss", Qualifier::Other),
            ("INFO val loss", Qualifier::Validation),
            ("[3]\tvalid_0's loss", Qualifier::Validation),
            ("Test loss", Qualifier::Test),
            ("Test set: Average loss", Qualifier::Test),
            ("Train Epoch: 3 [0/100 (0%)]\tloss", Qualifier::Other),
            ("Validation Results - Epoch[1] Avg accuracy: 0.3 Avg loss", Qualifier::Validation),
            ("best loss", Qualifier::Reference),
            ("best validation loss", Qualifier::Reference),
            ("Best so far: loss", Qualifier::Reference),
            ("Best epoch: 3, loss", Qualifier::Reference),
            ("[train] loss: 0.5 [valid] acc: 1 loss", Qualifier::Validation),
            ("train: loss 0.5 | val: loss", Qualifier::Validation),
            ("total loss", Qualifier::Total),
            ("val total loss", Qualifier::Validation),
            ("average train loss", Qualifier::Other),
            ("train: total loss", Qualifier::Other),
            ("target loss", Qualifier::Setting),
            ("initial train loss", Qualifier::Setting),
            ("Config: lr=0.1 loss", Qualifier::Setting),
        ];
        for (line, qualifier) in lines {
            assert_eq!(of(line).map(|found| found.0), Some(qualifier), "{line}");
        }
        assert_eq!(of("x, best validation loss").unwrap().1, "best validation loss");
    }

    #[test]
    fn other_words_do_not() {
        let lines = [
            "loss",
            "Epoch 3 loss",
            "[INFO] loss",
            "INFO loss",
            "INFO:train:loss",
            "step 10 loss",
            "Iteration 5, loss",
            "the final loss",
            "train acc: 0.9 loss",
            "best: 0.1, loss",
            "best=0.1 loss",
            "params: 12M, loss",
            "/data/test/x: loss",
            "3ms/step - loss",
            "acc: 0.9 loss",
            "train loss: 0.5 loss",
            "It is the best. The loss",
            "Best is trial 0 with loss",
            "Training started, loss",
        ];
        for line in lines {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn only_known_words_qualify_an_object() {
        let of = |line: &str| before_object(line.as_bytes()).map(|found| found.qualifier);
        let lines = ["", "Epoch 3 ", "INFO:root:", "saved ", "[tune-metric]: ", "metrics = "];
        assert!(lines.iter().all(|line| of(line).is_none()));
        assert_eq!(
            [of("best: "), of("Test results: "), of("config = "), of("INFO:root:config "), of("Best params: ")],
            [Qualifier::Reference, Qualifier::Test, Qualifier::Setting, Qualifier::Setting, Qualifier::Setting]
                .map(Some)
        );
    }
}
