//! The formats of configuration files. A new one is a file and a line of `FORMATS`.

use std::path::Path;

use super::error::ConfigError;
use super::format::ConfigFormat;
use super::{json, toml, yaml};

/// All formats.
const FORMATS: [&dyn ConfigFormat; 3] = [&yaml::Yaml, &json::Json, &toml::Toml];

/// The format of the file `path`, by the end of its name.
///
/// # Errors
/// The end is not known.
pub fn format_of(path: &Path) -> Result<(&'static dyn ConfigFormat, &'static str), ConfigError> {
    let given = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let extension = |format: &&'static dyn ConfigFormat| format.extensions().iter().find(|known| **known == given);
    let found = FORMATS.iter().find_map(|format| Some((*format, *extension(format)?)));
    found.ok_or_else(|| {
        let known = FORMATS.iter().flat_map(|format| format.extensions()).map(|known| format!(".{known}"));
        ConfigError::UnknownFormat { known: known.collect::<Vec<_>>().join(", ") }
    })
}
