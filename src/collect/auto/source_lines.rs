//! Lines of source code that interpreters print: in tracebacks, behind warnings and after prompts.

/// Lines after a warning among which its source line is expected: messages may have several lines.
const WARNING_LINES: u32 = 12;
/// Blanks before the source line of a warning, as Python prints it.
const WARNING_INDENTATION: usize = 2;

/// What the next lines of one stream may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum SourceLines {
    /// Anything.
    #[default]
    None,
    /// Source, as long as they have more than this indentation: `File "t.py", line 3` was printed.
    Frame(usize),
    /// Numbered source: `Cell In[3], line 2` was printed.
    Numbered,
    /// The source line of a warning; so many lines were printed since.
    Warning(u32),
}

impl SourceLines {
    /// Takes a line, and says whether it is source.
    pub fn is_source(&mut self, line: &[u8]) -> bool {
        let margin = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'|')).count();
        let text = &line[margin..];
        let next = begins(text, margin);
        let is_source = next.is_none() && (has_prompt(text) || is_marked_source(text) || self.continues(text, margin));
        *self = match (next, *self) {
            (Some(next), _) => next,
            (None, SourceLines::Frame(_) | SourceLines::Numbered) if !is_source => SourceLines::None,
            (None, SourceLines::Warning(_)) if is_source => SourceLines::None,
            (None, SourceLines::Warning(lines)) if lines >= WARNING_LINES => SourceLines::None,
            (None, SourceLines::Warning(lines)) => SourceLines::Warning(lines + 1),
            (None, known) => known,
        };
        is_source || next.is_some()
    }

    fn continues(self, text: &[u8], margin: usize) -> bool {
        match self {
            SourceLines::None => false,
            SourceLines::Frame(indentation) => margin > indentation,
            SourceLines::Numbered => is_numbered(text),
            SourceLines::Warning(0) => margin > 0,
            SourceLines::Warning(_) => margin == WARNING_INDENTATION,
        }
    }
}

/// What follows `text` if it is the place of source.
fn begins(text: &[u8], margin: usize) -> Option<SourceLines> {
    let frame = text.strip_prefix(b"> ").unwrap_or(text);
    if frame.starts_with(b"File \"") && memchr::memmem::find(frame, b"\", line ").is_some() {
        return Some(SourceLines::Frame(margin));
    }
    if [b"Cell In[".as_slice(), b"Cell In [", b"Input In [", b"<ipython-input-"]
        .iter()
        .any(|start| text.starts_with(start))
    {
        return Some(SourceLines::Numbered);
    }
    is_warning(text).then_some(SourceLines::Warning(0))
}

/// Whether `text` has `path:N: SomethingWarning: `.
fn is_warning(text: &[u8]) -> bool {
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&text[from..], b": ") {
        let at = from + found;
        from = at + 2;
        let line = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let path = &text[..at - line];
        if line == 0 || !path.ends_with(b":") {
            continue;
        }
        let category = &text[from..];
        let name =
            category.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
        let is_python = path.ends_with(b".py:") || path.ends_with(b">:");
        let has_name = name > 0 && category[name..].starts_with(b":");
        if has_name
            && (category[..name].ends_with(b"Warning")
                || (is_python && category[0].is_ascii_uppercase() && category[..name].ends_with(b"Deprecated")))
        {
            return true;
        }
    }
    false
}

fn has_prompt(text: &[u8]) -> bool {
    let is_cell = || {
        let number = text
            .strip_prefix(b"In [")
            .map(|rest| &rest[rest.iter().take_while(|byte| byte.is_ascii_digit()).count()..]);
        number.is_some_and(|rest| rest.starts_with(b"]:"))
    };
    text.starts_with(b">>> ") || text == b">>>" || text.starts_with(b"... ") || is_cell()
}

/// `----> 3 loss = 0.5` of IPython, `│ ❱ 3 │   loss = 0.5 │` of Rich.
fn is_marked_source(text: &[u8]) -> bool {
    let dashes = text.iter().take_while(|byte| **byte == b'-').count();
    if dashes > 1 && text[dashes..].starts_with(b"> ") {
        return is_numbered(text);
    }
    let Some(inside) = text.strip_prefix("│".as_bytes()) else { return false };
    let inside = inside.trim_ascii_start();
    let inside = inside.strip_prefix("❱".as_bytes()).unwrap_or(inside).trim_ascii_start();
    let digits = inside.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && inside[digits..].trim_ascii_start().starts_with("│".as_bytes()) && inside.contains(&b'=')
}

/// Whether `text` is a line of a listing: its number, maybe behind an arrow.
fn is_numbered(text: &[u8]) -> bool {
    let dashes = text.iter().take_while(|byte| **byte == b'-').count();
    let text = text[dashes..].strip_prefix(b"> ").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && matches!(text.get(digits), None | Some(b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are not source.
    fn others(text: &str) -> Vec<&str> {
        let mut lines = SourceLines::default();
        text.lines().filter(|line| !lines.is_source(line.as_bytes())).collect()
    }

    #[test]
    fn source_is_recognized_by_what_comes_before_it() {
        let texts = [
            "t.py:9: RuntimeWarning: overflow\n  loss = 0.5",
            "WARNING:py.warnings:/a/t.py:9: UserWarning: a: b\n  loss = 0.5",
            "  File \"t.py\", line 3, in save\n    loss = 0.0\n    ^^^^",
            "  File \"t.py\", line 3, in save\n    f(\n      loss=0.0\n    )\n  File \"t.py\", line 3\n    loss = 1",
            "  |   File \"t.py\", line 3\n  |     loss = 0.0",
            "> File \"t.py\", line 3, in <module>\n    loss = 0.0\n    |      -> 3",
            "Cell In[3], line 2\n      1 x = 3\n----> 2 loss = 0.0",
            ">>> loss = 3\n... loss = 3\nIn [3]: loss = 3",
            "│ ❱ 3 │   loss = 0.0   │",
        ];
        for text in texts {
            assert_eq!(others(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_follows_is_not_source() {
        let last = |text: &'static str| others(text).last().copied();
        assert_eq!(last("  File \"t.py\", line 3\n    x\nloss: 1"), Some("loss: 1"));
        assert_eq!(last("  File \"t.py\", line 3\n    x\nValueError: y\n  loss: 1"), Some("  loss: 1"));
        assert_eq!(last("t.py:9: UserWarning: x\n  warnings.warn(\n  loss: 1"), Some("  loss: 1"));
        assert_eq!(others("t.py:9: ConvergenceWarning: x:\nSTOP\n\n  loss = 3\nloss: 1"), ["STOP", "", "loss: 1"]);
        assert_eq!(others("train.py:12: loss: 1\n  loss: 1\n│ 3 │ 0.5 │").len(), 3);
        let long = format!("t.py:9: UserWarning: x\n{}  loss: 1", "x\n".repeat(20));
        assert!(others(&long).contains(&"  loss: 1"));
    }
}
