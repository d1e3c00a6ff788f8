//! An error or warning about a text, rendered with its source line or as JSON.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use crate::matrix::yaml::node::Span;
use crate::types::printable::{is_printable, printable, printable_lines};

/// Longest part of a source line that is shown before and after the start of the span, in bytes.
const WINDOW: usize = 160;

/// A text that diagnostics refer to.
#[derive(PartialEq, Eq, Debug)]
pub struct Source {
    /// The path as the user gave it.
    pub name: String,
    /// Its content; empty if the file is unreadable.
    pub text: String,
}

/// Errors prevent a run, warnings do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The file is invalid.
    Error,
    /// The file is valid, but may not do what was intended.
    Warning,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Whether output has colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Styling {
    /// No escape sequences: for pipes, files and NO_COLOR.
    #[default]
    Plain,
    /// Escape sequences for terminals.
    Styled,
}

/// An error or warning.
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnostic {
    /// Whether it is an error.
    pub severity: Severity,
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// What to do, or what was probably intended.
    pub hint: Option<String>,
    /// The text it refers to.
    pub source: Arc<Source>,
    /// The bytes it refers to; `None` for the whole text.
    pub span: Option<Span>,
}

/// A position in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineColumn {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Diagnostic {
    /// Where its span starts.
    pub fn line_column(&self) -> Option<LineColumn> {
        let (line, shown) = self.line()?;
        let number = 1 + self.source.text[..line.start].bytes().filter(|b| *b == b'\n').count();
        let column = 1 + self.source.text[line.start..shown.start].chars().count();
        Some(LineColumn { line: number, column })
    }

    /// Renders the diagnostic with its source line and a caret.
    pub fn render(&self, styling: Styling) -> String {
        let renderer = match styling {
            Styling::Plain => Renderer::plain(),
            Styling::Styled => Renderer::styled(),
        };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let (message, name) = (printable_lines(&self.message), printable(&self.source.name));
        let hint = self.hint.as_deref().map(printable_lines);
        let mut group = Group::with_title(level.primary_title(message.as_ref()));
        group = match (self.line(), self.line_column()) {
            (Some((line, span)), Some(position)) => {
                let (text, caret, cut) =
                    window(&self.source.text[line.clone()], span.start - line.start..span.end - line.start);
                let name = name.as_ref();
                let snippet =
                    Snippet::source(text).line_start(position.line).annotation(AnnotationKind::Primary.span(caret));
                match cut {
                    Cut::Whole => group.element(snippet.path(name)),
                    // the snippet counts its column from the cut
                    Cut::Front => {
                        let origin = Origin::path(name).line(position.line).char_column(position.column);
                        group.element(origin).element(snippet)
                    }
                }
            }
            _ => group.element(Origin::path(name.as_ref())),
        };
        if let Some(hint) = &hint {
            group = group.element(Level::HELP.message(hint.as_ref()));
        }
        renderer.render(&[group])
    }

    /// `{"severity","file","line","column","message","hint"}`.
    pub fn to_json(&self) -> Value {
        let position = self.line_column();
        json!({
            "severity": self.severity.name(),
            "file": self.source.name,
            "line": position.map(|p| p.line),
            "column": position.map(|p| p.column),
            "message": self.message,
            "hint": self.hint,
        })
    }

    /// The byte range of the line in which the span starts, and the part of the span on that line.
    fn line(&self) -> Option<(Range<usize>, Range<usize>)> {
        let text = &self.source.text;
        let span = self.span.as_ref()?;
        let start = boundary(text, span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line_end = line_start + text[line_start..line_end].trim_end().len();
        let start = start.min(line_end);
        let end = boundary(text, span.end.clamp(start, line_end));
        let end = start + text[start..end].trim_end().len();
        Some((line_start..line_end, start..end))
    }
}

/// The nearest character boundary at or before `at`.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether the start of a line is omitted.
enum Cut {
    Whole,
    Front,
}

/// The part of a long line around the start of `span`, and the position of `span` in it.
fn window(line: &str, span: Range<usize>) -> (String, Range<usize>, Cut) {
    let window_start = boundary(line, span.start.saturating_sub(WINDOW));
    let window_end = boundary(line, line.len().min(span.start + WINDOW));
    let end = boundary(line, span.end.min(window_end)).max(span.start);
    let cut = if window_start == 0 { Cut::Whole } else { Cut::Front };
    let parts = [&line[window_start..span.start], &line[span.start..end], &line[end..window_end]];
    let [before, marked, after] = parts.map(replace_unprintable);
    let caret = before.len()..before.len() + marked.len();
    (before + &marked + &after, caret, cut)
}

/// Replaces each character that is not printable by one that is, so that columns do not change.
fn replace_unprintable(part: &str) -> String {
    part.chars().map(|c| if c == '\t' || is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
