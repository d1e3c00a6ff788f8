//! A configuration file and its copies for jobs.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::format_of;
use super::error::ConfigError;
use super::format::{ConfigFormat, KeyPresence, MAX_BYTES};
use super::key_path::keys;
use crate::types::ids::{Attempt, JobId};

/// A file that jobs get copies of.
#[derive(Clone, Debug)]
pub struct ConfigTemplate {
    file: ConfigFile,
    format: &'static dyn ConfigFormat,
    extension: &'static str,
    /// A text with the same meaning that values can be put into.
    prepared: String,
}

/// The path of a file, as it was given, and its text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ConfigFile {
    /// As it was given.
    pub path: String,
    /// The text.
    pub text: String,
}

/// What to do with a value whose key is not in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnMissing {
    /// It is added.
    Add,
    /// It is left out: the command passes it.
    Skip,
}

/// A value to put into the file.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigValue {
    /// The parameter or the resource.
    pub owner: String,
    /// The dotted name in the file.
    pub key: String,
    /// The value.
    pub value: Value,
    /// What to do if the file lacks the key.
    pub on_missing: OnMissing,
}

/// The copy for one job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigCopy {
    /// Its path.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The names that the file does not have.
    pub added: Vec<String>,
}

impl ConfigTemplate {
    /// Checks `file`. Its format is determined by the extension of its name.
    ///
    /// # Errors
    /// The file is invalid, no mapping or too large.
    pub fn new(file: ConfigFile) -> Result<ConfigTemplate, ConfigError> {
        if file.text.len() > MAX_BYTES {
            return Err(ConfigError::TooLarge { limit: MAX_BYTES, when: "" });
        }
        let (format, extension) = format_of(Path::new(&file.path))?;
        let prepared = format.prepare(&file.text)?;
        Ok(ConfigTemplate { file, format, extension, prepared })
    }

    /// The file.
    pub fn file(&self) -> &ConfigFile {
        &self.file
    }

    /// The path of the copy for `job` in its trial's folder.
    pub fn path(&self, job: JobId, trial_dir: &Path) -> PathBuf {
        let (rung, extension) = (job.key.rung, self.extension);
        trial_dir.join(match job.attempt {
            Attempt(0 | 1) => format!("rung-{rung}.config.{extension}"),
            Attempt(n) => format!("rung-{rung}.attempt-{n}.config.{extension}"),
        })
    }

    /// The text with `values` at their dotted names, and the names that were added.
    ///
    /// # Errors
    /// A value cannot be put in.
    pub fn fill(&self, values: &[ConfigValue]) -> Result<(String, Vec<String>), ConfigError> {
        self.check_ambiguity(values)?;
        let (mut text, mut added) = (self.prepared.clone(), Vec::new());
        for ConfigValue { key, value, on_missing, .. } in values {
            match (self.format.set(&text, key, value)?, on_missing) {
                ((_, KeyPresence::Added), OnMissing::Skip) => {}
                ((new, presence), _) => {
                    text = new;
                    added.extend((presence == KeyPresence::Added).then(|| key.clone()));
                }
            }
        }
        Ok((text, added))
    }

    /// Refuses names that may mean two keys of the file.
    fn check_ambiguity(&self, values: &[ConfigValue]) -> Result<(), ConfigError> {
        let dotted = || values.iter().filter(|value| value.key.contains('.'));
        if dotted().next().is_none() {
            return Ok(());
        }
        let file = self.format.values(&self.prepared)?;
        match dotted().find(|value| ways(&file, &value.key) > 1) {
            Some(value) => Err(ConfigError::Ambiguous { name: value.key.clone() }),
            None => Ok(()),
        }
    }

    /// Whether the file has `key`, a dotted name.
    pub fn has(&self, key: &str) -> bool {
        let set = self.format.set(&self.prepared, key, &1.into());
        set.is_ok_and(|(_, presence)| presence == KeyPresence::Present)
    }

    /// Whether the file cannot have both of two values: they have the same key, or the key of one is in the value of the other.
    pub fn is_conflict(&self, one: &ConfigValue, other: &ConfigValue) -> bool {
        if one.key == other.key {
            return true;
        }
        let (first, second) = (keys(&one.key), keys(&other.key));
        if !first.iter().zip(&second).all(|(a, b)| a == b) {
            return false;
        }
        // A key with dots in its name may be elsewhere: the file decides.
        let with = |value: &ConfigValue, marker: u8| ConfigValue { value: marker.into(), ..value.clone() };
        let meaning = |values: &[ConfigValue]| {
            let (text, _) = self.fill(values).ok()?;
            self.format.values(&text).ok()
        };
        let both = meaning(&[with(one, 1), with(other, 2)]);
        both.is_none() || both != meaning(&[with(one, 1), with(other, 2), with(one, 1)])
    }

    /// What `text`, a copy, means; the name of the format is part of it.
    ///
    /// # Errors
    /// `text` is invalid.
    pub fn meaning(&self, text: &str) -> Result<(&'static str, Value), ConfigError> {
        Ok((self.format.name(), self.format.values(text)?))
    }

    /// The dotted names of all keys.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Ok(values) = self.format.values(&self.prepared) {
            collect_names(&values, "", &mut names);
        }
        names
    }
}

/// In how many ways the dotted name `key` is a path of keys in `value`.
fn ways(value: &Value, key: &str) -> usize {
    let below = |(first, inner): (&String, &Value)| match key.strip_prefix(first.as_str()) {
        Some("") => 1,
        Some(rest) => rest.strip_prefix('.').map_or(0, |rest| ways(inner, rest)),
        None => 0,
    };
    value.as_object().into_iter().flatten().map(below).sum()
}

fn collect_names(value: &Value, prefix: &str, names: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        if key == "<<" {
            collect_names(value, prefix, names);
            continue;
        }
        let name = format!("{prefix}{key}");
        collect_names(value, &format!("{name}."), names);
        names.push(name);
    }
}
