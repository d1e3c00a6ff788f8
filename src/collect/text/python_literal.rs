//! Dict literals as Python prints them, as JSON.

use std::borrow::Cow;

use super::number;
use crate::collect::json_text::push_number;

/// Deepest nesting that is read.
const MAX_DEPTH: u32 = 64;

/// The dict literal that `text` is, as JSON; `None` if it is anything else. NaN and the infinities become the texts that JSON
/// readings use for them. What has no JSON becomes a text: `<Object at 0x7f>`, `PosixPath('a')`.
pub fn dict_to_json(text: &str) -> Option<String> {
    let mut parser = Parser { text, at: 0, json: String::new() };
    if !text.starts_with('{') {
        return None;
    }
    parser.braces(MAX_DEPTH)?;
    (parser.rest().trim_ascii().is_empty() && parser.json.starts_with('{')).then_some(parser.json)
}

/// What a key was.
enum Key {
    Text,
    /// Something else, as JSON.
    Other(String),
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    json: String,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_ascii_start().len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves past `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.skip_blanks();
        match self.peek()? {
            b'{' => self.braces(depth),
            b'[' => self.items(b'[', b']', depth),
            b'(' => self.items(b'(', b')', depth),
            b'\'' | b'"' => {
                let string = self.string()?;
                self.push_text(&string)
            }
            _ => self.scalar(),
        }
    }

    /// A dict or, as a list, a set.
    fn braces(&mut self, depth: u32) -> Option<()> {
        self.take(b'{').then_some(())?;
        let begin = self.json.len();
        self.json.push('{');
        let mut entries = 0;
        while !self.take(b'}') {
            if entries > 0 {
                self.take(b',').then_some(())?;
                if self.take(b'}') {
                    break;
                }
                self.json.push(',');
            }
            let key = self.key(depth)?;
            if !self.take(b':') {
                return if entries == 0 { self.set(begin, key, depth) } else { None };
            }
            self.json.push(':');
            self.value(depth)?;
            entries += 1;
        }
        self.json.push('}');
        Some(())
    }

    /// A set whose first item was read as the key of an object that begins at `begin`.
    fn set(&mut self, begin: usize, first: Key, depth: u32) -> Option<()> {
        match first {
            Key::Text => self.json.replace_range(begin..=begin, "["),
            Key::Other(json) => {
                self.json.truncate(begin);
                self.json.push('[');
                self.json.push_str(&json);
            }
        }
        while self.take(b',') {
            self.json.push(',');
            self.value(depth)?;
        }
        self.take(b'}').then_some(())?;
        self.json.push(']');
        Some(())
    }

    /// A key: a text, or anything else as its text.
    fn key(&mut self, depth: u32) -> Option<Key> {
        self.skip_blanks();
        let begin = self.json.len();
        self.value(depth)?;
        if self.json[begin..].starts_with('"') {
            return Some(Key::Text);
        }
        let json = self.json.split_off(begin);
        self.push_text(&json)?;
        Some(Key::Other(json))
    }

    fn items(&mut self, open: u8, close: u8, depth: u32) -> Option<()> {
        self.take(open).then_some(())?;
        self.json.push('[');
        let mut count = 0;
        while !self.take(close) {
            if count > 0 {
                self.take(b',').then_some(())?;
                if self.take(close) {
                    break;
                }
                self.json.push(',');
            }
            self.value(depth)?;
            count += 1;
        }
        self.json.push(']');
        Some(())
    }

    /// One or more string literals in a row, which Python joins.
    fn string(&mut self) -> Option<Cow<'t, str>> {
        let mut joined = self.one_string()?;
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(b'\'' | b'"') => joined.to_mut().push_str(&self.one_string()?),
                _ => return Some(joined),
            }
        }
    }

    fn one_string(&mut self) -> Option<Cow<'t, str>> {
        let quote = char::from(self.peek()?);
        let body = &self.text[self.at + 1..];
        let mut escaped = false;
        let end = body.find(|c| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        self.at += end + 2;
        Some(unescaped(&body[..end]))
    }

    /// A number, a constant, a call or an object's representation.
    fn scalar(&mut self) -> Option<()> {
        let end = opaque_end(self.rest())?;
        let word = self.rest()[..end].trim_ascii();
        self.at += end;
        let constant = match word {
            "True" => Some("true"),
            "False" => Some("false"),
            "None" => Some("null"),
            _ => None,
        };
        if let Some(constant) = constant {
            self.json.push_str(constant);
            return Some(());
        }
        match number_of(word) {
            Some(number) => push_number(&mut self.json, number),
            None => self.push_text(word)?,
        }
        Some(())
    }

    fn push_text(&mut self, text: &str) -> Option<()> {
        self.json.push_str(&serde_json::to_string(text).ok()?);
        Some(())
    }
}

/// The number that a scalar is, bare or in a wrapper such as `tensor(…)`.
fn number_of(word: &str) -> Option<f64> {
    let (number, length) = number::parse(word.as_bytes()).unwrap_or((0.0, 0));
    if length > 0 {
        return (length == word.len()).then_some(number);
    }
    number::leading(word.as_bytes())
}

/// Where a value that is no string and no container ends: at a comma, a colon or a closing bracket outside of brackets and quotes.
fn opaque_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '(' | '[' | '{' | '<') => depth += 1,
            (None, ')' | ']' | '}' | '>') if depth > 0 => depth -= 1,
            (None, ',' | ':' | ')' | ']' | '}') if depth == 0 => return (at > 0).then_some(at),
            (None, '\'' | '"') => return None,
            _ => {}
        }
    }
    None
}

/// A string literal's text, its escape sequences replaced.
fn unescaped(body: &str) -> Cow<'_, str> {
    if !body.contains('\\') {
        return Cow::Borrowed(body);
    }
    let mut text = String::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some(kind @ ('x' | 'u' | 'U')) => {
                let length = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let code: String = rest.by_ref().take(length).collect();
                text.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            other => text.extend(other),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dicts_become_objects() {
        let dicts = [
            ("{}", "{}"),
            ("{'loss': 0.3, 'epoch': 1.0}", r#"{"loss":0.3,"epoch":1}"#),
            ("{'loss': '0.69', \"it's\": nan, 'a': -inf,}", r#"{"loss":"0.69","it's":"NaN","a":"-Infinity"}"#),
            (
                "{'a': True, 'b': None, 'c': (1, 2), 'd': [], 'e': {1, 2}}",
                r#"{"a":true,"b":null,"c":[1,2],"d":[],"e":[1,2]}"#,
            ),
            ("{'rmse': np.float64(0.5), 'mae': np.float32(0.25)}", r#"{"rmse":0.5,"mae":0.25}"#),
            ("{'loss': tensor(0.5, grad_fn=<Loss>), 'x': tensor([1, 2])}", r#"{"loss":0.5,"x":"tensor([1, 2])"}"#),
            (
                "{'p': PosixPath('a, b'), 'o': <A object at 0x7f>, 1: 2}",
                r#"{"p":"PosixPath('a, b')","o":"<A object at 0x7f>","1":2}"#,
            ),
            ("{'a': {'b': {'c': 1e-07}}}", r#"{"a":{"b":{"c":1e-7}}}"#),
            (r"{'a': 'x\'y\n\x41\u00e9', 'b': 'one ' 'two'}", r#"{"a":"x'y\nAé","b":"one two"}"#),
        ];
        for (dict, json) in dicts {
            assert_eq!(dict_to_json(dict).as_deref(), Some(json), "{dict}");
        }
    }

    #[test]
    fn other_texts_do_not() {
        for text in
            ["", "{", "{'a'", "{'a': 1", "{'a': 1} x", "{1, 2}", "[1]", "{'a' 1}", "{'a': 1 'b': 2}", "{,}", "{'a': }"]
        {
            assert_eq!(dict_to_json(text), None, "{text}");
        }
        let deep = format!("{}{}", "{'a': ".repeat(100), "}".repeat(100));
        assert_eq!(dict_to_json(&deep), None);
    }
}
