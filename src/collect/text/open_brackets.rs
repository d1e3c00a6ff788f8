//! Objects and calls that are printed over several lines: where they begin, and where they end.

use super::enclosure::{callee, holds_settings};

/// Lines of one after which only quoted names belong to it.
const MAX_LINES: u32 = 20_000;
/// Most bytes of one that are kept.
const MAX_BYTES: usize = 1 << 20;

/// What the lines since an opening bracket are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BracketsContent {
    /// An object.
    Object,
    /// An entry of an object whose start was not seen, or the arguments of a call: nothing is read.
    Ignored,
}

/// An object or a call that is not complete.
#[derive(Debug)]
pub struct OpenBrackets {
    content: BracketsContent,
    text: Vec<u8>,
    depth: usize,
    lines: u32,
}

/// What a line is to open brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextLine {
    /// It is inside of them.
    Inside,
    /// It closes them.
    Closes,
    /// It is something else: they are never closed.
    Outside,
}

impl OpenBrackets {
    /// What `line` opens and does not close, with the place at which that begins.
    pub fn begin(line: &[u8]) -> Option<(usize, OpenBrackets)> {
        let last = *line.last()?;
        let may_open = matches!(last, b'{' | b'[' | b'(' | b',' | b':' | b'"' | b'\'');
        if !may_open || memchr::memchr2(b'{', b'(', line).is_none() {
            return None;
        }
        let mut starts = memchr::memchr2_iter(b'{', b'(', line).take(MAX_STARTS);
        let (start, content) =
            starts.find_map(|at| Some((at, content(line, at)?)).filter(|_| depth(&line[at..]) > 0))?;
        let mut open = OpenBrackets { content, text: Vec::new(), depth: 0, lines: 0 };
        open.push(&line[start..]);
        Some((start, open))
    }

    /// What it is.
    pub fn content(&self) -> BracketsContent {
        self.content
    }

    /// The text, once it is closed; `None` if it was too long.
    pub fn text(&self) -> Option<&[u8]> {
        (self.text.len() < MAX_BYTES && self.content == BracketsContent::Object).then_some(&self.text)
    }

    /// Takes the next line, which has no white space at its end.
    pub fn next(&mut self, line: &[u8]) -> NextLine {
        let Some(first) = line.first() else { return NextLine::Inside };
        let is_entry = matches!(first, b' ' | b'\t' | b'"' | b'\'' | b'{' | b'}' | b'[' | b']' | b'(' | b')' | b',');
        self.lines = self.lines.saturating_add(1);
        let is_long = self.lines > MAX_LINES;
        if !is_entry || (is_long && !line.trim_ascii_start().starts_with(b"\"")) {
            return NextLine::Outside;
        }
        self.push(line);
        if self.depth == 0 { NextLine::Closes } else { NextLine::Inside }
    }

    fn push(&mut self, line: &[u8]) {
        let end = closed_at(line, &mut self.depth).unwrap_or(line.len());
        if self.content == BracketsContent::Object && self.text.len() < MAX_BYTES {
            self.text.extend_from_slice(&line[..end.min(MAX_BYTES - self.text.len())]);
            self.text.push(b'\n');
        }
    }
}

/// Most brackets of one line at which something may begin.
const MAX_STARTS: usize = 32;

/// What begins with the bracket at `at`.
fn content(line: &[u8], at: usize) -> Option<BracketsContent> {
    let (before, rest) = (&line[..at], line[at + 1..].trim_ascii_start());
    if line[at] == b'(' {
        let name = callee(before);
        return (!name.is_empty() && holds_settings(name)).then_some(BracketsContent::Ignored);
    }
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let is_object = match rest.first() {
        None | Some(b'"' | b'\'' | b'0'..=b'9' | b'{' | b'[') => true,
        _ => word > 0 && rest[word..].trim_ascii_start().starts_with(b":"),
    };
    let before = before.trim_ascii_end();
    let is_entry = before.strip_suffix(b":").is_some_and(|name| matches!(name.last(), Some(b'"' | b'\'')));
    let type_name = callee(before);
    let is_type = type_name.first().is_some_and(u8::is_ascii_uppercase) && holds_settings(type_name);
    match () {
        () if !is_object => None,
        () if is_entry || is_type => Some(BracketsContent::Ignored),
        () => Some(BracketsContent::Object),
    }
}

