//! Compares the configuration files of two studies by what jobs get.

use serde_json::Value;

use super::difference::{Difference, NOT_GIVEN, difference};
use crate::cli::study::definition::StudyDefinition;
use crate::command::template::Renderer;

/// Most differences inside the file that are listed.
const MAX_LISTED: usize = 10;

/// The differences between two configuration files with the same parameters in them. Comments, notation, the order of keys and the
/// path do not count.
pub fn config_differences(recorded: &StudyDefinition, now: &StudyDefinition) -> Vec<Difference> {
    let path = |study: &StudyDefinition| {
        study.options.config_template.as_ref().map_or(NOT_GIVEN.to_owned(), |file| file.path.clone())
    };
    let (old, new) = (meaning(recorded), meaning(now));
    match (old, new) {
        (old, new) if old == new => Vec::new(),
        (Some((old_format, old)), Some((new_format, new))) if old_format == new_format => {
            let mut found = Vec::new();
            collect(Some(&old), Some(&new), "config_template", &mut found);
            found.truncate(MAX_LISTED);
            found
        }
        _ => vec![difference("config_template", path(recorded), path(now))],
    }
}

fn meaning(study: &StudyDefinition) -> Option<(&'static str, Value)> {
    let renderer: &Renderer = study.renderer.as_ref()?;
    let copy = renderer.config_sample().ok()??;
    renderer.config()?.meaning(&copy.text).ok()
}

fn collect(old: Option<&Value>, new: Option<&Value>, name: &str, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
        for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
            collect(old.get(key), new.get(key), &format!("{name}.{key}"), found);
        }
        return;
    }
    let text = |value: Option<&Value>| value.map_or(NOT_GIVEN.to_owned(), Value::to_string);
    found.push(difference(name, text(old), text(new)));
}
