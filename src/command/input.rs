//! Inputs that a component declares for its command.

use serde_json::Value;

/// What an input may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputType {
    /// Anything.
    Any,
    /// Whole numbers.
    Int,
    /// Numbers.
    Float,
    /// true or false.
    Bool,
    /// Any scalar; it is handed over as text.
    Text,
    /// A mapping.
    Dict,
    /// A list.
    List,
}

impl InputType {
    /// The names after `type:`. Polyaxon's many kinds of places (paths, URIs, buckets…) are text to a command line.
    pub const NAMES: [(&'static str, InputType); 24] = [
        ("any", InputType::Any),
        ("int", InputType::Int),
        ("float", InputType::Float),
        ("bool", InputType::Bool),
        ("str", InputType::Text),
        ("dict", InputType::Dict),
        ("list", InputType::List),
        ("dict_of_dicts", InputType::Dict),
        ("path", InputType::Text),
        ("uri", InputType::Text),
        ("url", InputType::Text),
        ("date", InputType::Text),
        ("datetime", InputType::Text),
        ("uuid", InputType::Text),
        ("email", InputType::Text),
        ("image", InputType::Text),
        ("git", InputType::Any),
        ("dockerfile", InputType::Any),
        ("auth", InputType::Any),
        ("artifacts", InputType::Any),
        ("metric", InputType::Float),
        ("gcs", InputType::Text),
        ("s3", InputType::Text),
        ("wasb", InputType::Text),
    ];

    /// What it holds, for a message.
    pub fn describe(self) -> &'static str {
        match self {
            InputType::Any => "anything",
            InputType::Int => "a whole number",
            InputType::Float => "a number",
            InputType::Bool => "true or false",
            InputType::Text => "text",
            InputType::Dict => "a mapping",
            InputType::List => "a list",
        }
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            InputType::Any => true,
            InputType::Int => value.is_i64() || value.is_u64(),
            InputType::Float => value.is_number(),
            InputType::Bool => value.is_boolean(),
            InputType::Text => !value.is_array() && !value.is_object(),
            InputType::Dict => value.is_object(),
            InputType::List => value.is_array(),
        }
    }
}

/// How many values an input holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arity {
    /// One.
    One,
    /// A list of them (`isList: true`).
    List,
}

/// How `as_arg` passes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passing {
    /// Its name and value.
    Value,
    /// Its name alone if it is true, nothing otherwise (`isFlag: true`).
    Flag,
}

/// Whether a study may start without a value for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// It needs one if it is used.
    Required,
    /// It is null without one.
    Optional,
}

/// One declared input.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: InputType,
    /// One value or a list.
    pub arity: Arity,
    /// How it is passed.
    pub passing: Passing,
    /// Whether it must have a value.
    pub presence: Presence,
    /// Its value: given by the operation or the command line, else its default.
    pub value: Option<Value>,
}

impl Input {
    /// Whether its declared type can take `value`.
    pub fn takes(&self, value: &Value) -> bool {
        if value.is_null() {
            return self.presence == Presence::Optional;
        }
        match (self.arity, value) {
            (Arity::List, Value::Array(items)) => items.iter().all(|item| self.kind.takes(item)),
            (Arity::List, _) => false,
            (Arity::One, _) => self.kind.takes(value),
        }
    }
}
