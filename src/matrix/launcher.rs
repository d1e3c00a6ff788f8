//! Reads `launcher`: the name of a launcher, or a mapping with its `kind` and its options.

use serde_json::{Map, Value};

use super::diagnostics::findings::Findings;
use super::diagnostics::suggest::{quoted, suggestion};
use super::yaml::node::Entry;
use crate::launch::catalogue::{LAUNCHERS, LauncherChoice, take_name};
use crate::types::args::ArgError;

/// The launcher of the field `entry`.
pub fn read(entry: &Entry, findings: &mut Findings) -> Option<LauncherChoice> {
    let node = &entry.value;
    let (name, span, options) = match (node.text(), node.to_json(&mut Vec::new())) {
        (Some(name), _) => (name.to_owned(), node.span.clone(), Map::new()),
        (None, Value::Object(mut options)) => {
            let Some(name) = take_name(&mut options) else {
                let message = "missing field `kind` in `launcher`";
                findings.error_with(entry.key_span.clone(), message, Some(known_launchers()));
                return None;
            };
            (name, node.get("kind").map_or(node.span.clone(), |kind| kind.span.clone()), options)
        }
        _ => {
            let message = format!("`launcher` must be the name of a launcher or a mapping, found {}", node.describe());
            findings.error_with(node.span.clone(), message, Some(known_launchers()));
            return None;
        }
    };
    let Some(kind) = LAUNCHERS.iter().find(|kind| kind.name == name) else {
        let hint = suggestion(&name, LAUNCHERS.iter().map(|kind| kind.name)).unwrap_or_else(known_launchers);
        findings.error_with(span, format!("unknown launcher {}", quoted(&name)), Some(hint));
        return None;
    };
    let errors = match LauncherChoice::new(kind, options) {
        Ok(launcher) => return Some(launcher),
        Err(errors) => errors,
    };
    for ArgError { path, message, hint } in errors {
        let span = if path.is_empty() { span.clone() } else { node.span_at(&path) };
        findings.error_with(span, message, hint);
    }
    None
}

fn known_launchers() -> String {
    let names: Vec<String> = LAUNCHERS.iter().map(|kind| format!("`{}`", kind.name)).collect();
    format!("the launchers are {}", names.join(", "))
}
