//! The rules by which a command is rendered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plain::plain;
use super::python::python;

/// How the templates of a command write values. Recorded in the journal, where a study without it is [`Dialect::Plain`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Values as JSON, not converted. For commands of the command line, and for all commands of versions before 0.2.0.
    #[default]
    Plain,
    /// As Polyaxon 2.18 renders an operation: values converted to the types of the inputs and written as Python's `str` writes them.
    /// Null in `as_str` is empty.
    Polyaxon,
}

impl Dialect {
    /// `value` as a template writes it.
    pub fn text(self, value: &Value) -> String {
        match self {
            Dialect::Plain => plain(value),
            Dialect::Polyaxon => python(value),
        }
    }
}
