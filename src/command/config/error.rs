//! Errors of configuration files.

use thiserror::Error;

/// A configuration file cannot be used, or a value cannot be put into it.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// The name of the file does not end in the extension of a known format.
    #[error("the format of the configuration file is not known; its name must end in {known}")]
    UnknownFormat {
        /// All extensions.
        known: String,
    },
    /// The file is not valid in its format.
    #[error("the configuration file is not valid {format}: {message}")]
    Syntax {
        /// The name of the format.
        format: &'static str,
        /// The parser's message, with the position.
        message: String,
    },
    /// The whole file is something else than a mapping.
    #[error("the configuration file must be a mapping, found {found}")]
    NotAMapping {
        /// What it is.
        found: &'static str,
    },
    /// A dotted name leads into something that has no keys.
    #[error("`{name}` cannot be set in the configuration file: `{key}` is {found}, not a mapping")]
    NotReachable {
        /// The dotted name.
        name: String,
        /// The part of it that is not a mapping.
        key: String,
        /// What it is.
        found: &'static str,
    },
    /// The format has no notation for a value.
    #[error("`{name}` cannot be set in the configuration file: {format} has no {value}")]
    NoNotation {
        /// The dotted name.
        name: String,
        /// The name of the format.
        format: &'static str,
        /// The value, in words.
        value: &'static str,
    },
    /// A dotted name is in the file as one key and as nested keys.
    #[error("`{name}` is in the configuration file twice, as one key with dots and as nested keys; remove one of them")]
    Ambiguous {
        /// The dotted name.
        name: String,
    },
    /// An alias is inside of the value that it names.
    #[error("the alias `{alias}` of the configuration file is inside of the value that it names, which has no end")]
    SelfReference {
        /// With its asterisk.
        alias: String,
    },
    /// The file is too large.
    #[error("the configuration file is larger than {} MiB{when}", .limit >> 20)]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// A condition such as " with its aliases expanded", or empty.
        when: &'static str,
    },
}
