//! Reads starting points, which are partial configurations for the first trials: from the matrix or from a file (`--enqueue`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::params::{DeclaredParam, DomainOrigin};
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

/// Largest size of all starting points as JSON, in bytes: they are part of the first line of the journal.
const MAX_ENQUEUED: usize = 16 << 20;

/// Parameters that may be fixed.
type Known<'a> = Vec<(&'a Param, DomainOrigin)>;

/// `initial`: a list of mappings from parameter names to values they may take.
pub fn initial(entry: &Entry, params: &[DeclaredParam], findings: &mut Findings) -> Vec<Assignment> {
    let known: Known<'_> = params.iter().map(|declared| (&declared.param, declared.origin)).collect();
    match entry.value.list() {
        Some(items) => items.iter().map(|item| point(item, &known, findings)).collect(),
        None => {
            let message = format!("`initial` must be a list of mappings, found {}", entry.value.describe());
            findings.error(entry.key_span.clone(), message);
            Vec::new()
        }
    }
}

/// The starting points in the files at `paths`, in order: each a YAML list of mappings, or one JSON object a line.
///
/// # Errors
/// Every fault of the first faulty file in one report.
pub fn enqueued(paths: &[PathBuf], method: &Method, space: &Space) -> Result<Vec<Assignment>, InvalidFileError> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(enqueued_file(path, method, space)?);
        if serde_json::to_vec(&all).map_or(usize::MAX, |bytes| bytes.len()) > MAX_ENQUEUED {
            let message = format!("the starting points take more than {} MiB", MAX_ENQUEUED >> 20);
            return Err(InvalidFileError::of(&path.display().to_string(), message, Some("enqueue fewer".into())));
        }
    }
    Ok(all)
}

fn enqueued_file(path: &Path, method: &Method, space: &Space) -> Result<Vec<Assignment>, InvalidFileError> {
    let name = path.display().to_string();
    takes_points(method).map_err(|message| InvalidFileError::of(&name, message, None))?;
    let unreadable =
        |e: io::Error| InvalidFileError::of(&name, format!("the file of starting points cannot be read: {e}"), None);
    let bytes = read_file(path).map_err(unreadable)?;
    enqueued_bytes(&name, &bytes, space)
}

/// A kind that lists its configurations runs each of them, and nothing else.
pub fn takes_points(method: &Method) -> Result<(), String> {
    let lists = method.sampler.max_trials(&Space::default()).is_some();
    let refuse = || format!("`{}` lists its configurations itself, it takes no starting points", method.kind);
    if lists { Err(refuse()) } else { Ok(()) }
}

/// A warning where there are more starting points than trials.
pub fn too_many(experiment: &Experiment, source: &Arc<Source>) -> Option<Diagnostic> {
    let (points, trials) = (experiment.initial.len() as u64, experiment.plan().trials());
    (points > trials).then(|| Diagnostic {
        severity: Severity::Warning,
        message: format!("there are {points} starting points for {trials} trials: the last ones will not run"),
        hint: None,
        source: source.clone(),
        span: None,
    })
}

/// The starting points in the bytes of a file called `name`.
fn enqueued_bytes(name: &str, bytes: &[u8], space: &Space) -> Result<Vec<Assignment>, InvalidFileError> {
    let text = decode(bytes);
    let source = Arc::new(Source { name: name.to_owned(), text: text.as_deref().unwrap_or_default().to_owned() });
    let mut findings = Findings::new(source);
    let known: Known<'_> = space.params.iter().map(|param| (param, DomainOrigin::File)).collect();
    let points = match text.and_then(items) {
        Ok(items) => items.iter().map(|item| point(item, &known, &mut findings)).collect(),
        Err(fault) => {
            findings.read_error(fault);
            Vec::new()
        }
    };
    if findings.error_count() > 0 { Err(findings.into_error()) } else { Ok(points) }
}

/// The configurations of a text, unchecked.
fn items(text: &str) -> Result<Vec<Node>, ReadError> {
    if text.trim_start().starts_with('{') {
        return json_lines(text);
    }
    let root = parse(text)?;
    let list = root.list().map(<[Node]>::to_vec);
    list.ok_or_else(|| ReadError {
        message: format!("starting points are a list of mappings, found {}", root.describe()),
        span: Some(root.span.clone()),
        hint: Some("start each with `- `, or write one JSON object a line".into()),
    })
}

/// A JSON object is a YAML mapping, so that every value knows its place.
fn json_lines(text: &str) -> Result<Vec<Node>, ReadError> {
    let mut start = 0;
    let mut nodes = Vec::new();
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let whole = |span: Span| span.start + start..span.end + start;
            let mut node = parse(line).map_err(|fault| ReadError { span: fault.span.map(whole), ..fault })?;
            node.shift(start);
            nodes.push(node);
        }
        start += line.len();
    }
    Ok(nodes)
}

fn point(item: &Node, known: &Known<'_>, findings: &mut Findings) -> Assignment {
    let mut point = Assignment::default();
    for entry in named(item, "a starting point", item.span.clone(), findings) {
        let Some((param, origin)) = known.iter().find(|(param, _)| *param.name == *entry.key) else {
            let hint = suggestion(&entry.key, known.iter().map(|(param, _)| &*param.name));
            findings.error_with(entry.key_span.clone(), format!("unknown parameter {}", quoted(&entry.key)), hint);
            continue;
        };
        let value = entry.value.to_json(&mut Vec::new());
        let taken = if *origin == DomainOrigin::Placeholder { Some(value) } else { param.domain.normalize(&value) };
        if let Some(value) = taken {
            point.set(param.name.clone(), value);
        } else {
            let message = format!("{} cannot take {}", quoted(&entry.key), entry.value.describe());
            let hint = format!("it takes {}", param.domain.describe());
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
        match enqueued_bytes("points", text.as_bytes(), &space) {
            Ok(points) => serde_json::to_string(&points).unwrap(),
            Err(report) => report.render(Styling::Plain),
        }
    }

    #[test]
    fn yaml_and_json_lines_say_the_same() {
        let wanted = r#"[{"lr":0.5},{"act":"tanh","lr":0.25},{}]"#;
        assert_eq!(read("- {lr: 0.5}\n- act: tanh\n  lr: 0.25\n- {}\n"), wanted);
        assert_eq!(read("{\"lr\": 0.5}\n\n{\"act\": \"tanh\", \"lr\": 0.25}\n{}"), wanted);
        assert_eq!(read("[{\"lr\": 0.5}, {\"act\": \"tanh\", \"lr\": 0.25}, {}]"), wanted);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        insta::assert_snapshot!(read("- lr: 2\n- {atc: relu}\n- 7\n"), @"
        error: `lr` cannot take the number 2
         --> points:1:7
          |
        1 | - lr: 2
          |       ^
          |
          = help: it takes 0 to 1

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
        error: `lr` cannot take the number 3
         --> points:2:8
          |
        2 | {"lr": 3}
          |        ^
          |
          = help: it takes 0 to 1

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
        error: starting points are a list of mappings, found a mapping
         --> points:1:1
          |
        1 | lr: 1
          | ^^^^^
          |
          = help: start each with `- `, or write one JSON object a line

        points: 1 error, nothing was launched
        ");
    }
}
