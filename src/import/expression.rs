//! Parses search expressions such as `uniform(0, 1, discrete=True)` and `choices(['adam', 'sgd'])`.
//!
//! The grammar covers what Oríon (calls of Python), Hydra's sweepers (unquoted words) and Ray Tune accept: calls with positional and
//! named arguments, lists, tuples, mappings, numbers, quoted text, and words.

use serde_json::{Map, Value};

use super::reader::text_number;

/// Deepest nesting of calls, lists and mappings.
const MAX_DEPTH: usize = 24;

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Expression {
    /// A value without calls.
    Value(Value),
    /// `name(arguments)`.
    Call(Call),
}

/// A call.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// The function, without the modules before it.
    pub name: String,
    /// The arguments without names.
    pub args: Vec<Expression>,
    /// The arguments with names.
    pub named: Vec<(String, Value)>,
}

/// Why a text is no expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// Its byte offset in the text.
    pub at: usize,
}

impl Call {
    /// The values of the positional arguments; `None` if one is a call.
    pub fn values(&self) -> Option<Vec<Value>> {
        let value = |arg: &Expression| match arg {
            Expression::Value(value) => Some(value.clone()),
            Expression::Call(_) => None,
        };
        self.args.iter().map(value).collect()
    }

    /// The argument `name`, or the positional argument at `index`.
    pub fn argument(&self, name: &str, index: usize) -> Option<&Value> {
        let positional = match self.args.get(index) {
            Some(Expression::Value(value)) => Some(value),
            _ => None,
        };
        self.named(name).or(positional)
    }

