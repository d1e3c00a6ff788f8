//! The text of a new matrix file: each line with a comment that says what it is and where it is from.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::load::LoadedMatrix;
use crate::kinds;
use crate::search;
use crate::types::printable::printable;

/// What is known about a matrix besides its text.
#[derive(Debug, Default)]
pub struct DraftNotes {
    /// The command line that runs the file.
    pub command_line: String,
    /// Where fields and parameters are from, by name.
    pub origins: BTreeMap<String, String>,
    /// Fields whose values are guesses.
    pub guesses: Vec<&'static str>,
    /// Options of the script that are not in the matrix, one line each.
    pub others: Vec<String>,
}

/// The matrix of `loaded`, which is defined without a file, with comments.
pub fn draft(loaded: &LoadedMatrix, notes: &DraftNotes) -> String {
    let mut out = format!("# run it with\n#   {}\n", printable(&notes.command_line));
    let mut params = loaded.experiment.space.params.iter();
    let rows: Vec<(&str, String)> = loaded
        .source
        .text
        .lines()
        .map(|line| match line.strip_prefix("  ") {
            Some(_) => {
                let param = params.next();
                let origin = param.and_then(|param| notes.origins.get(&*param.name)).cloned();
                let values = param.map(|param| param.domain.describe());
                (line, values.into_iter().chain(origin).collect::<Vec<_>>().join("; "))
            }
            None => (line, field_comment(line, loaded, notes)),
        })
        .collect();
    for (line, comment) in rows {
        let comment = if comment.is_empty() { String::new() } else { format!("  # {}", printable(&comment)) };
        let _ = writeln!(out, "{line}{comment}");
    }
    if !notes.others.is_empty() {
        out.push_str("# other options of the script, which keep their defaults:\n");
        notes.others.iter().for_each(|other| {
            let _ = writeln!(out, "#   {}", printable(other));
        });
    }
    out
}

/// What the field in `line` is.
fn field_comment(line: &str, loaded: &LoadedMatrix, notes: &DraftNotes) -> String {
    let field = line.split(':').next().unwrap_or_default();
    let has_resource = loaded.experiment.resource.is_some();
    let known = match field {
        "kind" => {
            let others = kinds::KINDS.into_iter().map(|kind| kind.names[0]);
            let others: Vec<&str> = others.filter(|name| *name != loaded.experiment.method.kind).collect();
            format!("the search algorithm; others: {}", others.join(", "))
        }
        "sampler" => {
            format!("proposes the configurations: {}", search::catalogue::names().collect::<Vec<_>>().join(", "))
        }
        "resource" => "the option of the script that says how long it trains".to_owned(),
        "maxIterations" if has_resource => "its largest value".to_owned(),
        "minIterations" if has_resource => "its smallest value".to_owned(),
        "numRuns" => "number of trials".to_owned(),
        "seed" => "with the same seed the same draws".to_owned(),
        "metric" => "a number that the script prints; maximize if more is better".to_owned(),
        _ => String::new(),
    };
    let parts = [known, notes.origins.get(field).cloned().unwrap_or_default()];
    let comment = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    if notes.guesses.contains(&field) { format!("check this: {comment}") } else { comment }
}
