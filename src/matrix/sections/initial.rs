//! Reads starting points, which are complete or partial configurations for the first trials, from the matrix or a file (`--enqueue`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::params::{DeclaredParam, DomainOrigin};
use super::proposals::check_starting_points;
use crate::engine::experiment::Experiment;
use crate::kinds::Method;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity, Source};
use crate::matrix::diagnostics::findings::{Findings, InvalidFileError};
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::yaml::fields::named;
use crate::matrix::yaml::file::read_file;
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::matrix::yaml::parse::{ReadError, decode, parse};
use crate::space::{Param, Space};
use crate::types::assignment::Assignment;

/// The largest size of all starting points as JSON, in bytes. The first line of the journal contains them.
const MAX_ENQUEUED: usize = 16 << 20;

/// Parameters that a starting point may have.
type KnownParams<'a> = Vec<(&'a Param, DomainOrigin)>;

/// Reads `initial`: a list of mappings from parameter names to values.
pub fn initial(entry: &Entry, params: &[DeclaredParam], findings: &mut Findings) -> Vec<Assignment> {
    let known: KnownParams<'_> = params.iter().map(|declared| (&declared.param, declared.origin)).collect();
    match entry.value.list() {
        Some(items) => items.iter().map(|item| read_point(item, &known, findings)).collect(),
        None => {
            let message = format!("`initial` must be a list of mappings, found {}", entry.value.describe());
            findings.error(entry.key_span.clone(), message);
            Vec::new()
        }
    }
}

/// Reads the starting points in the files at `paths`, in order. A file is a YAML list of mappings or has one JSON object per line.
///
/// # Errors
/// All errors of the first invalid file.
pub fn read_enqueued(paths: &[PathBuf], method: &Method, space: &Space) -> Result<Vec<Assignment>, InvalidFileError> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(read_enqueued_file(path, method, space)?);
        if serde_json::to_vec(&all).map_or(usize::MAX, |bytes| bytes.len()) > MAX_ENQUEUED {
            let message = format!("the starting points take more than {} MiB", MAX_ENQUEUED >> 20);
            return Err(InvalidFileError::of(&path.display().to_string(), message, Some("enqueue fewer".into())));
        }
    }
    Ok(all)
}

fn read_enqueued_file(path: &Path, method: &Method, space: &Space) -> Result<Vec<Assignment>, InvalidFileError> {
    let name = path.display().to_string();
    check_starting_points(method).map_err(|error| InvalidFileError::of(&name, error.to_string(), None))?;
    let unreadable =
        |e: io::Error| InvalidFileError::of(&name, format!("the file of starting points cannot be read: {e}"), None);
    let bytes = read_file(path).map_err(unreadable)?;
    read_enqueued_bytes(&name, &bytes, space)
}

/// A warning if there are more starting points than trials.
pub fn warn_excess_points(experiment: &Experiment, source: &Arc<Source>) -> Option<Diagnostic> {
    let (points, trials) = (experiment.initial.len() as u64, experiment.plan().trials());
    (points > trials).then(|| Diagnostic {
        severity: Severity::Warning,
        message: format!("there are {points} starting points for {trials} trials; the last ones will not run"),
        hint: None,
        source: source.clone(),
        span: None,
    })
}

/// Reads the starting points in the bytes of a file called `name`.
fn read_enqueued_bytes(name: &str, bytes: &[u8], space: &Space) -> Result<Vec<Assignment>, InvalidFileError> {
    let text = decode(bytes);
    let source = Arc::new(Source { name: name.to_owned(), text: text.as_deref().unwrap_or_default().to_owned() });
    let mut findings = Findings::new(source);
    let known: KnownParams<'_> = space.params.iter().map(|param| (param, DomainOrigin::File)).collect();
    let points = match text.and_then(parse_items) {
        Ok(items) => items.iter().map(|item| read_point(item, &known, &mut findings)).collect(),
        Err(error) => {
            findings.read_error(error);
            Vec::new()
        }
    };
    if findings.error_count() > 0 { Err(findings.into_error()) } else { Ok(points) }
}

/// Parses the starting points of a text without checking them.
fn parse_items(text: &str) -> Result<Vec<Node>, ReadError> {
    if text.trim_start().starts_with('{') {
        return parse_json_lines(text);
    }
    let root = parse(text)?;
    let list = root.list().map(<[Node]>::to_vec);
    list.ok_or_else(|| ReadError {
        message: format!("starting points must be a list of mappings, found {}", root.describe()),
        span: Some(root.span.clone()),
        hint: Some("start each with `- `, or write one JSON object per line".into()),
    })
}