    /// The argument `name`.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// Parses the whole text.
///
/// # Errors
/// The text is no expression, or nested too deeply.
pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let mut parser = Parser { text, at: 0 };
    let found = parser.expression(0)?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.error("unexpected text after the expression"));
    }
    Ok(found)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn error(&self, message: impl Into<String>) -> ExpressionError {
        ExpressionError { message: message.into(), at: self.at }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Skips blanks and `c`; returns whether `c` was there.
    fn skip(&mut self, c: char) -> bool {
        self.blanks();
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        self.blanks();
        if depth > MAX_DEPTH {
            return Err(self.error("the expression is nested too deeply"));
        }
        match self.peek() {
            None => Err(self.error("the expression ends early")),
            Some('[') => Ok(Expression::Value(Value::Array(self.items('[', ']', depth)?))),
            Some('(') => Ok(Expression::Value(Value::Array(self.items('(', ')', depth)?))),
            Some('{') => self.mapping(depth).map(Expression::Value),
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(|text| Expression::Value(Value::String(text))),
            Some(_) => self.word_or_call(depth),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, ExpressionError> {
        let start = self.at;
        match self.expression(depth)? {
            Expression::Value(value) => Ok(value),
            Expression::Call(call) => {
                Err(ExpressionError { message: format!("`{}(…)` must be a value here", call.name), at: start })
            }
        }
    }

    fn items(&mut self, open: char, close: char, depth: usize) -> Result<Vec<Value>, ExpressionError> {
        self.skip(open);
        let mut items = Vec::new();
        while !self.skip(close) {
            items.push(self.value(depth + 1)?);
            self.separator(close)?;
        }
        Ok(items)
    }

    /// Skips a comma, or stops before `close`.
    fn separator(&mut self, close: char) -> Result<(), ExpressionError> {
        if self.skip(',') || self.peek() == Some(close) {
            Ok(())
        } else {
            Err(self.error(format!("expected `,` or `{close}`")))
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, ExpressionError> {
        self.skip('{');
        let mut entries = Map::new();
        while !self.skip('}') {
            self.blanks();
            let key = match self.peek() {
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                _ => self.word(|c| !",:{}[]()=".contains(c)).to_owned(),
            };
            if key.is_empty() || !self.skip(':') {
                return Err(self.error("expected a key and `:`"));
            }
            let value = self.value(depth + 1)?;
            entries.insert(key, value);
            self.separator('}')?;
        }
        Ok(Value::Object(entries))
    }

    fn quoted(&mut self, quote: char) -> Result<String, ExpressionError> {
        let start = self.at;
        self.at += quote.len_utf8();
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                _ if c == quote => {
                    self.at += index + c.len_utf8();
                    return Ok(text);
                }
                _ => text.push(c),
            }
        }
        Err(ExpressionError { message: "the text has no closing quote".into(), at: start })
    }

    fn word(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += end;
        rest[..end].trim_end()
    }

    fn word_or_call(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let word = self.word(|c| !",()[]{}='\"".contains(c));
        if word.is_empty() {
            return Err(self.error("expected a value"));
        }
        if self.peek() != Some('(') {
            return Ok(Expression::Value(scalar(word)));
        }
        self.skip('(');
        let name = word.rsplit('.').next().unwrap_or(word).to_owned();
        let mut call = Call { name, args: Vec::new(), named: Vec::new() };
        while !self.skip(')') {
            self.argument(&mut call, depth)?;
            self.separator(')')?;
        }
        Ok(Expression::Call(call))
    }

    fn argument(&mut self, call: &mut Call, depth: usize) -> Result<(), ExpressionError> {
        let arg = self.expression(depth + 1)?;
        if !self.skip('=') {
            call.args.push(arg);
            return Ok(());
        }
        let Expression::Value(Value::String(name)) = arg else {
            return Err(self.error("expected a name before `=`"));
        };
        let value = self.value(depth + 1)?;
        call.named.push((name, value));
        Ok(())
    }
}

/// A word of Python, YAML or Hydra.
fn scalar(word: &str) -> Value {
    match word {
        "True" | "true" => true.into(),
        "False" | "false" => false.into(),
        "None" | "null" => Value::Null,
        _ => text_number(word).map_or_else(|| word.into(), Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn call(text: &str) -> Call {
        match parse(text) {
            Ok(Expression::Call(call)) => call,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn calls_have_positional_and_named_arguments() {
        let uniform = call("uniform(-3, 5.0, discrete=True, shape = [2, 3])");
        assert_eq!(uniform.values(), Some(vec![json!(-3), json!(5.0)]));
        assert_eq!((uniform.named("discrete"), uniform.named("shape")), (Some(&json!(true)), Some(&json!([2, 3]))));
        assert_eq!(call("tune.choice([\"a\", 'b\\'c', None])").args, [Expression::Value(json!(["a", "b'c", null]))]);
        assert_eq!(call("choices({'a': 0.2, b: 0.8})").values(), Some(vec![json!({"a": 0.2, "b": 0.8})]));
        assert_eq!(
            call("choice(resnet18, d10/x.y, 1e-3)").values(),
            Some(vec!["resnet18".into(), "d10/x.y".into(), json!(1e-3)])
        );
        let tag = call("tag(log, int(interval(1, 5)))");
        assert!(matches!(&tag.args[1], Expression::Call(inner) if inner.name == "int"));
    }

    #[test]
    fn faults_have_their_position() {
        let texts =
            ["uniform(0, 1", "uniform(0 [1])", "uniform(0, 1) x", "choice('a)", "f(g(x)=1)", "choice([f(1)])", ""];
        let faults: Vec<String> = texts
            .iter()
            .map(|text| parse(text).map_or_else(|e| format!("{} at {}", e, e.at), |e| format!("{e:?}")))
            .collect();
        insta::assert_snapshot!(faults.join("\n"), @r"
        expected `,` or `)` at 12
        expected `,` or `)` at 10
        unexpected text after the expression at 14
        the text has no closing quote at 7
        expected a name before `=` at 7
        `f(…)` must be a value here at 8
        the expression ends early at 0
        ");
        assert!(parse(&"f(".repeat(100_000)).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[a-c(){}\\[\\],:='\"\\\\ 0-9.é]{0,30}") {
            if let Err(error) = parse(&text) {
                prop_assert!(text.is_char_boundary(error.at));
            }
        }
    }
}
