//! The interface of a format of configuration files.

use std::fmt;

use serde_json::Value;

use super::error::ConfigError;

/// Whether a file had a key before its value was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPresence {
    /// Its value was replaced.
    Present,
    /// It was added.
    Added,
    /// The file has no such key and got none: its format cannot express the value, and leaves the key out.
    Absent,
}

/// A member of the catalogue.
pub trait ConfigFormat: fmt::Debug + Send + Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;
    /// How names of its files end, in lower case, without the dot.
    fn extensions(&self) -> &'static [&'static str];
    /// Checks `text` and returns an equivalent one for [`ConfigFormat::set`].
    fn prepare(&self, text: &str) -> Result<String, ConfigError>;
    /// `text`, which is prepared, with `value` at the dotted `name`. Everything else keeps its meaning and order.
    fn set(&self, text: &str, name: &str, value: &Value) -> Result<(String, KeyPresence), ConfigError>;
    /// The meaning of `text`, to compare two files and to list their keys. Values that JSON lacks have some text that differs where
    /// they differ.
    fn values(&self, text: &str) -> Result<Value, ConfigError>;
}

/// Largest file, in bytes. All of it is parsed for each parameter of each job.
pub const MAX_BYTES: usize = 1 << 20;
