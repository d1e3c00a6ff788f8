//! Replaces aliases by copies, so that setting a value changes one place only.

use std::ops::Range;

use super::flow::{Anchors, write_flow};
use super::node::{YamlContent, YamlNode, parse};
use crate::command::config::error::ConfigError;
use crate::command::config::format::MAX_BYTES;

/// `text` without aliases.
///
/// # Errors
/// Invalid YAML, an alias inside of the value that it names, or a text that is too large with its aliases expanded.
pub fn expand(text: &str, format: &'static str) -> Result<String, ConfigError> {
    let root = parse(text, format)?;
    let (mut anchors, mut aliases) = (Anchors::new(), Vec::new());
    collect(&root, &mut anchors, &mut aliases);
    let (mut expanded, mut copied) = (String::with_capacity(text.len()), 0);
    for (span, id) in aliases {
        expanded.push_str(&text[copied..span.start]);
        if let Some(target) = anchors.get(&id) {
            if target.span.contains(&span.start) {
                return Err(ConfigError::SelfReference { alias: text[span].to_owned() });
            }
            write_flow(target, text, &anchors, &mut expanded)?;
        }
        copied = span.end;
    }
    expanded.push_str(&text[copied..]);
    match expanded.len() {
        length if length > 2 * MAX_BYTES => {
            Err(ConfigError::TooLarge { limit: 2 * MAX_BYTES, when: " with its aliases expanded" })
        }
        _ => Ok(expanded),
    }
}

fn collect<'n>(node: &'n YamlNode, anchors: &mut Anchors<'n>, aliases: &mut Vec<(Range<usize>, usize)>) {
    if node.anchor != 0 && !matches!(node.content, YamlContent::Alias(_)) {
        anchors.insert(node.anchor, node);
    }
    match &node.content {
        YamlContent::Alias(id) => aliases.push((node.span.clone(), *id)),
        YamlContent::Scalar { .. } => {}
        YamlContent::Sequence(items) => items.iter().for_each(|item| collect(item, anchors, aliases)),
        YamlContent::Mapping { entries, .. } => {
            for (key, value) in entries {
                collect(key, anchors, aliases);
                collect(value, anchors, aliases);
            }
        }
    }
}
