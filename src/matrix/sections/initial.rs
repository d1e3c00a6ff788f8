//! Reads starting points, which are complete or partial configurations for the first trials, from the matrix or a file (`--enqueue`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::param_tree::SEPARATOR;
use super::params::{DeclaredParam, DomainOrigin};
use super::point_files::{CellType, parse_points};
use super::proposals::check_starting_points;
use crate::engine::experiment::Experiment;
use crate::kinds::Method;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity, Source};
use crate::matrix::diagnostics::findings::{Findings, InvalidFileError};
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::yaml::fields::named;
use crate::matrix::yaml::file::read_file;
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::matrix::yaml::parse::{decode, parse_value};
use crate::space::{Param, Space};
use crate::types::assignment::Assignment;

/// The largest size of all starting points as JSON, in bytes. The first line of the journal contains them.
const MAX_ENQUEUED: usize = 16 << 20;

/// The key of the configuration in what `best`, `trials`, `export` and `run` print as JSON.
const RESULT_PARAMS: &str = "params";

/// A parameter that a starting point may have.
#[derive(Clone, Copy)]
struct KnownParam<'a> {
    param: &'a Param,
    origin: DomainOrigin,
    /// It has a `when`: null then says that it is not active.
    is_conditional: bool,
}

/// Reads `initial`: a list of mappings from parameter names to values.
pub fn initial(entry: &Entry, params: &[DeclaredParam], findings: &mut Findings) -> Vec<Assignment> {
    let known: Vec<KnownParam<'_>> = params
        .iter()
        .map(|DeclaredParam { param, origin, whens, .. }| KnownParam {
            param,
            origin: *origin,
            is_conditional: !whens.is_empty(),
        })
        .collect();
    match entry.value.list() {
        Some(items) => items.iter().map(|item| read_point(item, &known, CellType::Typed, findings)).collect(),
        None => {
            let message = format!("`initial` must be a list of mappings, found {}", entry.value.describe());
            findings.error(entry.key_span.clone(), message);
            Vec::new()
        }
    }
}

/// Reads the starting points in the files at `paths`, in order. A file is a YAML list of mappings, has JSON objects, or is what
/// `best`, `trials`, `export` or `run` printed as JSON or CSV.
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
    let known = |(index, param)| {
        let is_conditional = space.conditions().when(index).is_some();
        KnownParam { param, origin: DomainOrigin::File, is_conditional }
    };
    let known: Vec<KnownParam<'_>> = space.params.iter().enumerate().map(known).collect();
    let points = match text.and_then(parse_points) {
        Ok((items, cells)) => {
            let nodes: Vec<&Node> = items.iter().map(|item| configuration(item, &known)).collect();
            let points = nodes.iter().map(|node| read_point(node, &known, cells, &mut findings));
            let mut points: Vec<Assignment> = points.collect();
            if findings.error_count() == 0 {
                let spans: Vec<Span> = nodes.iter().map(|node| node.span.clone()).collect();
                apply_rules(&mut points, &spans, space, &mut findings);
            }
            points
        }
        Err(error) => {
            findings.read_error(error);
            Vec::new()
        }
    };
    if findings.error_count() > 0 { Err(findings.into_error()) } else { Ok(points) }
}

/// The configuration in `item`: of what `best`, `trials`, `export` and `run` print as JSON, the mapping `params`.
fn configuration<'n>(item: &'n Node, known: &[KnownParam<'_>]) -> &'n Node {
    let is_parameter = known.iter().any(|known| &*known.param.name == RESULT_PARAMS);
    let params = item.map().and_then(|entries| entries.iter().find(|entry| entry.key == RESULT_PARAMS));
    params.filter(|params| !is_parameter && params.value.map().is_some()).map_or(item, |params| &params.value)
}

/// The values in `item` with the full names of their parameters. A mapping nests values if parameters are nested in its name.
fn named_values<'n>(
    item: &'n Node,
    outer: Option<&str>,
    known: &[KnownParam<'_>],
    findings: &mut Findings,
) -> Vec<(String, &'n Entry)> {
    let mut values = Vec::new();
    for entry in named(item, "a starting point", item.span.clone(), findings) {
        let name = outer.map_or_else(|| entry.key.clone(), |outer| format!("{outer}{SEPARATOR}{}", entry.key));
        let nests = |known: &KnownParam<'_>| {
            known.param.name.strip_prefix(&*name).is_some_and(|rest| rest.starts_with(SEPARATOR))
        };
        if entry.value.map().is_some() && known.iter().any(nests) {
            values.extend(named_values(&entry.value, Some(&name), known, findings));
        } else {
            values.push((name, entry));
        }
    }
    values
}

