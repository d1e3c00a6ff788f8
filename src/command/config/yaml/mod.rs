//! YAML files. Only the text of the values that are set is replaced: parsing and writing again would change what other parsers read
//! (`yes`, `010` and dates in YAML 1.1), lose tags and comments, and expand merge keys.

mod aliases;
pub(super) mod edit;
mod flow;
pub(super) mod node;
mod scalar;

use serde_json::Value;

use self::edit::{EditedFormat, set};
use self::node::parse_mapping;
use super::error::ConfigError;
use super::format::{ConfigFormat, KeyPresence};

const NAME: &str = "YAML";

/// `.yaml` and `.yml`.
#[derive(Debug)]
pub struct Yaml;

impl ConfigFormat for Yaml {
    fn name(&self) -> &'static str {
        NAME
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["yaml", "yml"]
    }

    fn prepare(&self, text: &str) -> Result<String, ConfigError> {
        let expanded = aliases::expand(text, NAME)?;
        parse_mapping(&expanded, NAME)?;
        Ok(expanded)
    }

    fn set(&self, text: &str, name: &str, value: &Value) -> Result<(String, KeyPresence), ConfigError> {
        set(text, EditedFormat::Yaml, name, value)
    }

    fn values(&self, text: &str) -> Result<Value, ConfigError> {
        Ok(parse_mapping(text, NAME)?.value())
    }
}
