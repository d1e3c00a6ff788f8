//! Expressions over parameters in the language of templates: the constraints of a matrix.

use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Object, Serde};
use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior};
use serde_json::Value;

use super::comparison;
use super::compiler::FUEL;
use super::functions;
use super::limits::{self, LimitError, NumericNames};
use super::scanner::{Token, scan};
use crate::space::rules::constraint::{EvaluationError, Predicate};
use crate::types::args::describe;
use crate::types::assignment::Assignment;

/// The name under which all parameters are known, for names that are no identifiers: `params['learning-rate']`.
const ALL_PARAMS: &str = "params";

/// All expressions use the filters, tests and functions of commands.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    functions::limit(&mut environment);
    comparison::add(&mut environment);
    environment
});

/// Why an expression is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParamExpressionError {
    /// It is too large, or repeats something that is not a number.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// It cannot be parsed.
    #[error("the expression cannot be parsed: {0}")]
    Syntax(String),
    /// It uses an unknown name.
    #[error("unknown parameter `{0}`")]
    Unknown(String),
    /// It uses `params` other than as `params['NAME']`.
    #[error("`params` can only be used with a name, as in `params['learning-rate']`")]
    ComputedName,
    /// It has no parameter.
    #[error("the expression uses no parameter")]
    NoParameter,
}

/// A compiled expression over parameters. Its value must be true or false.
pub struct ParamExpression {
    text: String,
    expression: Expression<'static, 'static>,
    /// The parameters that it uses.
    params: Vec<Arc<str>>,
    /// What the names in the expression stand for.
    names: Vec<(Arc<str>, NameMeaning)>,
    numeric: NumericNames,
}

/// The value of the first part of a dotted name.
#[derive(Clone, PartialEq, Debug)]
enum NameMeaning {
    /// A parameter, by its index in [`ParamExpression::params`].
    Param(usize),
    /// Parts of longer names.
    Group(Vec<(Arc<str>, NameMeaning)>),
}

impl ParamExpression {
    /// Compiles `text`, which may use `known` parameters.
    ///
    /// # Errors
    /// It cannot be parsed, uses an unknown name, or is too large.
    pub fn new<'n>(
        text: &str,
        known: impl Iterator<Item = &'n Arc<str>> + Clone,
    ) -> Result<Self, ParamExpressionError> {
        let numeric = limits::check_expression(text)?;
        let compile = |text: &str| {
            let compiled = ENVIRONMENT.compile_expression_owned(text.to_owned());
            compiled.map_err(|error| ParamExpressionError::Syntax(syntax_message(&error)))
        };
        // as it is written first, so that syntax errors are those of its author
        compile(text)?;
        let expression = compile(&comparison::checked(text)?)?;
        let mut new =
            ParamExpression { text: text.to_owned(), expression, params: Vec::new(), names: Vec::new(), numeric };
        let mut paths: Vec<String> = new.expression.undeclared_variables(true).into_iter().collect();
        paths.sort();
        for path in paths.iter().filter(|path| ENVIRONMENT.globals().all(|(name, _)| name != **path)) {
            new.add_path(path, known.clone())?;
        }
        if new.params.is_empty() { Err(ParamExpressionError::NoParameter) } else { Ok(new) }
    }

    /// Adds a dotted name: the longest known parameter that it starts with.
    fn add_path<'n>(
        &mut self,
        path: &str,
        known: impl Iterator<Item = &'n Arc<str>> + Clone,
    ) -> Result<(), ParamExpressionError> {
        let find = |name: &str| known.clone().find(|param| &***param == name).cloned();
        let prefixes = path.match_indices('.').map(|(at, _)| &path[..at]).chain([path]);
        if let Some(param) = prefixes.filter_map(find).last() {
            let index = self.use_param(&param);
            let parts: Vec<&str> = param.split('.').collect();
            insert(&mut self.names, &parts, index);
            return Ok(());
        }
        if path.split('.').next() != Some(ALL_PARAMS) {
            return Err(ParamExpressionError::Unknown(path.to_owned()));
        }
        for name in names_in_brackets(&self.text)? {
            let param = find(&name).ok_or(ParamExpressionError::Unknown(name))?;
            let index = self.use_param(&param);
            insert(&mut self.names, &[ALL_PARAMS, &param], index);
        }
        Ok(())
    }

    fn use_param(&mut self, param: &Arc<str>) -> usize {
        self.params.iter().position(|known| known == param).unwrap_or_else(|| {
            self.params.push(param.clone());
            self.params.len() - 1
        })
    }
}

