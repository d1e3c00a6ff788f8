//! Limits on a template's source, checked before minijinja parses it: its parser, compiler and operators recurse and allocate
//! without a bound of their own.
//!
//! A template is text with expressions and the statements `if` and `for`. No computed value can be bound to a name, so nothing
//! grows by repeated assignment; `*` multiplies numbers only, so no text or list is repeated by a factor.

use std::ops::Range;

use serde_json::Value;
use thiserror::Error;

use super::scanner::{Symbol, Tag, TagKind, Token, scan};
use crate::command::context::TemplateValues;

/// Longest source of an element with templates, and longest rendered element, in bytes: the longest argument that Linux accepts
/// (MAX_ARG_STRLEN, execve(2)).
pub const MAX_ARGUMENT: usize = 128 << 10;
/// Most operators in one expression or statement: each may nest the expression by one level.
pub const MAX_OPERATORS: usize = 200;
/// Deepest nesting of brackets in an expression.
pub const MAX_BRACKETS: usize = 16;
/// Most statements in an element, closing ones included: each may nest the template by one level.
pub const MAX_STATEMENTS: usize = 64;

/// Filters that return a number for a number.
const NUMERIC_FILTERS: [&str; 6] = ["abs", "bool", "default", "float", "int", "round"];
/// Names that hold text or lists in every study.
const TEXTS: [&str; 8] = ["as_arg", "as_args", "as_str", "checkpoint_dir", "globals", "job", "trial_dir", "uuid"];
/// Keywords that act as operators in expressions.
const OPERATOR_WORDS: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];

/// Why a template is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LimitError {
    #[error("the template is longer than {MAX_ARGUMENT} bytes")]
    Length,
    #[error("the template has more than {MAX_STATEMENTS} statements")]
    Statements,
    #[error("the template nests brackets more than {MAX_BRACKETS} deep")]
    Brackets,
    #[error("the template has an expression with more than {MAX_OPERATORS} operators")]
    Operators,
    #[error("the template statement `{0}` is not supported; there are `if` and `for`")]
    UnsupportedStatement(String),
    #[error("a `for` in a template iterates over a name or a range, as in {{% for x in layers %}}")]
    Iterable,
    /// The operand's description.
    #[error("{0} cannot be used in one template expression with `*`, which takes numbers only")]
    Operand(String),
    #[error("`{0}` is not a number, and `*` in a template takes numbers only")]
    NotANumber(String),
    #[error("the items of `{0}` are not numbers, and `*` in a template takes numbers only")]
    ItemsNotNumbers(String),
    #[error("the value of `{0}` is larger than {MAX_ARGUMENT} bytes")]
    ValueSize(String),
    #[error("an expression is written without `{{{{` and `}}}}`")]
    Tag,
}

/// Names whose values must be numbers when an element is rendered.
#[derive(Debug, Default, PartialEq)]
pub struct NumericNames {
    /// Names in an expression with `*`.
    pub multiplied: Vec<String>,
    /// Names that a `for` iterates over, if its variable is in an expression with `*`.
    pub multiplied_items: Vec<String>,
}

impl NumericNames {
    /// Checks the values of a job that the element may use: their size, and that multiplied ones are numbers.
    pub fn check_values(&self, values: &TemplateValues<'_>) -> Result<(), LimitError> {
        let partial = values.names().partial.iter().map(|partial| &*partial.name);
        let mut known = values.names().own().chain(partial).filter_map(|name| Some((name, values.own(name)?)));
        known.try_for_each(|(name, value)| self.check_value(name, &value))
    }

    /// Checks the value of `name`, as [`NumericNames::check_values`] does.
    pub fn check_value(&self, name: &str, value: &Value) -> Result<(), LimitError> {
        let is_factor = self.multiplied.iter().any(|multiplied| multiplied == name);
        if is_factor && matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_)) {
            return Err(LimitError::NotANumber(name.to_owned()));
        }
        if self.multiplied_items.iter().any(|list| list == name) && !items_are_numbers(value) {
            return Err(LimitError::ItemsNotNumbers(name.to_owned()));
        }
        if size(value) > MAX_ARGUMENT {
            return Err(LimitError::ValueSize(name.to_owned()));
        }
        Ok(())
    }
}

fn items_are_numbers(value: &Value) -> bool {
    let is_number = |item: &Value| !item.is_string() && !item.is_array() && !item.is_object();
    match value {
        Value::Array(items) => items.iter().all(is_number),
        Value::Object(_) | Value::String(_) => false,
        _ => true,
    }
}

/// Approximate bytes of `value` in memory.
fn size(value: &Value) -> usize {
    let own = size_of::<Value>();
    own + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(entries) => entries.iter().map(|(name, value)| name.len() + size(value)).sum(),
        _ => 0,
    }
}

