//! What is directly before and behind a name: quotes, brackets, longer words, and the separator before its number.

use super::enclosure::Joint;

/// What may stand between a name and its number. Longer ones come first. `:=` and `==` are code.
const SEPARATORS: [&[u8]; 10] =
    [b"=>", b"->", b":", b"=", b"|", "│".as_bytes(), "┃".as_bytes(), "→".as_bytes(), "：".as_bytes(), "＝".as_bytes()];
/// What may enclose a name.
const ENCLOSURES: [(u8, u8); 7] =
    [(b'\'', b'\''), (b'"', b'"'), (b'`', b'`'), (b'*', b'*'), (b'[', b']'), (b'(', b')'), (b'<', b'>')];
/// Most of them around one name, such as `**loss**`.
const MAX_ENCLOSURES: usize = 2;

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
pub fn without_enclosures<'l>(mut before: &'l [u8], mut after: &'l [u8]) -> (&'l [u8], &'l [u8]) {
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
pub fn continues_a_word(before: &[u8]) -> bool {
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