/// Adds a name by its parts; a parameter hides longer names that start with its name.
fn insert(names: &mut Vec<(Arc<str>, NameMeaning)>, parts: &[&str], index: usize) {
    let Some((first, rest)) = parts.split_first() else { return };
    let position = names.iter().position(|(name, _)| **name == **first);
    if rest.is_empty() {
        match position {
            Some(position) => names[position].1 = NameMeaning::Param(index),
            None => names.push((Arc::from(*first), NameMeaning::Param(index))),
        }
        return;
    }
    let position = position.unwrap_or_else(|| {
        names.push((Arc::from(*first), NameMeaning::Group(Vec::new())));
        names.len() - 1
    });
    if let NameMeaning::Group(inner) = &mut names[position].1 {
        insert(inner, rest, index);
    }
}

/// The names in `params['NAME']`.
fn names_in_brackets(text: &str) -> Result<Vec<String>, ParamExpressionError> {
    let template = format!("{{{{ {text} }}}}");
    let tags = scan(&template);
    let tokens = tags.iter().flat_map(|tag| &tag.tokens).copied().collect::<Vec<_>>();
    let uses = (0..tokens.len()).filter(|at| tokens[*at] == Token::Word(ALL_PARAMS));
    uses.map(|at| match tokens[at + 1..] {
        [Token::Open('['), Token::Text(name), Token::Close, ..] if !name.contains('\\') => Ok(name.to_owned()),
        _ => Err(ParamExpressionError::ComputedName),
    })
    .collect()
}

fn syntax_message(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

fn evaluation_message(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it takes too long".to_owned(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    }
}

impl Predicate for ParamExpression {
    fn params(&self) -> &[Arc<str>] {
        &self.params
    }

    fn evaluate(&self, values: &Assignment) -> Result<bool, EvaluationError> {
        let refuse = |message: String| EvaluationError { message };
        for name in &self.numeric.multiplied {
            if let Some(value) = values.get(name) {
                self.numeric.check_value(name, value).map_err(|error| refuse(error.to_string()))?;
            }
        }
        let used: Vec<minijinja::Value> = self.params.iter().map(|name| convert(values.get(name))).collect();
        let table = minijinja::Value::from_object(ParamTable::new(&self.names, &used));
        let value = self.expression.eval(table).map_err(|error| refuse(evaluation_message(&error)))?;
        match value.kind() {
            minijinja::value::ValueKind::Bool => Ok(value.is_true()),
            _ => {
                let value = serde_json::to_value(&value).unwrap_or_default();
                Err(refuse(format!("its value is {}, neither true nor false", describe(&value))))
            }
        }
    }
}

impl fmt::Debug for ParamExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParamExpression").field(&self.text).finish()
    }
}

fn convert(value: Option<&Value>) -> minijinja::Value {
    match value {
        Some(Value::Bool(flag)) => (*flag).into(),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) => float.into(),
            (None, None) => minijinja::Value::from(Serde(number)),
        },
        Some(Value::String(text)) => text.as_str().into(),
        Some(other) => minijinja::Value::from(Serde(other)),
        None => minijinja::Value::UNDEFINED,
    }
}

/// The values of an expression's names.
#[derive(Debug)]
struct ParamTable(Vec<(Arc<str>, minijinja::Value)>);

impl ParamTable {
    fn new(names: &[(Arc<str>, NameMeaning)], used: &[minijinja::Value]) -> ParamTable {
        let value = |meaning: &NameMeaning| match meaning {
            NameMeaning::Param(index) => used[*index].clone(),
            NameMeaning::Group(inner) => minijinja::Value::from_object(ParamTable::new(inner, used)),
        };
        ParamTable(names.iter().map(|(name, meaning)| (name.clone(), value(meaning))).collect())
    }
}

impl Object for ParamTable {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<minijinja::Value> {
        self.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests;
