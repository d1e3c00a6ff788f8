//! The catalogue of styles. A new style is a file and a line of `STYLES`.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::member::Style;
use super::{assign, env, fire, hydra, none, option};

/// All styles; the first is the default.
const STYLES: [&dyn Style; 7] = [
    &option::Equals,
    &option::SpaceSeparated,
    &fire::Fire,
    &hydra::Hydra,
    &assign::Assign,
    &env::Env,
    &none::NoArguments,
];

/// The `--arg-style` of a study or of a parameter.
#[derive(Clone, Copy)]
pub struct ArgStyle(&'static dyn Style);

impl ArgStyle {
    /// All styles with their names.
    pub fn all() -> [(&'static str, ArgStyle); STYLES.len()] {
        STYLES.map(|style| (style.name(), ArgStyle(style)))
    }

    /// The style called `name`.
    pub fn by_name(name: &str) -> Option<ArgStyle> {
        STYLES.iter().find(|style| style.name() == name).map(|style| ArgStyle(*style))
    }
}

impl std::ops::Deref for ArgStyle {
    type Target = dyn Style;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl Default for ArgStyle {
    fn default() -> Self {
        ArgStyle(STYLES[0])
    }
}

impl fmt::Debug for ArgStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for ArgStyle {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for ArgStyle {}

impl Serialize for ArgStyle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ArgStyle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        ArgStyle::by_name(&name).ok_or_else(|| D::Error::custom(format!("unknown argument style `{name}`")))
    }
}
