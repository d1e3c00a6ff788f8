//! Elements of an argument list with variables: `{{ name }}`.

use std::fmt;

use self::JobVariable::{Attempt, Command, CommandLine, Directory, Env, Job, Rung, Signal, Slot, Study, Trial};

/// A variable in an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobVariable {
    /// The job's argument list, as elements.
    Command,
    /// The same as one text for a POSIX shell.
    CommandLine,
    /// `NAME=VALUE` of each variable that hypertune sets; its element is repeated for each.
    Env,
    /// A name of the job, unique to each attempt.
    Job,
    Trial,
    Rung,
    Attempt,
    Slot,
    /// The absolute path of the study's folder.
    Study,
    /// The absolute path of the job's working directory.
    Directory,
    /// `INT`, `TERM` or `KILL`.
    Signal,
}

/// Names of variables.
const NAMES: [(&str, JobVariable); 11] = [
    ("command", Command),
    ("command_line", CommandLine),
    ("env", Env),
    ("job", Job),
    ("trial", Trial),
    ("rung", Rung),
    ("attempt", Attempt),
    ("slot", Slot),
    ("study", Study),
    ("directory", Directory),
    ("signal", Signal),
];

/// The variables of `template`.
pub const TEMPLATE_VARIABLES: [JobVariable; 10] =
    [Command, CommandLine, Env, Job, Trial, Rung, Attempt, Slot, Study, Directory];
/// The variables of `stop`, which may end a job of an earlier session.
pub const STOP_VARIABLES: [JobVariable; 5] = [Job, Trial, Rung, Attempt, Signal];

impl fmt::Display for JobVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, variable)| variable == self).map_or("", |(name, _)| name);
        write!(f, "{{{{ {name} }}}}")
    }
}

/// The values of variables.
pub trait VariableValues {
    /// The value of a variable that is one text.
    fn text(&self, variable: JobVariable) -> String;
    /// The value of [`JobVariable::Command`] or [`JobVariable::Env`].
    fn list(&self, variable: JobVariable) -> Vec<String>;
}

/// An argument with variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Variable(JobVariable),
}

/// What is wrong with an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElementError {
    pub message: String,
    pub hint: Option<String>,
}

impl Element {
    /// Parses `text`, in which the variables `allowed` may be used. Braces without a name in them are text.
    ///
    /// # Errors
    /// A variable is unknown or misplaced.
    pub fn parse(text: &str, allowed: &[JobVariable]) -> Result<Element, ElementError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_variable(rest) {
            let found = NAMES.iter().find(|(known, _)| *known == name).map(|(_, variable)| *variable);
            let Some(variable) = found.filter(|variable| allowed.contains(variable)) else {
                let known: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                let hint = format!("the variables here are {}", known.join(", "));
                return Err(ElementError { message: format!("unknown variable `{name}`"), hint: Some(hint) });
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Variable(variable));
            rest = after;
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let element = Element(pieces);
        let repeated = element.variables().filter(|variable| *variable == Env).count();
        if element.variables().any(|variable| variable == Command) && element.0.len() > 1 {
            let hint = format!("within a text, use {CommandLine}, which is quoted for a shell");
            let message = format!("{Command} must be an element of its own");
            return Err(ElementError { message, hint: Some(hint) });
        }
        if repeated > 1 {
            return Err(ElementError { message: format!("{Env} can be used once in an element"), hint: None });
        }
        Ok(element)
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = JobVariable> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(*variable),
            Piece::Text(_) => None,
        })
    }

    /// Its arguments.
    fn expand(&self, values: &dyn VariableValues) -> Vec<String> {
        let repeats = |variable: &JobVariable| matches!(variable, Command | Env);
        let Some(list) = self.variables().find(repeats).map(|variable| values.list(variable)) else {
            return vec![self.text("", values)];
        };
        list.iter().map(|item| self.text(item, values)).collect()
    }

    /// Its text, with `item` for a variable that is a list.
    fn text(&self, item: &str, values: &dyn VariableValues) -> String {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(Command | Env) => item.to_owned(),
            Piece::Variable(variable) => values.text(*variable),
        });
        texts.collect()
    }
}

/// The argument list of `elements`.
pub fn expand(elements: &[Element], values: &dyn VariableValues) -> Vec<String> {
    elements.iter().flat_map(|element| element.expand(values)).collect()
}

/// What is before the first `{{ name }}`, the name, and what follows.
fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|start| from + start) {
        let inside = &text[start + 2..];
        if let Some((name, after)) = inside.split_once("}}") {
            let name = name.trim();
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_name {
                return Some((&text[..start], name, after));
            }
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl VariableValues for Fixed {
        fn text(&self, variable: JobVariable) -> String {
            format!("<{variable}>")
        }

        fn list(&self, variable: JobVariable) -> Vec<String> {
            match variable {
                Env => vec!["A=1".to_owned(), "B={{ job }}".to_owned()],
                _ => vec!["python3".to_owned(), String::new(), "--x={{ env }}".to_owned()],
            }
        }
    }

    fn expanded(texts: &[&str]) -> Vec<String> {
        let elements: Vec<Element> =
            texts.iter().map(|text| Element::parse(text, &TEMPLATE_VARIABLES).unwrap()).collect();
        expand(&elements, &Fixed)
    }

    #[test]
    fn variables_are_replaced_and_lists_become_several_arguments() {
        assert_eq!(expanded(&["{{ command }}"]), ["python3", "", "--x={{ env }}"], "values are not expanded again");
        assert_eq!(expanded(&["--env={{env}}@{{ job }}"]), ["--env=A=1@<{{ job }}>", "--env=B={{ job }}@<{{ job }}>"]);
        assert_eq!(expanded(&["a-{{job}}-{{ trial }}", ""]), ["a-<{{ job }}>-<{{ trial }}>", ""]);
    }

    #[test]
    fn braces_without_a_name_are_text() {
        for text in ["{{.status.phase}}", "{{", "}}", "{{ }}", "{{{}}}", "{{ 1 }}", "é{{ .x }}"] {
            assert_eq!(expanded(&[text]), [text]);
        }
        assert_eq!(expanded(&["{{ .x }}{{ job }}"]), ["{{ .x }}<{{ job }}>"]);
    }

    #[test]
    fn unknown_and_misplaced_variables_are_errors() {
        let error = |text: &str, allowed: &[JobVariable]| Element::parse(text, allowed).unwrap_err();
        let ElementError { message, hint } = error("{{ jobs }}", &STOP_VARIABLES);
        assert_eq!(message, "unknown variable `jobs`");
        let known = "the variables here are {{ job }}, {{ trial }}, {{ rung }}, {{ attempt }}, {{ signal }}";
        assert_eq!(hint.as_deref(), Some(known));
        assert_eq!(error("{{ command }}", &STOP_VARIABLES).message, "unknown variable `command`");
        assert_eq!(
            error("sh -c {{ command }}", &TEMPLATE_VARIABLES).message,
            "{{ command }} must be an element of its own"
        );
        assert_eq!(
            error("{{ env }}{{ env }}", &TEMPLATE_VARIABLES).message,
            "{{ env }} can be used once in an element"
        );
    }
}
