//! What could not be carried over, at the line where it was written.

use serde_json::{Value, json};

/// Something in a file that is missing or different in the matrix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The file, unless it is the imported one.
    pub file: Option<String>,
    /// The line, from 1; `None` for something that the file lacks.
    pub line: Option<usize>,
    /// What is missing or different and why, a fragment.
    pub message: String,
    /// What to do; empty if nothing needs to be done.
    pub action: String,
}

impl Note {
    /// A note without a line.
    pub fn without_line(message: impl Into<String>, action: impl Into<String>) -> Note {
        Note { file: None, line: None, message: message.into(), action: action.into() }
    }

    /// The note as the text of a comment.
    pub fn text(&self) -> String {
        let place = match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}, line {line}: "),
            (None, Some(line)) => format!("line {line}: "),
            _ => String::new(),
        };
        let separator = if self.action.is_empty() { "" } else { "; " };
        format!("{place}{}{separator}{}", self.message, self.action)
    }

    /// `{"file","line","message","action","at"}`; `at` is the field of the matrix that the note is about.
    pub fn to_json(&self, at: Option<&str>) -> Value {
        let action = Some(&self.action).filter(|action| !action.is_empty());
        json!({ "file": self.file, "line": self.line, "message": self.message, "action": action, "at": at })
    }
}