fn depth(text: &[u8]) -> usize {
    let mut depth = 0;
    closed_at(text, &mut depth).map_or(depth, |_| 0)
}

/// Updates `depth` for the brackets of `line`. Returns the position after the bracket with which it becomes 0; `None` if none does. A
/// quoted text ends with its line.
fn closed_at(line: &[u8], depth: &mut usize) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, byte) in line.iter().enumerate() {
        match (quote, byte) {
            (Some(_), b'\\') => {
                escaped = !escaped;
                continue;
            }
            (Some(open), _) if open == *byte && !escaped => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'{' | b'[' | b'(') => *depth += 1,
            (None, b'}' | b']' | b')') => {
                *depth = depth.saturating_sub(1);
                if *depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        escaped = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<(BracketsContent, String)> {
        let (_, mut open) = OpenBrackets::begin(lines[0].as_bytes())?;
        for line in &lines[1..lines.len() - 1] {
            assert_eq!(open.next(line.as_bytes()), NextLine::Inside, "{line}");
        }
        assert_eq!(open.next(lines[lines.len() - 1].as_bytes()), NextLine::Closes, "{lines:?}");
        Some((open.content(), String::from_utf8_lossy(open.text().unwrap_or_default()).into_owned()))
    }

    #[test]
    fn objects_over_several_lines_are_followed_to_their_end() {
        let objects: [&[&str]; 6] = [
            &["{", "  \"a\": {", "    \"b\": \"}\"", "  }", "}"],
            &["{", "\"a\": [", "1", "]", "}"].map(|line| if line == "1" { " 1" } else { line }),
            &["INFO:root:{", "  \"a\": 1", "} done"],
            &["{'a': 'don\\'t {',", " 'b': [1,", "       2]}"],
            &["{'a': 'x '", "      'y'}"],
            &["{ a: 1,", "  b: tensor(1) }"],
        ];
        for lines in objects {
            let (content, text) = read(lines).unwrap_or_else(|| panic!("{lines:?}"));
            assert_eq!(content, BracketsContent::Object, "{lines:?}");
            assert!(text.starts_with('{') && text.trim_end().ends_with('}'), "{text}");
        }
        let ignored: [&[&str]; 4] = [
            &["\"best\": {", "  \"loss\": 1", "},"],
            &["Config(", "    loss=0.5,", ")"],
            &["Config(loss=0.5,", "       lr=1)"],
            &["Config {", "    loss: 0.5,", "}"],
        ];
        for lines in ignored {
            assert_eq!(read(lines).map(|(content, _)| content), Some(BracketsContent::Ignored), "{lines:?}");
        }
    }

    #[test]
    fn other_lines_open_nothing() {
        for line in
            ["", "loss: 1", "{'a': 1}", "{'a': 1},", "if x { y,", "a (b,", "Epoch 1 (of 3), loss: 0.5,", "Metrics("]
        {
            assert!(OpenBrackets::begin(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn a_line_of_text_ends_what_is_never_closed() {
        let (_, mut open) = OpenBrackets::begin(b"Starting {").unwrap();
        assert_eq!(open.next(b"loss: 0.5"), NextLine::Outside);
    }

    #[test]
    fn memory_is_bounded() {
        let (_, mut open) = OpenBrackets::begin(b"{").unwrap();
        let line = [b' '; 1000];
        let inside = (0..MAX_LINES).take_while(|_| open.next(&line) == NextLine::Inside).count();
        assert_eq!(
            (inside, open.text.len() <= MAX_BYTES + 1, open.next(&line)),
            (MAX_LINES as usize, true, NextLine::Outside)
        );
        assert_eq!(open.text(), None);
    }
}
