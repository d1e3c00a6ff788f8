//! Copies a node in flow notation.

use std::collections::HashMap;

use granit_parser::ScalarStyle;

use super::node::{YamlContent, YamlNode};
use super::scalar::write_quoted;
use crate::command::config::error::ConfigError;
use crate::command::config::format::MAX_BYTES;

/// Deepest chain of aliases and collections.
const MAX_DEPTH: usize = 128;

/// Nodes by the number of their anchor.
pub type Anchors<'n> = HashMap<usize, &'n YamlNode>;

/// Appends `node` of `text` on one line, without anchors, with aliases replaced by what they stand for.
///
/// # Errors
/// The copy is too large, or contains itself.
pub fn write_flow(node: &YamlNode, text: &str, anchors: &Anchors<'_>, out: &mut String) -> Result<(), ConfigError> {
    write(node, text, anchors, out, 0)
}

fn write(
    node: &YamlNode,
    text: &str,
    anchors: &Anchors<'_>,
    out: &mut String,
    depth: usize,
) -> Result<(), ConfigError> {
    if out.len() > MAX_BYTES || depth > MAX_DEPTH {
        return Err(ConfigError::TooLarge { limit: MAX_BYTES, when: " with its aliases expanded" });
    }
    if let Some(tag) = &node.tag {
        out.push_str(&text[tag.clone()]);
        out.push(' ');
    }
    match &node.content {
        YamlContent::Alias(id) => {
            let target = anchors.get(id).copied();
            return target.map_or(Ok(()), |target| write(target, text, anchors, out, depth + 1));
        }
        YamlContent::Scalar { text: value, style, source } => match &text[source.clone()] {
            plain if *style == ScalarStyle::Plain && is_safe(plain) => out.push_str(plain),
            "" if node.tag.is_none() => out.push_str("null"),
            _ => write_quoted(value, out),
        },
        YamlContent::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(item, text, anchors, out, depth + 1)?;
            }
            out.push(']');
        }
        YamlContent::Mapping { entries, .. } => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(if key.text().is_some() { "" } else { "? " });
                write(key, text, anchors, out, depth + 1)?;
                out.push_str(if key.text().is_some() { ": " } else { " : " });
                write(value, text, anchors, out, depth + 1)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Whether a plain scalar is the same one in flow notation. One that is not is text for every parser.
fn is_safe(plain: &str) -> bool {
    !plain.is_empty() && !plain.contains(['\n', ',', '[', ']', '{', '}']) && !plain.ends_with(':')
}
