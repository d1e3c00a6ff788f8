//! The options of the launcher `template`.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::element::{Element, ElementError, JobVariable, STOP_VARIABLES, TEMPLATE_VARIABLES};
use crate::types::args::{ArgError, ArgReader, Args, PathSegment, describe};

/// The option that also names the launcher.
pub const TEMPLATE: &str = "template";
const STOP: &str = "stop";
const INFRASTRUCTURE: &str = "infrastructure";
const OWNS_GPUS: &str = "owns_gpus";

/// The names of the options.
pub const NAMES: [&str; 4] = [TEMPLATE, STOP, INFRASTRUCTURE, OWNS_GPUS];

/// How jobs are started and ended by commands of the user.
#[derive(Clone, Debug)]
pub struct TemplateOptions {
    /// Starts a job; not empty.
    pub start: Vec<Element>,
    /// Ends a job by its name; empty if the started process is the job.
    pub stop: Vec<Element>,
    /// Which ends are no fault of the job.
    pub infrastructure: InfrastructureRule,
    /// Who assigns devices.
    pub gpus: GpuOwner,
    given: Map<String, Value>,
}

/// Who assigns devices to jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GpuOwner {
    Hypertune,
    /// The system that the template starts jobs on.
    Template,
}

/// Recognizes failures that have nothing to do with the job's configuration.
#[derive(Clone, Debug, Default)]
pub struct InfrastructureRule {
    exit: Vec<i32>,
    stderr: Option<Regex>,
}

impl InfrastructureRule {
    /// Whether a process with this exit code (`None` after a signal) and these last lines of stderr met such a failure. Exit code 0 is no
    /// failure, whatever the process printed.
    pub fn matches(&self, code: Option<i32>, stderr_tail: &str) -> bool {
        if code == Some(0) {
            return false;
        }
        code.is_some_and(|code| self.exit.contains(&code))
            || self.stderr.as_ref().is_some_and(|pattern| pattern.is_match(stderr_tail))
    }
}

impl TemplateOptions {
    /// Reads the options of the matrix or the command line.
    pub fn read(args: &Args) -> Result<TemplateOptions, Vec<ArgError>> {
        let mut reader = args.reader();
        let start = elements(&mut reader, TEMPLATE, &TEMPLATE_VARIABLES);
        match &start {
            None if reader.has_no_errors() => {
                let hint = "for example template: [docker, run, --rm, image, \"{{ command }}\"]".to_owned();
                reader.error_at(Vec::new(), "missing option `template` of the launcher `template`", Some(hint));
            }
            Some(start) if !uses(start, &[JobVariable::Command, JobVariable::CommandLine]) => {
                let hint = "add \"{{ command }}\", the job's argument list, as an element".to_owned();
                let path = vec![PathSegment::Key(TEMPLATE.to_owned())];
                reader.error_at(path, "`template` does not contain the job's command", Some(hint));
            }
            _ => {}
        }
        let stop = elements(&mut reader, STOP, &STOP_VARIABLES);
        if stop.as_ref().is_some_and(|stop| !uses(stop, &[JobVariable::Job, JobVariable::Trial])) {
            let hint = "name the job in both `template` and `stop`: {{ job }}".to_owned();
            reader.error_at(vec![PathSegment::Key(STOP.to_owned())], "`stop` does not name a job", Some(hint));
        }
        let infrastructure = reader.mapping(INFRASTRUCTURE, infrastructure).unwrap_or_default();
        let gpus = match reader.raw(OWNS_GPUS) {
            None | Some(Value::Bool(false)) => GpuOwner::Hypertune,
            Some(Value::Bool(true)) => GpuOwner::Template,
            Some(other) => {
                reader.error(OWNS_GPUS, format!("`owns_gpus` must be true or false, found {}", describe(other)));
                GpuOwner::Hypertune
            }
        };
        let given = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), args.get(name)?.clone()))).collect();
        reader.finish(|| {
            Some(TemplateOptions { start: start?, stop: stop.unwrap_or_default(), infrastructure, gpus, given })
        })
    }

    /// The options as the journal records them.
    pub fn to_json(&self) -> Map<String, Value> {
        self.given.clone()
    }
}

fn uses(elements: &[Element], wanted: &[JobVariable]) -> bool {
    elements.iter().flat_map(Element::variables).any(|variable| wanted.contains(&variable))
}

