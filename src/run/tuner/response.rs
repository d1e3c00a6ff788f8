//! Parses the tuner's responses and checks them against the space.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::space::rules::SpaceError;
use crate::space::{Param, Space};
use crate::types::args::describe;
use crate::types::assignment::Assignment;

/// Most characters of a line that a message shows.
const EXCERPT: usize = 200;

/// A valid response.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    /// Complete configurations inside the space, at most as many as were requested.
    pub suggestions: Vec<Assignment>,
    /// Suggestions that break a constraint.
    pub rejected: Vec<RejectedSuggestion>,
    /// Whether the tuner has no more suggestions.
    pub is_last: bool,
}

/// A suggestion that breaks a constraint.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RejectedSuggestion {
    /// The suggestion.
    params: Value,
    /// The constraint that it breaks.
    pub reason: String,
}

/// A response that breaks the protocol. The message continues a sentence that starts with the tuner's name.
#[derive(Debug, thiserror::Error)]
#[error("{error}; received {line}")]
pub struct ResponseError {
    error: ResponseFormatError,
    /// Excerpt of the response.
    line: String,
}

/// Values are described as by [`describe`].
#[derive(Debug, thiserror::Error)]
enum ResponseFormatError {
    #[error("sent invalid JSON ({0})")]
    NotJson(#[from] serde_json::Error),
    #[error("sent {0} instead of an object with `suggestions`")]
    NotAnObject(String),
    #[error("sent {value} as `{field}` instead of true or false")]
    NotABoolean { field: &'static str, value: String },
    #[error("sent an object without `suggestions`")]
    NoSuggestions,
    #[error("sent {0} as `suggestions` instead of a list")]
    NotAList(String),
    #[error("sent {count} suggestions, {requested} requested")]
    TooMany { count: usize, requested: usize },
    #[error("sent {0} as a suggestion instead of an object of parameters")]
    NotAConfiguration(String),
    #[error("suggested a value for the unknown parameter `{0}`")]
    UnknownParameter(String),
    #[error("sent a suggestion without the parameter `{0}`")]
    MissingParameter(String),
    #[error("suggested {value} for `{parameter}`, which takes {domain}")]
    OutsideDomain { parameter: String, value: String, domain: String },
    #[error("sent a suggestion that is no configuration: {0}")]
    NoConfiguration(#[from] SpaceError),
}

/// Parses `line`, the response to a request for `requested` configurations.
pub fn parse(line: &[u8], requested: usize, space: &Space) -> Result<Response, ResponseError> {
    parse_line(line, requested, space).map_err(|error| ResponseError { error, line: excerpt(line) })
}

fn parse_line(line: &[u8], requested: usize, space: &Space) -> Result<Response, ResponseFormatError> {
    let response: Value = serde_json::from_slice(line)?;
    let Value::Object(response) = response else {
        return Err(ResponseFormatError::NotAnObject(describe(&response)));
    };
    let done = boolean(&response, "done")?;
    let suggestions = list(&response, done)?;
    if suggestions.len() > requested {
        return Err(ResponseFormatError::TooMany { count: suggestions.len(), requested });
    }
    let is_last = done || suggestions.len() < requested;
    let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
    for item in suggestions {
        match configuration(item, space) {
            Ok(configuration) => accepted.push(configuration),
            Err(ResponseFormatError::NoConfiguration(error @ SpaceError::Constraint { .. })) => {
                rejected.push(RejectedSuggestion { params: item.clone(), reason: error.to_string() });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Response { suggestions: accepted, rejected, is_last })
}

/// The line between backquotes, without control characters, shortened to [`EXCERPT`] characters.
pub fn excerpt(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut out = String::from("`");
    for c in text.trim().chars().take(EXCERPT) {
        let _ = if c.is_control() { write!(out, "{}", c.escape_default()) } else { write!(out, "{c}") };
    }
    out.push_str(if text.trim().chars().count() > EXCERPT { "…`" } else { "`" });
    out
}

fn boolean(response: &Map<String, Value>, field: &'static str) -> Result<bool, ResponseFormatError> {
    match response.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(other) => Err(ResponseFormatError::NotABoolean { field, value: describe(other) }),
    }
}

fn list(response: &Map<String, Value>, done: bool) -> Result<&[Value], ResponseFormatError> {
    match response.get("suggestions") {
        Some(Value::Array(items)) => Ok(items),
        None if done => Ok(&[]),
        None => Err(ResponseFormatError::NoSuggestions),
        Some(other) => Err(ResponseFormatError::NotAList(describe(other))),
    }
}

/// Every active parameter of the space once, with a value in its domain; others are dropped.
fn configuration(item: &Value, space: &Space) -> Result<Assignment, ResponseFormatError> {
    let Value::Object(values) = item else {
        return Err(ResponseFormatError::NotAConfiguration(describe(item)));
    };
    if space.has_rules() {
        let given: Assignment = values.iter().map(|(name, value)| (Arc::from(&**name), value.clone())).collect();
        return Ok(space.complete_active(&given)?);
    }
    if let Some(unknown) = values.keys().find(|name| !space.params.iter().any(|param| *param.name == ***name)) {
        return Err(ResponseFormatError::UnknownParameter(unknown.clone()));
    }
    let value = |param: &Param| {
        let name = &param.name;
        let value = values.get(&**name).ok_or_else(|| ResponseFormatError::MissingParameter(name.to_string()))?;
        let outside = || ResponseFormatError::OutsideDomain {
            parameter: name.to_string(),
            value: describe(value),
            domain: param.domain.describe(),
        };
        param.domain.normalize(value).map(|value| (name.clone(), value)).ok_or_else(outside)
    };
    space.params.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::space::rules::tests::branches;
    use crate::space::tests::space;

    fn parsed(line: &str) -> Result<String, String> {
        let space = space(&[("lr", "uniform", json!([0, 1])), ("units", "range", json!([16, 64, 16]))]);
        let response = parse(line.as_bytes(), 2, &space).map_err(|e| e.to_string())?;
        Ok(format!("{}{}", json!(response.suggestions), if response.is_last { ", no more" } else { "" }))
    }

    #[test]
    fn values_are_normalized_by_their_domain() {
        let two = r#"{"suggestions": [{"units": 32.0, "lr": 0}, {"lr": 0.25, "units": 16}]}"#;
        assert_eq!(parsed(two).unwrap(), r#"[{"lr":0.0,"units":32},{"lr":0.25,"units":16}]"#);
    }

    #[test]
    fn fewer_suggestions_than_requested_are_the_last() {
        assert_eq!(parsed(r#"{"suggestions": []}"#).unwrap(), "[], no more");
        assert_eq!(parsed(r#"{"done": true}"#).unwrap(), "[], no more");
        let one = r#"{"suggestions": [{"units": 16, "lr": 0.5}]}"#;
        assert_eq!(parsed(one).unwrap(), r#"[{"lr":0.5,"units":16}], no more"#);
    }

    #[test]
    fn errors_show_the_response() {
        let lines = [
            "hello\u{7}",
            "[1]",
            r#"{"suggestion": []}"#,
            r#"{"suggestions": 3}"#,
            r#"{"suggestions": [], "done": "yes"}"#,
            r#"{"suggestions": [{}, {}, {}]}"#,
            r#"{"suggestions": [7]}"#,
            r#"{"suggestions": [{"lr": 0.5}]}"#,
            r#"{"suggestions": [{"lr": 7, "units": 16}]}"#,
            r#"{"suggestions": [{"lr": 0.5, "units": 17}]}"#,
            r#"{"suggestions": [{"lr": 0.5, "units": 16, "depth": 2}]}"#,
            r#"{"suggestions": [{"lr": NaN, "units": 16}]}"#,
        ];
        let errors: Vec<String> = lines.iter().map(|line| parsed(line).unwrap_err()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        sent invalid JSON (expected value at line 1 column 1); received `hello\u{7}`
        sent a list of 1 instead of an object with `suggestions`; received `[1]`
        sent an object without `suggestions`; received `{"suggestion": []}`
        sent the number 3 as `suggestions` instead of a list; received `{"suggestions": 3}`
        sent the text "yes" as `done` instead of true or false; received `{"suggestions": [], "done": "yes"}`
        sent 3 suggestions, 2 requested; received `{"suggestions": [{}, {}, {}]}`
        sent the number 7 as a suggestion instead of an object of parameters; received `{"suggestions": [7]}`
        sent a suggestion without the parameter `units`; received `{"suggestions": [{"lr": 0.5}]}`
        suggested the number 7 for `lr`, which takes 0 to 1; received `{"suggestions": [{"lr": 7, "units": 16}]}`
        suggested the number 17 for `units`, which takes 16, 32, 48; received `{"suggestions": [{"lr": 0.5, "units": 17}]}`
        suggested a value for the unknown parameter `depth`; received `{"suggestions": [{"lr": 0.5, "units": 16, "depth": 2}]}`
        sent invalid JSON (expected value at line 1 column 25); received `{"suggestions": [{"lr": NaN, "units": 16}]}`
        "#);
    }

    #[test]
    fn a_long_response_is_shortened_in_messages() {
        assert!(parsed(&"x".repeat(1_000_000)).unwrap_err().len() < 400);
    }

    #[test]
    fn suggestions_follow_conditions_and_constraints() {
        let space = branches();
        let line = json!({"suggestions": [
            {"opt": "adam", "momentum": 0.5, "beta": 0.5, "lr": 0.01, "width": 8, "depth": 8},
            {"opt": "adam", "beta": 0.5, "lr": 0.01, "width": 64, "depth": 8},
        ]});
        let response = parse(line.to_string().as_bytes(), 2, &space).unwrap();
        assert_eq!(
            json!(response.suggestions).to_string(),
            r#"[{"opt":"adam","beta":0.5,"lr":0.01,"width":8,"depth":8}]"#
        );
        let reasons: Vec<&str> = response.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
        assert_eq!(reasons, ["the constraint `f(width, depth)` on line 7 is not fulfilled"]);
        let missing = json!({"suggestions": [{"opt": "sgd", "lr": 0.01, "width": 8, "depth": 8}]});
        let error = parse(missing.to_string().as_bytes(), 1, &space).unwrap_err().to_string();
        assert!(error.starts_with("sent a suggestion that is no configuration: `momentum` has no value"), "{error}");
    }
}
