//! Where a number ends, and where it belongs to something longer.

/// Whether a number that is followed by `rest` is complete.
pub fn ends_here(rest: &[u8]) -> bool {
    let Some(next) = rest.first() else { return true };
    match next {
        b'.' | b':' | b'-' => {
            !rest.get(1).is_some_and(u8::is_ascii_alphanumeric) || (*next == b'-' && !rest[1].is_ascii_digit())
        }
        b'_' | b'^' | b'&' => false,
        b',' | b'\'' => !rest.get(1).is_some_and(u8::is_ascii_digit),
        b'*' => !rest.get(1).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'*'),
        b'/' => is_denominator(&rest[1..]),
        b' ' => !is_power(rest.trim_ascii_start()),
        _ if next.is_ascii() => !next.is_ascii_alphabetic(),
        _ => !is_power(rest) && !first_char(rest).is_some_and(|c| c.is_alphanumeric() || joins_digits(c, rest)),
    }
}

/// Whether `rest` continues a number as `×10³`.
fn is_power(rest: &[u8]) -> bool {
    let factor =
        rest.strip_prefix("×".as_bytes()).or_else(|| rest.strip_prefix(b"x ")).or_else(|| rest.strip_prefix(b"* "));
    factor.is_some_and(|factor| factor.trim_ascii_start().starts_with(b"10"))
}

/// Whether `c`, with which `rest` begins, separates digits of one number.
fn joins_digits(c: char, rest: &[u8]) -> bool {
    const JOINTS: [char; 7] = ['\u{a0}', '\u{202f}', '\u{2009}', '’', '·', '٫', '٬'];
    JOINTS.contains(&c) && rest.get(c.len_utf8()).is_some_and(u8::is_ascii_digit)
}

/// Whether what follows a slash behind a number leaves it a number: the rest of a fraction, or another pair, but no unit or path.
fn is_denominator(rest: &[u8]) -> bool {
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
    let next = rest.get(word);
    match rest.first() {
        Some(b'0'..=b'9') => next != Some(&b'/'),
        Some(_) if word > 0 => matches!(next, Some(b'=' | b':')),
        _ => true,
    }
}

/// Whether `number` is the first group of one with a blank between thousands: `1 234.5`. Three digits behind a whole number of at most
/// three may be one; `1 234` is not read because it may be either.
pub fn is_first_group(number: &[u8], rest: &[u8]) -> bool {
    let unsigned = number.strip_prefix(b"-").unwrap_or(number);
    let group = rest.strip_prefix(b" ").unwrap_or_default();
    let is_whole = unsigned.len() <= 3 && unsigned.iter().all(u8::is_ascii_digit) && !unsigned.starts_with(b"0");
    is_whole
        && group.iter().take_while(|byte| byte.is_ascii_digit()).count() == 3
        && group.get(3).is_none_or(|next| matches!(next, b' ' | b'.' | b',' | b'\t'))
}

/// The first character of `text`; `None` if it is not UTF-8.
fn first_char(text: &[u8]) -> Option<char> {
    text.utf8_chunks().next()?.valid().chars().next()
}