/// The argument list `name`; `None` if it is absent or invalid.
fn elements(reader: &mut ArgReader<'_>, name: &str, allowed: &[JobVariable]) -> Option<Vec<Element>> {
    let items = match reader.raw(name)? {
        Value::Array(items) if !items.is_empty() => items,
        other => {
            let found = describe(other);
            let message = format!("`{name}` must be a list with a program and its arguments, found {found}");
            reader.error(name, message);
            return None;
        }
    };
    let mut elements = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let parsed = match item {
            Value::String(text) if text.is_empty() && at == 0 => {
                Err(ElementError { message: "the name of the program is empty".to_owned(), hint: None })
            }
            Value::String(text) => Element::parse(text, allowed),
            Value::Number(number) => Element::parse(&number.to_string(), allowed),
            // `{{ command }}` without quotes is a mapping in YAML.
            Value::Object(_) => {
                let hint = "put quotes around {{ … }}: \"{{ command }}\"".to_owned();
                Err(ElementError {
                    message: format!("an element of `{name}` must be text, found a mapping"),
                    hint: Some(hint),
                })
            }
            other => {
                let message = format!("an element of `{name}` must be text, found {}", describe(other));
                Err(ElementError { message, hint: None })
            }
        };
        match parsed {
            Ok(element) => elements.push(element),
            Err(ElementError { message, hint }) => {
                let path = vec![PathSegment::Key(name.to_owned()), PathSegment::Index(at)];
                reader.error_at(path, message, hint);
            }
        }
    }
    (elements.len() == items.len()).then_some(elements)
}

fn infrastructure(reader: &mut ArgReader<'_>) -> InfrastructureRule {
    let is_code =
        |value: &Value| value.as_i64().filter(|code| (1..256).contains(code)).and_then(|code| i32::try_from(code).ok());
    let listed: Option<Vec<i32>> = match reader.raw("exit") {
        None => Some(Vec::new()),
        Some(Value::Array(codes)) => codes.iter().map(is_code).collect(),
        Some(code) => is_code(code).map(|code| vec![code]),
    };
    if listed.is_none() {
        reader.error("exit", "`exit` must be a list of exit codes from 1 to 255");
    }
    let stderr =
        reader.optional_text("stderr").and_then(|text| match RegexBuilder::new(&text).multi_line(true).build() {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                reader.error("stderr", format!("invalid regular expression in `stderr`: {reason}"));
                None
            }
        });
    for name in reader.names().filter(|name| !["exit", "stderr"].contains(&name.as_str())).collect::<Vec<_>>() {
        let path = vec![PathSegment::Key(name.clone())];
        let hint = Some("its fields are `exit` and `stderr`".to_owned());
        reader.error_at(path, format!("unknown field `{name}` in `infrastructure`"), hint);
    }
    InfrastructureRule { exit: listed.unwrap_or_default(), stderr }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> Result<TemplateOptions, Vec<String>> {
        let args = options.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        TemplateOptions::read(&args).map_err(|errors| errors.into_iter().map(|error| error.message).collect())
    }

    fn errors(options: Value) -> Vec<String> {
        read(options).unwrap_err()
    }

    #[test]
    fn what_cannot_start_or_name_a_job_is_an_error() {
        assert_eq!(errors(json!({})), ["missing option `template` of the launcher `template`"]);
        let wrong = "`template` must be a list with a program and its arguments, found an empty list";
        assert_eq!(errors(json!({"template": []})), [wrong]);
        assert_eq!(errors(json!({"template": ["x", "y"]})), ["`template` does not contain the job's command"]);
        let nested = json!({"template": ["x", {"{command: null}": null}]});
        assert_eq!(errors(nested), ["an element of `template` must be text, found a mapping"]);
        let both = json!({"template": ["", "{{ commnad }}"], "stop": ["kubectl", "delete", "pods"], "owns_gpus": 1});
        assert_eq!(
            errors(both),
            [
                "the name of the program is empty",
                "unknown variable `commnad`",
                "`stop` does not name a job",
                "`owns_gpus` must be true or false, found the number 1"
            ]
        );
    }

    #[test]
    fn failures_of_the_infrastructure_are_found_by_code_or_message() {
        let rule = |rule: Value| {
            read(json!({"template": ["x", "{{ command }}"], "infrastructure": rule})).unwrap().infrastructure
        };
        let codes = rule(json!({"exit": [255, 3]}));
        assert!(codes.matches(Some(255), "") && codes.matches(Some(3), "") && !codes.matches(Some(1), "255"));
        assert!(!codes.matches(None, "") && rule(json!({"exit": 7})).matches(Some(7), ""));
        let lines = rule(json!({"stderr": "^Unable to connect"}));
        assert!(
            lines.matches(Some(1), "x\nUnable to connect to the server\n")
                && !lines.matches(Some(1), "so Unable to connect")
        );
        assert!(!lines.matches(Some(0), "Unable to connect, retrying") && lines.matches(None, "Unable to connect"));
        let success = json!({"template": ["x", "{{ command }}"], "infrastructure": {"exit": [7, 0]}});
        assert_eq!(errors(success), ["`exit` must be a list of exit codes from 1 to 255"]);
        let invalid =
            json!({"template": ["x", "{{ command }}"], "infrastructure": {"exit": [256], "stderr": "(", "exits": 1}});
        let messages = errors(invalid);
        assert_eq!(messages[0], "`exit` must be a list of exit codes from 1 to 255");
        assert!(messages[1].starts_with("invalid regular expression in `stderr`: unclosed group"), "{messages:?}");
        assert_eq!(messages[2], "unknown field `exits` in `infrastructure`");
    }
}
