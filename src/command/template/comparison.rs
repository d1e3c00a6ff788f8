//! Comparisons in constraints. minijinja orders all values: null and booleans before numbers, these before texts, NaN after all
//! numbers. A constraint over such values would be true or false by accident, so here these comparisons are errors.
//!
//! The right operand of each comparison is replaced by a call that checks both: `a < b` becomes `a < ordered_operand(a, b)`. So the
//! operands are evaluated only where the comparison is, and `a is none or a < 3` remains an expression of its author.

use std::ops::Range;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use super::limits::{LimitError, MAX_ARGUMENT, operands};
use super::scanner::{Symbol, Token, scan};

/// The function around the right operand of `<`, `<=`, `>` and `>=`.
const ORDERED: &str = "ordered_operand";
/// The function around the right operand of `==`, `!=` and `in`.
const NOT_NAN: &str = "not_nan_operand";

/// Adds the functions of [`checked`], and replaces the tests and filters that order values.
pub fn add(environment: &mut Environment<'_>) {
    environment.add_function(ORDERED, ordered_operand);
    environment.add_function(NOT_NAN, not_nan_operand);
    for name in ["lt", "lessthan", "<"] {
        environment.add_test(name, |l: &Value, r: &Value| ordered(l, r).map(|()| l < r));
    }
    for name in ["le", "<="] {
        environment.add_test(name, |l: &Value, r: &Value| ordered(l, r).map(|()| l <= r));
    }
    for name in ["gt", "greaterthan", ">"] {
        environment.add_test(name, |l: &Value, r: &Value| ordered(l, r).map(|()| l > r));
    }
    for name in ["ge", ">="] {
        environment.add_test(name, |l: &Value, r: &Value| ordered(l, r).map(|()| l >= r));
    }
    for name in ["eq", "equalto", "=="] {
        environment.add_test(name, |l: &Value, r: &Value| numbers(l, r).map(|()| l == r));
    }
    for name in ["ne", "!="] {
        environment.add_test(name, |l: &Value, r: &Value| numbers(l, r).map(|()| l != r));
    }
    environment.add_filter("min", |state: &State<'_, '_>, items: Value, options: Kwargs| {
        ordered_items(&items)?;
        filters::min(state, items, options)
    });
    environment.add_filter("max", |state: &State<'_, '_>, items: Value, options: Kwargs| {
        ordered_items(&items)?;
        filters::max(state, items, options)
    });
    environment.add_filter("sort", |state: &State<'_, '_>, items: Value, options: Kwargs| {
        ordered_items(&items)?;
        filters::sort(state, items, options)
    });
}

/// `expression`, which is valid, with checks of the operands of its comparisons.
///
/// # Errors
/// It becomes longer than [`MAX_ARGUMENT`] bytes.
pub fn checked(expression: &str) -> Result<String, LimitError> {
    let template = format!("{{{{ {expression} }}}}");
    let tags = scan(&template);
    let [tag] = tags.as_slice() else { return Err(LimitError::Tag) };
    let source = Source { text: &template, tokens: &tag.tokens, spans: &tag.spans };
    source.rewritten(0..tag.tokens.len())
}

struct Source<'s> {
    text: &'s str,
    tokens: &'s [Token<'s>],
    spans: &'s [Range<usize>],
}

impl Source<'_> {
    fn rewritten(&self, range: Range<usize>) -> Result<String, LimitError> {
        let mut out = String::new();
        let mut at = range.start;
        while at < range.end {
            // with the space after it: `0.5` is three tokens
            let next = self.spans[at + 1..range.end].first();
            let end = next.map_or(self.spans[at].end, |next| next.start);
            out.push_str(&self.text[self.spans[at].start..end]);
            let comparison = self.function(at).map(|function| (function, self.sides(at)));
            at += 1;
            if let Some((function, (left, right))) = comparison {
                at = right.end;
                let (left, right) = (self.rewritten(left)?, self.rewritten(right)?);
                out.push_str(&format!(" {function}({left}, {right}) "));
            }
            if out.len() > MAX_ARGUMENT {
                return Err(LimitError::Length);
            }
        }
        Ok(out)
    }

    /// The check of the operands of the token at `at`, if that is a comparison that needs one.
    fn function(&self, at: usize) -> Option<&'static str> {
        match self.tokens[at] {
            Token::Symbol(Symbol::Comparison) if self.text[self.spans[at].clone()].starts_with(['<', '>']) => {
                Some(ORDERED)
            }
            Token::Symbol(Symbol::Comparison) | Token::Word("in") => {
                let (left, right) = self.sides(at);
                let is_computed = [left, right].into_iter().any(|side| self.is_computed(side));
                is_computed.then_some(NOT_NAN)
            }
            _ => None,
        }
    }

    /// The operands of the comparison at `at`.
    fn sides(&self, at: usize) -> (Range<usize>, Range<usize>) {
        let is_negated = at > 0 && self.tokens[at] == Token::Word("in") && self.tokens[at - 1] == Token::Word("not");
        let first = if is_negated { at - 1 } else { at };
        (operands(self.tokens, first).start..first, at + 1..operands(self.tokens, at).end)
    }

    /// Whether the value may be NaN: no value of a parameter is.
    fn is_computed(&self, side: Range<usize>) -> bool {
        let is_operator = |token: &Token<'_>| match token {
            Token::Symbol(symbol) => !matches!(symbol, Symbol::Comma | Symbol::Colon | Symbol::Dot),
            _ => false,
        };
        self.tokens[side].iter().any(is_operator)
    }
}

