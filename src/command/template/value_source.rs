//! Where a program gets the value of a parameter, for messages.

use std::fmt;

/// Where a program gets the value of a parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValueSource {
    /// An argument of this name.
    Argument(String),
    /// An environment variable.
    Variable(String),
    /// A dotted name in its configuration file.
    ConfigKey(String),
    /// A template in the command.
    Template,
    /// `HYPERTUNE_PARAMS`, `HYPERTUNE_RESOURCE`.
    Environment,
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueSource::Argument(name) => write!(f, "the argument {name}"),
            ValueSource::Variable(name) => write!(f, "the variable {name}"),
            ValueSource::ConfigKey(key) => write!(f, "the key {key} of its configuration file"),
            ValueSource::Template => f.write_str("the words of its command that have them"),
            ValueSource::Environment => f.write_str("the variables HYPERTUNE_PARAMS and HYPERTUNE_RESOURCE"),
        }
    }
}