/// Checks `source` against all limits; returns the names whose values must be numbers.
pub fn check(source: &str) -> Result<NumericNames, LimitError> {
    if source.len() > MAX_ARGUMENT {
        return Err(LimitError::Length);
    }
    let tags = scan(source);
    let mut loops: Vec<ForStatement<'_>> = Vec::new();
    let mut statements = 0;
    for tag in &tags {
        check_size(tag)?;
        if tag.kind == TagKind::Statement {
            statements += 1;
            loops.extend(parse_statement(&tag.tokens)?);
        }
    }
    if statements > MAX_STATEMENTS {
        return Err(LimitError::Statements);
    }
    let (mut checked, mut multiplies_items) = (NumericNames::default(), false);
    for tag in tags.iter().filter(|tag| tag.tokens.contains(&Token::Symbol(Symbol::Times))) {
        for name in multiplied_names(&tag.tokens)? {
            let is_item = |l: &ForStatement<'_>| l.targets.contains(&name) || ["previtem", "nextitem"].contains(&name);
            multiplies_items |= loops.iter().any(is_item);
            checked.multiplied.push(name.to_owned());
        }
    }
    if multiplies_items {
        let over = || loops.iter().flat_map(|l| &l.over);
        if let Some(text) = over().find(|name| TEXTS.contains(name) || **name == "params") {
            return Err(LimitError::ItemsNotNumbers((*text).to_owned()));
        }
        checked.multiplied_items = over().map(|name| (*name).to_owned()).collect();
    }
    Ok(checked)
}

/// Checks an expression that is not part of a template against all limits; returns the names whose values must be numbers.
///
/// Only the operands of a `*` are restricted, not all of the expression.
pub fn check_expression(expression: &str) -> Result<NumericNames, LimitError> {
    if expression.len() > MAX_ARGUMENT {
        return Err(LimitError::Length);
    }
    let template = format!("{{{{ {expression} }}}}");
    let tags = scan(&template);
    let [tag] = tags.as_slice() else { return Err(LimitError::Tag) };
    if expression.trim_start().starts_with("{{") {
        return Err(LimitError::Tag);
    }
    check_size(tag)?;
    let mut checked = NumericNames::default();
    let is_times = |at: &usize| tag.tokens[*at] == Token::Symbol(Symbol::Times);
    for at in (0..tag.tokens.len()).filter(is_times) {
        let names = multiplied_names(&tag.tokens[operands(&tag.tokens, at)])?;
        checked.multiplied.extend(names.into_iter().map(str::to_owned));
    }
    Ok(checked)
}

/// The tokens around the operator at `at` up to the next brackets or operators that bind less than arithmetic.
pub fn operands(tokens: &[Token<'_>], at: usize) -> Range<usize> {
    let is_boundary = |token: &Token<'_>| match token {
        Token::Symbol(Symbol::Comparison | Symbol::Comma | Symbol::Colon | Symbol::Assignment) => true,
        Token::Word(word) => ["and", "or", "not", "in", "if", "else"].contains(word),
        _ => false,
    };
    let is_open = |token: &Token<'_>| matches!(token, Token::Open(_));
    let is_close = |token: &Token<'_>| *token == Token::Close;
    let ends = |depth: &mut usize, token: &Token<'_>, enters: bool, leaves: bool| {
        let ends = *depth == 0 && (leaves || is_boundary(token));
        *depth = (*depth + usize::from(enters)).saturating_sub(usize::from(leaves));
        ends
    };
    let mut depth = 0;
    let mut before = (0..at).rev();
    let start = before.find(|i| ends(&mut depth, &tokens[*i], is_close(&tokens[*i]), is_open(&tokens[*i])));
    depth = 0;
    let mut after = at + 1..tokens.len();
    let end = after.find(|i| ends(&mut depth, &tokens[*i], is_open(&tokens[*i]), is_close(&tokens[*i])));
    start.map_or(0, |i| i + 1)..end.unwrap_or(tokens.len())
}

fn check_size(tag: &Tag<'_>) -> Result<(), LimitError> {
    let (mut operators, mut depth, mut deepest) = (0, 0_usize, 0);
    for token in &tag.tokens {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        operators += usize::from(match token {
            Token::Symbol(Symbol::Comma | Symbol::Colon) | Token::Number | Token::Text(_) | Token::Close => false,
            Token::Word(word) => OPERATOR_WORDS.contains(word),
            Token::Symbol(_) | Token::Open(_) => true,
        });
    }
    if deepest > MAX_BRACKETS {
        return Err(LimitError::Brackets);
    }
    if operators > MAX_OPERATORS {
        return Err(LimitError::Operators);
    }
    Ok(())
}

/// A `for`: the names it binds, and the names it iterates over.
struct ForStatement<'s> {
    targets: Vec<&'s str>,
    over: Vec<&'s str>,
}

