//! `metricsCollectorSpec` of an experiment: how metrics are read.

use serde_json::{Map, Value, json};

use crate::collect::catalogue::{self, ConfiguredCollector};
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::Section;
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::{Entry, Node};

/// Sets `metric.collect`.
pub fn read(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) -> Option<()> {
    let mut fields = Section::new(&entry.value, "`metricsCollectorSpec`", &entry.key_span, reader)?;
    let kind = fields.value(&["collector"]).and_then(|node| node.get("kind")).and_then(Node::text).unwrap_or("StdOut");
    let source = fields.value(&["source"]);
    let at = |names: &[&str]| names.iter().try_fold(source?, |node, name| node.get(name));
    let path = at(&["fileSystemPath", "path"]).and_then(Node::text);
    let format = at(&["fileSystemPath", "format"]).and_then(Node::text);
    let filter = at(&["filter", "metricsFormat"]);
    let mut notes = Vec::new();
    let collect = match kind {
        "StdOut" | "File" if filter.is_some() => filter_pattern(filter?, entry, &mut notes, reader),
        "StdOut" => None,
        "File" if format == Some("JSON") => Some(json!({ "kind": "file", "path": path? })),
        "TensorFlowEvent" => Some(event_files(path, study)),
        _ => None,
    };
    let unread = match kind {
        "File" if format != Some("JSON") => Some("print the metrics to stdout, or write them to a file of JSON lines"),
        "StdOut" | "File" | "TensorFlowEvent" => None,
        _ => Some("print the metrics to stdout"),
    };
    if let Some(action) = unread {
        let message = match (kind, path) {
            ("File", Some(path)) => {
                format!("metrics are read from the output of jobs, not from the text file `{path}`")
            }
            _ => format!(
                "the metrics collector of kind `{kind}` is not carried over: hypertune reads the output of jobs"
            ),
        };
        notes.push(reader.note(&entry.key_span, message, action));
    }
    notes.extend(fields.unread(&[], reader));
    let mut metric = study.get("metric")?.clone();
    if let Some(collect) = collect {
        metric["collect"] = collect;
    }
    study.set("metric", metric).notes.extend(notes);
    Some(())
}

/// Event files in the container's folder become those in the trial's folder, in the command too.
fn event_files(path: Option<&str>, study: &mut ImportedStudy) -> Value {
    let Some(path) = path.map(|path| path.trim_end_matches('/')).filter(|path| path.len() > 1) else {
        return "tensorboard".into();
    };
    let words = study.command.as_mut().map_or(&mut [][..], |command| command.words.as_mut_slice());
    let mut is_used = false;
    for word in words.iter_mut().filter(|word| word.contains(path)) {
        *word = word.replace(path, "{{ trial_dir }}");
        is_used = true;
    }
    if is_used { "tensorboard".into() } else { json!({ "kind": "tensorboard", "path": path }) }
}

/// A filter has two groups, the name and the value of a metric.
fn filter_pattern(node: &Node, entry: &Entry, notes: &mut Vec<Note>, reader: &mut Reader) -> Option<Value> {
    let patterns = reader.list(node, "`metricsFormat`")?;
    let pattern = named_groups(reader.text(&patterns[0], "a filter")?);
    if patterns.len() > 1 {
        let message = format!("of {} filters the first is carried over", patterns.len());
        notes.push(reader.note(&entry.key_span, message, ""));
    }
    let options: Map<String, Value> = [("pattern".to_owned(), pattern.clone().into())].into_iter().collect();
    let is_valid = catalogue::named("regex").is_some_and(|kind| ConfiguredCollector::new(kind, options).is_ok());
    if !is_valid {
        let message = "the filter is not carried over: it is no regular expression of hypertune";
        notes.push(reader.note(&node.span, message, "write `collect: {kind: regex, pattern: …}`"));
        return None;
    }
    Some(json!({ "kind": "regex", "pattern": pattern }))
}

/// The pattern with its first two groups named `name` and `value`, the others not capturing, and braces that are no repetition
/// escaped, as Go's regular expressions read them.
fn named_groups(pattern: &str) -> String {
    let mut out = String::new();
    let mut names = ["(?P<name>", "(?P<value>"].into_iter();
    let mut in_class = false;
    let mut chars = pattern.char_indices();
    while let Some((index, c)) = chars.next() {
        let rest = &pattern[index..];
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next().map(|(_, escaped)| escaped));
            }
            '[' if !in_class => {
                in_class = true;
                out.push(c);
            }
            ']' => {
                in_class = false;
                out.push(c);
            }
            '(' if !in_class && !rest.starts_with("(?") => out.push_str(names.next().unwrap_or("(?:")),
            '{' if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

/// `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(rest: &str) -> bool {
    let Some(inside) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return false };
    inside.0.starts_with(|c: char| c.is_ascii_digit()) && inside.0.chars().all(|c| c.is_ascii_digit() || c == ',')
}

#[cfg(test)]
mod tests {
    use super::named_groups;

    #[test]
    fn groups_are_named_in_order() {
        let pattern = r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)}";
        assert_eq!(
            named_groups(pattern),
            r"\{metricName: (?P<name>[\w|-]+), metricValue: (?P<value>(?:-?\d+)(?:\.\d+)?)}"
        );
        assert_eq!(named_groups(r"([(]a{2})=\((\d)"), r"(?P<name>[(]a{2})=\((?P<value>\d)");
    }
}
