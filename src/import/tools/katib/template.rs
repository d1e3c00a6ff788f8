//! The template of v1alpha3: a manifest in Go's template language, from which the usual loops over parameters are removed.

use crate::matrix::yaml::node::Node;
use crate::matrix::yaml::parse::{ReadError, parse};

/// The word in place of all parameters.
pub const ALL_PARAMETERS: &str = "{{.Name}}={{.Value}}";

/// A word for [`ALL_PARAMETERS`] that YAML reads as text without quotes.
const MARK: &str = "HYPERTUNE-ALL-PARAMETERS";

/// The manifest in `template`. Its spans are those of the rendered text.
///
/// # Errors
/// What is left without the loops is not YAML.
pub fn manifest(template: &str) -> Result<Node, ReadError> {
    let lines = template.lines().filter(|line| !is_control(line.trim()));
    let text: Vec<String> = lines.map(render).collect();
    parse(&text.join("\n"))
}

/// `{{- with .HyperParameters}}`, `{{- range .}}` and `{{- end}}`.
fn is_control(line: &str) -> bool {
    let Some(inside) = line.strip_prefix("{{").and_then(|line| line.strip_suffix("}}")) else { return false };
    let word = inside.trim_matches(['-', ' ']).split_whitespace().next().unwrap_or_default();
    ["with", "range", "end", "if", "else"].contains(&word)
}

fn render(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((expression, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        match expression.trim_matches(['-', ' ']) {
            ".Trial" | ".NameSpace" => out.push_str("trial"),
            other => out.push_str(&format!("{{{{{other}}}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    // a plain scalar must not start with a brace
    match out.trim().strip_prefix("- ") {
        Some(item) if item.trim_matches(['"', '\'']) == ALL_PARAMETERS => out.replace(item, MARK),
        _ => out,
    }
}

/// Whether a word of a command is in place of all parameters.
pub fn is_all_parameters(word: &str) -> bool {
    word == MARK || word == ALL_PARAMETERS
}