/// Replaces `points` by what the rules of `space` make of them: values are normalized. Records an error at the position of each
/// that breaks a rule.
pub fn apply_rules(points: &mut [Assignment], spans: &[Span], space: &Space, findings: &mut Findings) {
    if !space.has_rules() {
        return;
    }
    for (point, span) in points.iter_mut().zip(spans) {
        match space.check_point(point) {
            Ok(checked) => *point = checked,
            Err(error) => {
                let hint = "change the starting point, or leave out the values that contradict the rule".to_owned();
                findings.error_with(span.clone(), format!("invalid starting point: {error}"), Some(hint));
            }
        }
    }
}

fn read_point(item: &Node, known: &[KnownParam<'_>], cells: CellType, findings: &mut Findings) -> Assignment {
    let mut point = Assignment::default();
    for (name, entry) in named_values(item, None, known, findings) {
        let Some(KnownParam { param, origin, is_conditional }) = known.iter().find(|k| *k.param.name == *name) else {
            let hint = suggestion(&name, known.iter().map(|known| &*known.param.name));
            findings.error_with(entry.key_span.clone(), format!("unknown parameter {}", quoted(&name)), hint);
            continue;
        };
        let value = entry.value.to_json(&mut Vec::new());
        let in_domain = |value: &Value| match *origin {
            DomainOrigin::Placeholder => Some(value.clone()),
            DomainOrigin::File => param.domain.normalize(value),
        };
        let as_number = || in_domain(&parse_value(entry.value.text().filter(|_| cells == CellType::Text)?));
        let accepted = in_domain(&value).or_else(as_number);
        if let Some(value) = accepted {
            point.set(param.name.clone(), value);
        } else if !(*is_conditional && value.is_null()) {
            let message = format!("{} cannot be {}", quoted(&name), entry.value.describe());
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
    fn results_are_starting_points() {
        let best = "{\n  \"trial\": 3,\n  \"params\": {\n    \"lr\": 0.5\n  },\n  \"study\": \"m.study\"\n}\n";
        assert_eq!(read(best), r#"[{"lr":0.5}]"#);
        assert_eq!(read(&format!("{best}{best}{{\"lr\": 0.25}}\n")), r#"[{"lr":0.5},{"lr":0.5},{"lr":0.25}]"#);
        let trials = "[\n {\"trial\": 1, \"value\": 2, \"params\": {\"act\": \"relu\"}}\n]\n";
        assert_eq!(read(trials), r#"[{"act":"relu"}]"#);
        let csv = "trial,value,params.lr,params.act,slot\n0,,0.5,tanh,0\n1,0.25,1e-3,,0\n";
        assert_eq!(read(csv), r#"[{"lr":0.5,"act":"tanh"},{"lr":0.001}]"#);
    }

    #[test]
    fn a_file_without_points_says_so() {
        for text in ["", "\n# none\n", "[]", "trial,params.lr\n"] {
            assert!(read(text).starts_with("error: the file has no starting points\n"), "{text}: {}", read(text));
        }
        insta::assert_snapshot!(read("trial,params.lr\n0,0.5\n1,fast\n"), @r#"
        error: `lr` cannot be the text "fast"
         --> points:3:1
          |
        3 | 1,fast
          | ^^^^^^
          |
          = help: expected 0 to 1

        points: 1 error, nothing was launched
        "#);
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
          = help: start each with `- `, or write one JSON object per line, as `best --format json` does

        points: 1 error, nothing was launched
        ");
    }
}
