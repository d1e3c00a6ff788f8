//! Writes an imported study as a matrix, with its notes as comments.

mod scalar;

use serde_json::{Map, Value, json};

use super::note::Note;
use super::study::{ImportedCommand, ImportedParam, ImportedStudy};
use crate::matrix::foreign::search_text;
use crate::types::printable::printable;
use scalar::{flow, scalar};

/// Longest line of a comment, in characters.
const MAX_COLUMNS: usize = 110;

/// The YAML of `study`, with a line that says where it comes from.
pub fn yaml(study: &ImportedStudy, origin: &str) -> String {
    let mut out = Lines::default();
    out.comment(0, origin);
    study.notes.iter().for_each(|note| out.comment(0, &note.text()));
    out.line(0, "matrix:");
    for field in &study.fields {
        out.notes(1, &field.notes);
        match &field.value {
            Value::Array(rules) if field.name == "earlyStopping" => {
                out.line(1, "earlyStopping:");
                rules.iter().for_each(|rule| out.line(2, &format!("- {}", flow(rule))));
            }
            value => out.line(1, &format!("{}: {}", field.name, flow(value))),
        }
    }
    out.line(1, "params:");
    for param in &study.params {
        out.notes(2, &param.notes);
        out.line(2, &format!("{}: {}", scalar(&param.name), flow(&declaration(param))));
    }
    if let Some(command) = &study.command {
        write_command(command, &mut out);
    }
    out.text
}

/// The value of a parameter in `params`.
fn declaration(param: &ImportedParam) -> Value {
    let (kind, value) = (param.domain.kind.unwrap_or("constant"), &param.domain.value);
    let is_plain = match value {
        Value::Null | Value::Object(_) | Value::Array(_) => false,
        // the matrix would read it as a parameter
        Value::String(text) => search_text(text).is_none(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let is_bare = param.domain.kind.is_none() && param.when.is_empty() && is_plain;
    if is_bare {
        return value.clone();
    }
    let mut fields = Map::from_iter([("kind".to_owned(), kind.into()), ("value".to_owned(), value.clone())]);
    if !param.when.is_empty() {
        let condition = |(name, values): &(String, Vec<Value>)| {
            let value = if let [value] = values.as_slice() { value.clone() } else { Value::Array(values.clone()) };
            (name.clone(), value)
        };
        fields.insert("when".to_owned(), Value::Object(param.when.iter().map(condition).collect()));
    }
    Value::Object(fields)
}

fn write_command(command: &ImportedCommand, out: &mut Lines) {
    out.line(0, "component:");
    out.line(1, "container:");
    out.notes(2, &command.notes);
    out.line(2, &format!("command: {}", flow(&json!(command.words))));
    if !command.variables.is_empty() {
        out.line(2, "env:");
    }
    for (name, value) in &command.variables {
        out.line(3, &format!("- {}", flow(&json!({ "name": name, "value": value }))));
    }
}

/// A text that is written line by line.
#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, level: usize, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn notes(&mut self, level: usize, notes: &[Note]) {
        notes.iter().for_each(|note| self.comment(level, &note.text()));
    }

    /// A comment, wrapped at blanks.
    fn comment(&mut self, level: usize, text: &str) {
        let text = printable(text);
        let mut line = String::from("#");
        for word in text.split(' ') {
            if line.chars().count() + word.chars().count() + 2 * level >= MAX_COLUMNS && line.len() > 3 {
                self.line(level, &line);
                line = String::from("#  ");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(level, &line);
    }
}
