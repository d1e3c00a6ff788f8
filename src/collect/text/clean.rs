//! Removes what a terminal would not show from a line: escape sequences, a byte order mark, and characters erased by backspaces.

const ESCAPE: u8 = 0x1b;
const BACKSPACE: u8 = 0x08;
const BELL: u8 = 0x07;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// `line` as a terminal shows it. `buffer` is used only if something must be removed.
pub fn clean<'l>(line: &'l [u8], buffer: &'l mut Vec<u8>) -> &'l [u8] {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    if memchr::memchr2(ESCAPE, BACKSPACE, line).is_none() {
        return line;
    }
    buffer.clear();
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            ESCAPE => at += escape_length(&line[at..]),
            BACKSPACE => {
                erase_character(buffer);
                at += 1;
            }
            byte => {
                buffer.push(byte);
                at += 1;
            }
        }
    }
    let shown: &[u8] = buffer;
    shown.strip_prefix(BYTE_ORDER_MARK).unwrap_or(shown)
}

/// Bytes of the escape sequence at the start of `text` (ECMA-48, sections 5.3 to 5.6): a control sequence, a control string, or two
/// or three bytes.
fn escape_length(text: &[u8]) -> usize {
    let rest = text.get(2..).unwrap_or_default();
    let found = match text.get(1) {
        Some(b'[') => rest.iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 3),
        Some(b']' | b'P' | b'_' | b'^' | b'X') => control_string_end(rest).map(|end| end + 2),
        Some(0x20..=0x2f) => Some(3),
        Some(_) => Some(2),
        None => None,
    };
    found.unwrap_or(text.len()).min(text.len())
}

/// Where a control string ends: behind BEL, or behind ESC and a backslash.
fn control_string_end(text: &[u8]) -> Option<usize> {
    let at = memchr::memchr2(BELL, ESCAPE, text)?;
    Some(if text[at] == BELL { at + 1 } else { at + 2 })
}

/// Removes the last character, which may be several bytes of UTF-8.
fn erase_character(buffer: &mut Vec<u8>) {
    while buffer.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(line: &str) -> String {
        String::from_utf8(clean(line.as_bytes(), &mut Vec::new()).to_vec()).unwrap()
    }

    #[test]
    fn escape_sequences_and_erased_characters_are_removed() {
        assert_eq!(cleaned(" \u{feff}x "), " \u{feff}x ");
        assert_eq!(cleaned("\u{feff}x "), "x ");
        assert_eq!(cleaned("\x1b[1m1/2\x1b[0m loss: \x1b[38;5;1m2.5\x1b[0m"), "1/2 loss: 2.5");
        assert_eq!(cleaned("\x1b]8;;http://a\x07link\x1b]8;;\x1b\\ a\x1b(Bb"), "link ab");
        assert_eq!(cleaned("12%\x08\x08\x0899"), "99");
        assert_eq!(cleaned("█\x08x\x08\x08\x08y"), "y");
    }

    #[test]
    fn incomplete_sequences_end_with_the_line() {
        for line in ["a\x1b", "a\x1b[12", "a\x1b]0;title", "a\x1b(", "a\x1b]0;\x1b"] {
            assert_eq!(cleaned(line), "a", "{line:?}");
        }
    }
}
