//! Splits a template into tags and tokens as minijinja's tokenizer does, without a syntax check.

use std::ops::Range;

/// `{{ … }}` or `{% … %}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagKind {
    Expression,
    Statement,
}

impl TagKind {
    fn end(self) -> &'static str {
        match self {
            TagKind::Expression => "}}",
            TagKind::Statement => "%}",
        }
    }
}

/// A tag with its tokens.
#[derive(Debug)]
pub struct Tag<'s> {
    pub kind: TagKind,
    pub tokens: Vec<Token<'s>>,
    /// The byte ranges of the tokens in the source.
    pub spans: Vec<Range<usize>>,
}

/// One token in a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token<'s> {
    /// A name or a keyword.
    Word(&'s str),
    /// Digits; the rest of a number such as `1e5` is a word or a symbol.
    Number,
    /// A string, escapes not decoded.
    Text(&'s str),
    /// `(`, `[` or `{`.
    Open(char),
    /// `)`, `]` or `}`.
    Close,
    /// Anything else.
    Symbol(Symbol),
}

/// Operators and separators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Symbol {
    /// `*`
    Times,
    /// `-`
    Minus,
    /// `~`
    Tilde,
    /// `|`
    Pipe,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `==`, `!=`, `<`, `<=`, `>` or `>=`
    Comparison,
    /// `=`
    Assignment,
    /// Every other operator or character.
    Other,
}

/// Whether `element` has expressions or statements, so that it is rendered. Comments alone do not count: `${#x}` is of a shell.
pub fn is_template(element: &str) -> bool {
    element.contains("{{") || element.contains("{%")
}

/// The byte ranges of the tags of `text`: expressions, statements and comments. None if `text` is not a template. A tag without an end
/// is text.
pub fn tag_ranges(text: &str) -> Vec<Range<usize>> {
    let (mut ranges, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find('{').filter(|_| is_template(text)) {
        let start = from + at;
        let end = tag_length(&text[start..]).map(|length| start + length);
        ranges.extend(end.map(|end| start..end));
        from = end.unwrap_or(start + 1);
    }
    ranges
}

/// The length of the tag at the start of `text`, which starts with `{`.
fn tag_length(text: &str) -> Option<usize> {
    let kind = match text.as_bytes().get(1)? {
        b'{' => TagKind::Expression,
        b'%' => TagKind::Statement,
        b'#' => return Some(2 + text[2..].find("#}")? + 2),
        _ => return None,
    };
    let mut scanner = Scanner { rest: &text[2..], balance: 0, length: text.len() };
    scanner.tokens(kind);
    let length = text.len() - scanner.rest.len();
    text[2..length].ends_with(kind.end()).then_some(length)
}

/// Words that minijinja does not read as names.
const KEYWORDS: [&str; 12] = ["true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if"];

/// The expression for the value of the parameter `name` in a template: the name if it is an identifier.
pub fn expression_of(name: &str) -> String {
    let is_identifier = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name);
    // JSON's escapes are those of minijinja.
    if is_identifier { name.to_owned() } else { format!("params[{}].value", serde_json::Value::from(name)) }
}

/// The tags of `source` in order. Stops where minijinja's tokenizer fails: in an unclosed string or comment.
pub fn scan(source: &str) -> Vec<Tag<'_>> {
    let mut scanner = Scanner { rest: source, balance: 0, length: source.len() };
    let mut tags = Vec::new();
    while let Some(at) = scanner.rest.find('{') {
        scanner.rest = &scanner.rest[at + 1..];
        let kind = match scanner.rest.as_bytes().first() {
            Some(b'{') => TagKind::Expression,
            Some(b'%') => TagKind::Statement,
            Some(b'#') => {
                let Some(end) = scanner.rest[1..].find("#}") else { break };
                scanner.rest = &scanner.rest[1 + end + 2..];
                continue;
            }
            _ => continue,
        };
        scanner.rest = &scanner.rest[1..];
        let (tokens, spans) = scanner.tokens(kind);
        tags.push(Tag { kind, tokens, spans });
    }
    tags
}

struct Scanner<'s> {
    rest: &'s str,
    /// Unclosed brackets over all tags, as minijinja counts them.
    balance: isize,
    /// Bytes of the source.
    length: usize,
}

impl<'s> Scanner<'s> {
    /// The tokens up to the end of the tag, with their byte ranges.
    fn tokens(&mut self, kind: TagKind) -> (Vec<Token<'s>>, Vec<Range<usize>>) {
        let (mut tokens, mut spans) = (Vec::new(), Vec::new());
        if self.rest.starts_with(['-', '+']) {
            self.skip(1);
        }
        loop {
            self.rest = self.rest.trim_ascii_start();
            let Some(first) = self.rest.chars().next() else { return (tokens, spans) };
            if self.ends_tag(kind) {
                return (tokens, spans);
            }
            let start = self.position();
            let token = match first {
                '\'' | '"' => self.string(first).map(Token::Text),
                _ => Some(self.token(first)),
            };
            let Some(token) = token else {
                self.rest = "";
                return (tokens, spans);
            };
            tokens.push(token);
            spans.push(start..self.position());
        }
    }

    /// Skips the end of the tag, if it is next.
    fn ends_tag(&mut self, kind: TagKind) -> bool {
        let marked = self.rest.strip_prefix(['-', '+']).unwrap_or(self.rest);
        let rest = self.rest.strip_prefix(kind.end()).or_else(|| marked.strip_prefix(kind.end()));
        let rest = rest.filter(|_| self.balance == 0);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    fn token(&mut self, first: char) -> Token<'s> {
        let words = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if first.is_ascii_digit() {
            self.take(|c| c.is_ascii_digit());
            return Token::Number;
        }
        if words(first) {
            return Token::Word(self.take(words));
        }
        let pair = self.rest.get(..2).filter(|pair| ["//", "**", "==", "!=", ">=", "<="].contains(pair));
        self.skip(pair.map_or(first.len_utf8(), str::len));
        match (pair, first) {
            (Some("==" | "!=" | ">=" | "<="), _) | (None, '<' | '>') => Token::Symbol(Symbol::Comparison),
            (Some(_), _) => Token::Symbol(Symbol::Other),
            (None, '(' | '[' | '{') => {
                self.balance += 1;
                Token::Open(first)
            }
            (None, ')' | ']' | '}') => {
                self.balance -= 1;
                Token::Close
            }
            (None, '*') => Token::Symbol(Symbol::Times),
            (None, '-') => Token::Symbol(Symbol::Minus),
            (None, '~') => Token::Symbol(Symbol::Tilde),
            (None, '|') => Token::Symbol(Symbol::Pipe),
            (None, '.') => Token::Symbol(Symbol::Dot),
            (None, ',') => Token::Symbol(Symbol::Comma),
            (None, ':') => Token::Symbol(Symbol::Colon),
            (None, '=') => Token::Symbol(Symbol::Assignment),
            (None, _) => Token::Symbol(Symbol::Other),
        }
    }

    /// The text up to the closing `quote`; `None` if it is missing.
    fn string(&mut self, quote: char) -> Option<&'s str> {
        let inner = &self.rest[1..];
        let mut escaped = false;
        let end = inner.find(|c: char| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        self.rest = &inner[end + 1..];
        Some(&inner[..end])
    }

    fn take(&mut self, matches: impl Fn(char) -> bool) -> &'s str {
        let end = self.rest.find(|c| !matches(c)).unwrap_or(self.rest.len());
        let taken = &self.rest[..end];
        self.rest = &self.rest[end..];
        taken
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}