fn ordered_operand(left: &Value, right: Value) -> Result<Value, Error> {
    ordered(left, &right).map(|()| right)
}

fn not_nan_operand(left: &Value, right: Value) -> Result<Value, Error> {
    numbers(left, &right).map(|()| right)
}

/// Whether one value is less than, equal to or greater than the other: two numbers, texts, booleans, or lists of such items.
fn ordered(left: &Value, right: &Value) -> Result<(), Error> {
    numbers(left, right)?;
    match (left.kind(), right.kind()) {
        (ValueKind::Number, ValueKind::Number)
        | (ValueKind::String, ValueKind::String)
        | (ValueKind::Bool, ValueKind::Bool) => Ok(()),
        (ValueKind::Seq, ValueKind::Seq) => {
            let mut pairs = left.try_iter()?.zip(right.try_iter()?);
            pairs.find(|(left, right)| left != right).map_or(Ok(()), |(left, right)| ordered(&left, &right))
        }
        (ValueKind::Undefined, _) | (_, ValueKind::Undefined) => Err(ErrorKind::UndefinedError.into()),
        (left, right) => Err(invalid(format!("{} and {} have no order", name(left), name(right)))),
    }
}

fn ordered_items(items: &Value) -> Result<(), Error> {
    if items.kind() != ValueKind::Seq {
        return Ok(());
    }
    let items: Vec<Value> = items.try_iter()?.collect();
    match items.as_slice() {
        [only] => numbers(only, only),
        items => items.windows(2).try_for_each(|pair| ordered(&pair[0], &pair[1])),
    }
}

/// Whether no number in the values is NaN.
fn numbers(left: &Value, right: &Value) -> Result<(), Error> {
    if has_nan(left) || has_nan(right) { Err(invalid("a value is not a number (NaN)".to_owned())) } else { Ok(()) }
}

fn has_nan(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).is_ok_and(f64::is_nan),
        ValueKind::Seq => value.try_iter().is_ok_and(|mut items| items.any(|item| has_nan(&item))),
        _ => false,
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::None => "null",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "a text",
        ValueKind::Seq => "a list",
        ValueKind::Map => "a mapping",
        _ => "another value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_added_to_the_right_operands_of_comparisons() {
        let rewritten = |text: &str| checked(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(rewritten("a + 1 < b"), "a + 1 < ordered_operand(a + 1, b)");
        assert_eq!(rewritten("a < b <= c"), "a < ordered_operand(a, b) <= ordered_operand(b, c)");
        assert_eq!(rewritten("a == 'x' and b in c"), "a == 'x' and b in c");
        assert_eq!(rewritten("a / 2 not in c"), "a / 2 not in not_nan_operand(a / 2, c)");
        assert_eq!(
            rewritten("not (a < 1) != b"),
            "not (a < ordered_operand(a, 1) ) != not_nan_operand((a < ordered_operand(a, 1) ), b)"
        );
        assert_eq!(rewritten("f(x=a < 0.5)"), "f(x=a < ordered_operand(a, 0.5) )");
    }

    #[test]
    fn the_text_with_checks_is_bounded() {
        let nested = (0..16).fold("aaaaaaaa".repeat(16), |inner, _| format!("({inner}) < 1"));
        assert_eq!(checked(&nested), Err(LimitError::Length));
    }
}
