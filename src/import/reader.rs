//! Reads values from nodes of the file and records errors.

use std::sync::Arc;

use serde_json::{Number, Value};

use super::note::Note;
use super::study::ImportedParam;
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::{Content, Node, Span};

/// The errors of an import, and the text that is being read.
#[derive(Debug)]
pub struct Reader {
    /// Errors so far.
    pub findings: Findings,
    /// The name of the file being read, unless it is the imported one.
    file: Option<String>,
    /// The byte offsets at which its lines after the first start.
    line_starts: Vec<usize>,
}

impl Reader {
    /// Reads a file whose errors are recorded in `findings`.
    pub fn new(findings: Findings) -> Reader {
        let line_starts = line_starts(&findings.source().text);
        Reader { findings, file: None, line_starts }
    }

    /// Runs `read` with another file, called `name` in notes.
    pub fn in_source(&mut self, source: &Arc<Source>, name: &str, read: impl FnOnce(&mut Reader)) {
        let outer = self.findings.replace_source(source.clone());
        let outer_file = self.file.replace(name.to_owned());
        let outer_starts = std::mem::replace(&mut self.line_starts, line_starts(&source.text));
        read(self);
        (self.file, self.line_starts) = (outer_file, outer_starts);
        self.findings.replace_source(outer);
    }

    /// A note about what is at `span`.
    pub fn note(&self, span: &Span, message: impl Into<String>, action: impl Into<String>) -> Note {
        let line = 1 + self.line_starts.partition_point(|start| *start <= span.start);
        Note { file: self.file.clone(), line: Some(line), message: message.into(), action: action.into() }
    }

    /// Records an error.
    pub fn error(&mut self, span: &Span, message: impl Into<String>, hint: &str) {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        self.findings.error_with(span.clone(), message, hint);
    }

    /// The node as JSON; a number that is not finite is an error.
    pub fn json(&mut self, node: &Node) -> Value {
        let mut refused = Vec::new();
        let value = node.to_json(&mut refused);
        for span in refused {
            self.error(&span, "the number must be finite", "");
        }
        value
    }

    /// A finite number, which may be written as text.
    pub fn number(&mut self, node: &Node, what: &str) -> Option<Number> {
        let found = match &node.content {
            Content::Number(number) => Some(number.clone()),
            Content::Text(text) => text_number(text),
            _ => None,
        };
        if found.is_none() {
            self.error(&node.span, format!("{what} must be a number, found {}", node.describe()), "");
        }
        found
    }

    /// A whole number, which may be written as text; 3.0 is read as 3.
    pub fn whole(&mut self, node: &Node, what: &str) -> Option<i64> {
        let found = self.number(node, what)?;
        let whole = whole(&found);
        if whole.is_none() {
            self.error(&node.span, format!("{what} must be a whole number, found {}", node.describe()), "");
        }
        whole
    }

    /// A whole number ≥ 1, which may be written as text.
    pub fn positive(&mut self, node: &Node, what: &str) -> Option<u64> {
        let found = self.whole(node, what)?;
        let positive = u64::try_from(found).ok().filter(|count| *count > 0);
        if positive.is_none() {
            self.error(&node.span, format!("{what} must be 1 or more, found {found}"), "");
        }
        positive
    }

    /// Text that is not blank.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let found = node.text().filter(|text| !text.trim().is_empty());
        if found.is_none() {
            self.error(&node.span, format!("{what} must be text, found {}", node.describe()), "");
        }
        found
    }

    /// The elements of a list that is not empty.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        let found = node.list().filter(|items| !items.is_empty());
        if found.is_none() {
            self.error(&node.span, format!("{what} must be a list with elements, found {}", node.describe()), "");
        }
        found
    }

    /// Records an error at the parameter for each fault of its domain; returns whether there is none.
    pub fn check_domain(&mut self, param: &ImportedParam) -> bool {
        let errors = param.domain.check().err().unwrap_or_default();
        for error in &errors {
            let message = format!("parameter `{}`: {}", param.name, error.message);
            self.error(&param.span, message, error.hint.as_deref().unwrap_or_default());
        }
        errors.is_empty()
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(at, _)| at + 1).collect()
}

/// A finite number in text.
pub fn text_number(text: &str) -> Option<Number> {
    let text = text.trim();
    let integer = || text.parse::<i64>().ok().map(Number::from);
    // `f64::from_str` also reads `inf` and `nan`
    let float = || text.parse::<f64>().ok().filter(|x| x.is_finite()).and_then(Number::from_f64);
    integer().or_else(float)
}

/// The number as an integer, if it is whole.
pub fn whole(number: &Number) -> Option<i64> {
    let float = || number.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e15).map(|x| x as i64);
    number.as_i64().or_else(float)
}
