//! The tuner's answer: read, and held against the space. What is wrong with it is a sentence that follows the tuner's name.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::space::Space;
use crate::types::args::describe;
use crate::types::assignment::Assignment;

/// Most of an answer that is shown in a message, in characters.
const SHOWN: usize = 200;

/// What it said.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    /// Complete configurations inside the space, at most as many as were asked for.
    pub suggestions: Vec<Assignment>,
    /// Whether it has no more.
    pub last: bool,
}

/// Reads `line`, the answer to a question for `wanted` configurations.
pub fn read(line: &[u8], wanted: usize, space: &Space) -> Result<Response, String> {
    let said = |what: String| format!("{what}; it said {}", shown(line));
    let answer: Value = serde_json::from_slice(line).map_err(|e| said(format!("answered with no JSON ({e})")))?;
    let Value::Object(answer) = answer else {
        let what = format!("answered with {} where an object with `suggestions` was asked for", describe(&answer));
        return Err(said(what));
    };
    let done = flag(&answer, "done").map_err(said)?;
    let suggestions = list(&answer, done).map_err(said)?;
    if suggestions.len() > wanted {
        return Err(said(format!("gave {} suggestions to a question for {wanted}", suggestions.len())));
    }
    let suggestions = suggestions.iter().map(|item| configuration(item, space)).collect::<Result<Vec<_>, _>>();
    let suggestions = suggestions.map_err(said)?;
    Ok(Response { last: done || suggestions.len() < wanted, suggestions })
}

/// The line, cut if it is long.
pub fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut out = String::from("`");
    for c in text.trim().chars().take(SHOWN) {
        // Control characters would reach the terminal.
        let _ = if c.is_control() { write!(out, "{}", c.escape_default()) } else { write!(out, "{c}") };
    }
    out.push_str(if text.trim().chars().count() > SHOWN { "…`" } else { "`" });
    out
}

fn flag(answer: &Map<String, Value>, name: &str) -> Result<bool, String> {
    match answer.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(format!("answered with a `{name}` that is {}, neither true nor false", describe(other))),
    }
}

fn list(answer: &Map<String, Value>, done: bool) -> Result<&[Value], String> {
    match answer.get("suggestions") {
        Some(Value::Array(items)) => Ok(items),
        None if done => Ok(&[]),
        None => Err("answered without `suggestions`".to_owned()),
        Some(other) => Err(format!("answered with `suggestions` that are {}, not a list", describe(other))),
    }
}

/// Every parameter once, with a value that it may take.
fn configuration(item: &Value, space: &Space) -> Result<Assignment, String> {
    let Value::Object(given) = item else {
        return Err(format!("gave {} as a suggestion, not an object of parameters", describe(item)));
    };
    if let Some(stranger) = given.keys().find(|name| !space.params.iter().any(|param| *param.name == ***name)) {
        return Err(format!("suggested a value for `{stranger}`, which is no parameter"));
    }
    let value = |param: &crate::space::Param| {
        let name = &param.name;
        let Some(value) = given.get(&**name) else { return Err(format!("gave a suggestion without `{name}`")) };
        let settled = param.domain.normalize(value);
        let outside = || format!("suggested {} for `{name}`, which takes {}", describe(value), param.domain.describe());
        settled.map(|value| (name.clone(), value)).ok_or_else(outside)
    };
    space.params.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::space::tests::space;

    fn answer(line: &str) -> Result<String, String> {
        let space = space(&[("lr", "uniform", json!([0, 1])), ("units", "range", json!([16, 64, 16]))]);
        let answer = read(line.as_bytes(), 2, &space)?;
        Ok(format!("{}{}", json!(answer.suggestions), if answer.last { ", no more" } else { "" }))
    }

    #[test]
    fn values_come_out_as_the_parameter_writes_them() {
        let two = r#"{"suggestions": [{"units": 32.0, "lr": 0}, {"lr": 0.25, "units": 16}]}"#;
        assert_eq!(answer(two).unwrap(), r#"[{"lr":0.0,"units":32},{"lr":0.25,"units":16}]"#);
    }

    #[test]
    fn fewer_than_asked_for_means_that_there_are_no_more() {
        assert_eq!(answer(r#"{"suggestions": []}"#).unwrap(), "[], no more");
        assert_eq!(answer(r#"{"done": true}"#).unwrap(), "[], no more");
        let one = r#"{"suggestions": [{"units": 16, "lr": 0.5}]}"#;
        assert_eq!(answer(one).unwrap(), r#"[{"lr":0.5,"units":16}], no more"#);
    }

    #[test]
    fn nonsense_is_told_with_what_was_said() {
        let faults = [
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
        let told: Vec<String> = faults.iter().map(|line| answer(line).unwrap_err()).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        answered with no JSON (expected value at line 1 column 1); it said `hello\u{7}`
        answered with a list of 1 where an object with `suggestions` was asked for; it said `[1]`
        answered without `suggestions`; it said `{"suggestion": []}`
        answered with `suggestions` that are the number 3, not a list; it said `{"suggestions": 3}`
        answered with a `done` that is the text "yes", neither true nor false; it said `{"suggestions": [], "done": "yes"}`
        gave 3 suggestions to a question for 2; it said `{"suggestions": [{}, {}, {}]}`
        gave the number 7 as a suggestion, not an object of parameters; it said `{"suggestions": [7]}`
        gave a suggestion without `units`; it said `{"suggestions": [{"lr": 0.5}]}`
        suggested the number 7 for `lr`, which takes 0 to 1; it said `{"suggestions": [{"lr": 7, "units": 16}]}`
        suggested the number 17 for `units`, which takes 16, 32, 48; it said `{"suggestions": [{"lr": 0.5, "units": 17}]}`
        suggested a value for `depth`, which is no parameter; it said `{"suggestions": [{"lr": 0.5, "units": 16, "depth": 2}]}`
        answered with no JSON (expected value at line 1 column 25); it said `{"suggestions": [{"lr": NaN, "units": 16}]}`
        "#);
    }

    #[test]
    fn a_long_answer_is_cut() {
        assert!(answer(&"x".repeat(1_000_000)).unwrap_err().len() < 400);
    }
}
