//! JSON files, with Python's NaN and infinities. They are edited as the YAML that they are.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::error::ConfigError;
use super::format::{ConfigFormat, KeyPresence};
use super::yaml::edit::{EditedFormat, set};
use super::yaml::node::parse_mapping;
use crate::collect::python_json::python_numbers_quoted;

const NAME: &str = "JSON";

/// `.json`.
#[derive(Debug)]
pub struct Json;

impl ConfigFormat for Json {
    fn name(&self) -> &'static str {
        NAME
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn prepare(&self, text: &str) -> Result<String, ConfigError> {
        let quoted = python_numbers_quoted(text.as_bytes());
        serde_json::from_slice::<IgnoredAny>(&quoted)
            .map_err(|error| ConfigError::Syntax { format: NAME, message: error.to_string() })?;
        parse_mapping(text, NAME)?;
        Ok(text.to_owned())
    }

    fn set(&self, text: &str, name: &str, value: &Value) -> Result<(String, KeyPresence), ConfigError> {
        set(text, EditedFormat::Json, name, value)
    }

    fn values(&self, text: &str) -> Result<Value, ConfigError> {
        Ok(parse_mapping(text, NAME)?.value())
    }
}
