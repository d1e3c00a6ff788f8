//! Configuration files: each job gets a copy of a template with its parameters (`--config-template`).

mod catalogue;
mod error;
pub mod format;
mod json;
mod key_path;
pub mod template;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use template::{ConfigCopy, ConfigFile, ConfigTemplate, ConfigValue, OnMissing};
