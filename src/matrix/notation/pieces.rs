//! Splits text outside of quotes and brackets.

use super::error::NotationError;
use crate::matrix::yaml::node::Span;

/// A part of the argument with its position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece<'t> {
    /// The text.
    pub text: &'t str,
    /// The position of its first byte in the argument.
    pub start: usize,
}

impl<'t> Piece<'t> {
    /// Its position in the argument.
    pub fn span(&self) -> Span {
        self.start..self.start + self.text.len()
    }

    /// The bytes from `from` to `to` of this piece.
    pub fn slice(&self, from: usize, to: usize) -> Piece<'t> {
        Piece { text: &self.text[from..to], start: self.start + from }
    }

    /// Without blanks at both ends.
    pub fn trimmed(&self) -> Piece<'t> {
        let from = self.text.len() - self.text.trim_start().len();
        let to = self.text.trim_end().len();
        self.slice(from.min(to), to)
    }

    /// The trimmed parts between the commas that are outside of quotes and brackets; none if the piece is blank.
    pub fn split_at_commas(&self) -> Vec<Piece<'t>> {
        if self.text.trim().is_empty() {
            return Vec::new();
        }
        let (mut parts, mut from) = (Vec::new(), 0);
        let mut outside = Outside::default();
        for (at, c) in self.text.char_indices() {
            if outside.step(c) && c == ',' {
                parts.push(self.slice(from, at).trimmed());
                from = at + 1;
            }
        }
        parts.push(self.slice(from, self.text.len()).trimmed());
        parts
    }

    /// The position of `word` outside of quotes and brackets.
    pub fn find_outside(&self, word: &str) -> Option<usize> {
        let mut outside = Outside::default();
        self.text
            .char_indices()
            .find(|(at, c)| outside.step(*c) && self.text[*at..].starts_with(word))
            .map(|(at, _)| at)
    }

    /// The position of the bracket that closes the one at the start of this piece.
    ///
    /// # Errors
    /// There is none.
    pub fn closing_bracket(&self) -> Result<usize, NotationError> {
        let mut outside = Outside::default();
        for (at, c) in self.text.char_indices() {
            outside.step(c);
            if at > 0 && outside.closing.is_empty() && outside.quote.is_none() {
                return Ok(at);
            }
        }
        let message = if outside.quote.is_some() { "unclosed quote" } else { "unclosed `(`" };
        let start = outside.quote_start(self);
        Err(NotationError::new(start..start + 1, message, None))
    }
}

/// Whether a position is outside of quotes and brackets.
#[derive(Debug, Default)]
struct Outside {
    /// The closing brackets of those that are open, the innermost last.
    closing: Vec<char>,
    quote: Option<char>,
    /// The previous character was a backslash in double quotes.
    is_escaped: bool,
    /// The previous character belongs to a word, so that a quote after it is an apostrophe.
    after_word: bool,
}

impl Outside {
    /// Reads `c`; true if it is outside of quotes and brackets.
    fn step(&mut self, c: char) -> bool {
        let was_outside = self.closing.is_empty() && self.quote.is_none();
        let after_word = std::mem::replace(&mut self.after_word, c.is_alphanumeric());
        match (self.quote, c) {
            (Some(_), _) if self.is_escaped => self.is_escaped = false,
            (Some('"'), '\\') => self.is_escaped = true,
            (Some(open), _) if c == open => self.quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if !after_word => self.quote = Some(c),
            (None, '(') => self.closing.push(')'),
            (None, '[') => self.closing.push(']'),
            (None, '{') => self.closing.push('}'),
            (None, _) if self.closing.last() == Some(&c) => _ = self.closing.pop(),
            _ => {}
        }
        was_outside
    }

    /// Where the open quote starts, or the piece.
    fn quote_start(&self, piece: &Piece<'_>) -> usize {
        self.quote.and_then(|quote| piece.text.find(quote)).map_or(piece.start, |at| piece.start + at)
    }
}
