//! Forms of a name and its value on a command line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plain::plain;

/// The `--arg-style` of a study.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArgStyle {
    /// `--lr=0.1`
    #[default]
    Equals,
    /// `--lr 0.1`
    Space,
    /// `lr=0.1`
    Hydra,
}

impl ArgStyle {
    /// All styles with their names.
    pub const ALL: [(&'static str, ArgStyle); 3] =
        [("equals", ArgStyle::Equals), ("space", ArgStyle::Space), ("hydra", ArgStyle::Hydra)];

    /// Appends the arguments that pass `value` as `name`. Only hydra passes null; it has a literal for it.
    pub fn push(self, name: &str, value: &Value, argv: &mut Vec<String>) {
        match self {
            ArgStyle::Hydra => argv.push(format!("{name}={}", plain(value))),
            _ if value.is_null() => {}
            ArgStyle::Equals => argv.push(format!("--{name}={}", plain(value))),
            ArgStyle::Space => argv.extend([format!("--{name}"), plain(value)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_style_passes_values() {
        let line = |style: ArgStyle| {
            let mut argv = Vec::new();
            style.push("lr", &json!(1e-5), &mut argv);
            style.push("x", &json!(null), &mut argv);
            argv
        };
        assert_eq!(line(ArgStyle::Equals), ["--lr=0.00001"]);
        assert_eq!(line(ArgStyle::Space), ["--lr", "0.00001"]);
        assert_eq!(line(ArgStyle::Hydra), ["lr=0.00001", "x=null"]);
    }
}