fn parse_statement<'s>(tokens: &[Token<'s>]) -> Result<Option<ForStatement<'s>>, LimitError> {
    match tokens {
        [Token::Word("if" | "elif" | "else" | "endif" | "endfor"), ..] => Ok(None),
        [Token::Word("for"), rest @ ..] => parse_for(rest).map(Some),
        [Token::Word(other), ..] => Err(LimitError::UnsupportedStatement((*other).to_owned())),
        _ => Ok(None),
    }
}

/// A loop binds its variables to items of an existing value: a name, a part of it, or a range.
fn parse_for<'s>(tokens: &[Token<'s>]) -> Result<ForStatement<'s>, LimitError> {
    const LIST_FILTERS: [&str; 6] = ["dictsort", "items", "list", "reverse", "sort", "unique"];
    let within = tokens.iter().position(|token| *token == Token::Word("in")).ok_or(LimitError::Iterable)?;
    let (targets, over) = tokens.split_at(within);
    let mut piped = false;
    for (previous, token) in over.iter().zip(&over[1..]) {
        let fits = match token {
            Token::Word("recursive" | "if" | "else" | "and" | "or" | "not" | "is" | "in") => false,
            Token::Word(word) if piped => LIST_FILTERS.contains(word) && *previous == Token::Symbol(Symbol::Pipe),
            Token::Word(_) | Token::Number | Token::Close => true,
            Token::Text(text) => *previous == Token::Open('[') && !text.contains('\\'),
            Token::Open('(') => *previous == Token::Word("range"),
            Token::Open('[') => matches!(previous, Token::Word(_) | Token::Close) && *previous != Token::Word("in"),
            Token::Symbol(Symbol::Pipe) => true,
            Token::Symbol(Symbol::Dot | Symbol::Comma | Symbol::Minus) => !piped,
            Token::Open(_) | Token::Symbol(_) => false,
        };
        if !fits {
            return Err(LimitError::Iterable);
        }
        piped |= *token == Token::Symbol(Symbol::Pipe);
    }
    let is_params = |at: usize| {
        over[at] == Token::Word("params")
            && matches!(over.get(at + 1), Some(Token::Symbol(Symbol::Dot) | Token::Open('[')))
    };
    let named = |at: usize| match over[at] {
        Token::Word(name) if !is_params(at) => Some(name),
        Token::Text(name) => Some(name),
        _ => None,
    };
    let targets = targets.iter().filter_map(|t| if let Token::Word(word) = t { Some(*word) } else { None }).collect();
    Ok(ForStatement { targets, over: (1..over.len()).filter_map(named).collect() })
}

/// The names in an expression with `*`. Such an expression holds only numbers, names, numeric operators and filters that return
/// numbers.
fn multiplied_names<'s>(tokens: &[Token<'s>]) -> Result<Vec<&'s str>, LimitError> {
    let refused = |operand: &str| Err(LimitError::Operand(operand.to_owned()));
    let mut names = Vec::new();
    let mut previous = None;
    for (at, token) in tokens.iter().enumerate() {
        match (token, previous) {
            (Token::Text(text), Some(Token::Open('['))) if !text.contains('\\') => names.push(*text),
            (Token::Text(_), _) => return refused("text"),
            (Token::Open('['), Some(Token::Word(word))) if !OPERATOR_WORDS.contains(&word) => {
                if !matches!(tokens[at + 1..], [Token::Text(_), Token::Close, ..]) {
                    return refused("a computed `[…]`");
                }
            }
            (Token::Open('['), Some(Token::Close))
                if matches!(tokens[at + 1..], [Token::Text(_), Token::Close, ..]) => {}
            (Token::Open('('), Some(Token::Word(word))) if !OPERATOR_WORDS.contains(&word) => {
                let is_filter = at >= 2 && tokens[at - 2] == Token::Symbol(Symbol::Pipe);
                if !is_filter {
                    return refused("a function");
                }
            }
            (Token::Open('('), _) => {}
            (Token::Open(_), _) => return refused("a list or mapping"),
            (Token::Symbol(Symbol::Comma), _) => return refused("a list"),
            (Token::Symbol(Symbol::Tilde), _) => return refused("`~`"),
            (Token::Symbol(Symbol::Colon), _) => return refused("a slice"),
            (Token::Word(word), Some(Token::Symbol(Symbol::Pipe))) => {
                if !NUMERIC_FILTERS.contains(word) {
                    return refused(&format!("the filter `{word}`"));
                }
            }
            (Token::Word(word), _) if TEXTS.contains(word) => return refused(&format!("the text `{word}`")),
            (Token::Word(word), _) => names.push(word),
            (Token::Number | Token::Close | Token::Symbol(_), _) => {}
        }
        previous = Some(*token);
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
