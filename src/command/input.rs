//! Inputs that a component declares for its command.

use serde_json::Value;

/// The type of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputType {
    Any,
    Int,
    Float,
    Bool,
    /// Anything, passed as text.
    Text,
    Dict,
    List,
}

impl InputType {
    /// The values of `type:`. Polyaxon's location types (paths, URIs, buckets…) are text on a command line.
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

    /// The type in a message.
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
}

/// Whether an input is one value or a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Multiplicity {
    One,
    /// `isList: true`.
    List,
}

/// The form of an input in the arguments of `as_arg`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgForm {
    /// Name and value.
    Value,
    /// The name alone if the value is true, nothing otherwise (`isFlag: true`).
    Flag,
}

/// Whether a study may start without a value for an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// An input that the command uses needs a value.
    Required,
    /// Null without a value.
    Optional,
}

/// One declared input.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    pub name: String,
    pub kind: InputType,
    pub multiplicity: Multiplicity,
    pub arg_form: ArgForm,
    pub presence: Presence,
    /// The template of `as_arg` (`argFormat`), in place of name and value.
    pub arg_format: Option<String>,
    /// The environment variable that has the value too (`toEnv`).
    pub variable: Option<String>,
    /// From the command line or the operation, else the default.
    pub value: Option<Value>,
}

impl Input {
    /// The message for a value that cannot be converted to the type of the input; `found` describes the value.
    pub fn mismatch(&self, found: &str) -> String {
        let (name, expected) = (self.name.escape_debug(), self.kind.describe());
        match self.multiplicity {
            Multiplicity::One => format!("the input `{name}` must be {expected}, found {found}"),
            Multiplicity::List => {
                format!("the input `{name}` must be a list with {expected} in each element, found {found}")
            }
        }
    }
}