/// Parses one JSON object per line. Each is parsed as YAML, which gives every value its position.
fn parse_json_lines(text: &str) -> Result<Vec<Node>, ReadError> {
    let mut start = 0;
    let mut nodes = Vec::new();
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let in_file = |span: Span| span.start + start..span.end + start;
            let mut node = parse(line).map_err(|error| ReadError { span: error.span.map(in_file), ..error })?;
            node.shift(start);
            nodes.push(node);
        }
        start += line.len();
    }
    Ok(nodes)
}

fn read_point(item: &Node, known: &KnownParams<'_>, findings: &mut Findings) -> Assignment {
    let mut point = Assignment::default();
    for entry in named(item, "a starting point", item.span.clone(), findings) {
        let Some((param, origin)) = known.iter().find(|(param, _)| *param.name == *entry.key) else {
            let hint = suggestion(&entry.key, known.iter().map(|(param, _)| &*param.name));
            findings.error_with(entry.key_span.clone(), format!("unknown parameter {}", quoted(&entry.key)), hint);
            continue;
        };
        let value = entry.value.to_json(&mut Vec::new());
        let accepted = if *origin == DomainOrigin::Placeholder { Some(value) } else { param.domain.normalize(&value) };
        if let Some(value) = accepted {
            point.set(param.name.clone(), value);
        } else {
            let message = format!("{} cannot be {}", quoted(&entry.key), entry.value.describe());
            let hint = format!("expected {}", param.domain.describe());
            findings.error_with(entry.value.span.clone(), message, Some(hint));
        }
    }
    point
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::matrix::diagnostics::diagnostic::Styling;
    use crate::space::tests::space;

    fn read(text: &str) -> String {
        let space = space(&[("lr", "uniform", json!([0, 1])), ("act", "choice", json!(["relu", "tanh"]))]);
        match read_enqueued_bytes("points", text.as_bytes(), &space) {
            Ok(points) => serde_json::to_string(&points).unwrap(),
            Err(report) => report.render(Styling::Plain),
        }
    }

    #[test]
    fn yaml_and_json_lines_give_the_same_points() {
        let expected = r#"[{"lr":0.5},{"act":"tanh","lr":0.25},{}]"#;
        assert_eq!(read("- {lr: 0.5}\n- act: tanh\n  lr: 0.25\n- {}\n"), expected);
        assert_eq!(read("{\"lr\": 0.5}\n\n{\"act\": \"tanh\", \"lr\": 0.25}\n{}"), expected);
        assert_eq!(read("[{\"lr\": 0.5}, {\"act\": \"tanh\", \"lr\": 0.25}, {}]"), expected);
    }

    #[test]
    fn every_error_has_its_position() {
        insta::assert_snapshot!(read("- lr: 2\n- {atc: relu}\n- 7\n"), @"
        error: `lr` cannot be the number 2
         --> points:1:7
          |
        1 | - lr: 2
          |       ^
          |
          = help: expected 0 to 1

        error: unknown parameter `atc`
         --> points:2:4
          |
        2 | - {atc: relu}
          |    ^^^
          |
          = help: did you mean `act`?

        error: a starting point must be a mapping of names, found the number 7
         --> points:3:3
          |
        3 | - 7
          |   ^

        points: 3 errors, nothing was launched
        ");
        insta::assert_snapshot!(read("{\"lr\": 0.5}\n{\"lr\": 3}\n"), @r#"
        error: `lr` cannot be the number 3
         --> points:2:8
          |
        2 | {"lr": 3}
          |        ^
          |
          = help: expected 0 to 1

        points: 1 error, nothing was launched
        "#);
        insta::assert_snapshot!(read("{\"lr\": 0.5}\n{\"lr\": \n"), @r#"
        error: unclosed bracket '{'
         --> points:2:1
          |
        2 | {"lr":
          | ^

        points: 1 error, nothing was launched
        "#);
        insta::assert_snapshot!(read("lr: 1\n"), @"
        error: starting points must be a list of mappings, found a mapping
         --> points:1:1
          |
        1 | lr: 1
          | ^^^^^
          |
          = help: start each with `- `, or write one JSON object per line

        points: 1 error, nothing was launched
        ");
    }
}
