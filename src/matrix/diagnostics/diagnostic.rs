//! What is wrong or worth knowing about a file, shown with the source line and a caret, or as JSON.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use crate::matrix::yaml::node::Span;
use crate::words::printable::{is_printable, printable, printable_lines};

/// Longest part of a source line that is shown, in bytes before and after the place.
const WINDOW: usize = 160;

/// A text that diagnostics point into.
#[derive(PartialEq, Eq, Debug)]
pub struct Source {
    /// The file as it was given.
    pub name: String,
    /// Its text; empty if it could not be read.
    pub text: String,
}

/// How grave it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Nothing can run.
    Error,
    /// It runs, and perhaps not as meant.
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

/// With or without colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Styling {
    /// For pipes, files and NO_COLOR.
    #[default]
    Plain,
    /// For terminals.
    Styled,
}

/// One finding.
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnostic {
    /// How grave.
    pub severity: Severity,
    /// A lowercase sentence.
    pub message: String,
    /// What to do, or what was probably meant.
    pub hint: Option<String>,
    /// The text it is about.
    pub source: Arc<Source>,
    /// The bytes it is about; `None`: the text as a whole.
    pub span: Option<Span>,
}

/// A place in a text as people count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineColumn {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Diagnostic {
    /// Where it is, if it is in one place.
    pub fn place(&self) -> Option<LineColumn> {
        let (line, shown) = self.line()?;
        let number = 1 + self.source.text[..line.start].bytes().filter(|b| *b == b'\n').count();
        let column = 1 + self.source.text[line.start..shown.start].chars().count();
        Some(LineColumn { line: number, column })
    }

    /// The finding with its source line and a caret.
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
        group = match (self.line(), self.place()) {
            (Some((line, span)), Some(place)) => {
                let (text, caret, cut) =
                    window(&self.source.text[line.clone()], span.start - line.start..span.end - line.start);
                let name = name.as_ref();
                let snippet =
                    Snippet::source(text).line_start(place.line).annotation(AnnotationKind::Primary.span(caret));
                match cut {
                    Cut::Whole => group.element(snippet.path(name)),
                    // The snippet would count its column from the cut.
                    Cut::Front => {
                        let origin = Origin::path(name).line(place.line).char_column(place.column);
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
        let place = self.place();
        json!({
            "severity": self.severity.name(),
            "file": self.source.name,
            "line": place.map(|p| p.line),
            "column": place.map(|p| p.column),
            "message": self.message,
            "hint": self.hint,
        })
    }

    /// The bytes of the line it starts in, and the part of its span inside that line.
    fn line(&self) -> Option<(Range<usize>, Range<usize>)> {
        let text = &self.source.text;
        let span = self.span.as_ref()?;
        let start = boundary(text, span.start.min(text.len()));
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let upto = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let upto = from + text[from..upto].trim_end().len();
        let start = start.min(upto);
        let end = boundary(text, span.end.clamp(start, upto));
        let end = start + text[start..end].trim_end().len();
        Some((from..upto, start..end))
    }
}

/// The nearest character boundary at or before `at`.
fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether a shown line lacks its beginning.
enum Cut {
    Whole,
    Front,
}

/// The part of a line around `span`, so that a line of megabytes stays readable.
fn window(line: &str, span: Range<usize>) -> (String, Range<usize>, Cut) {
    let from = boundary(line, span.start.saturating_sub(WINDOW));
    let upto = boundary(line, line.len().min(span.start + WINDOW));
    let end = boundary(line, span.end.min(upto)).max(span.start);
    let cut = if from == 0 { Cut::Whole } else { Cut::Front };
    let [before, marked, after] = [&line[from..span.start], &line[span.start..end], &line[end..upto]].map(shown);
    let caret = before.len()..before.len() + marked.len();
    (before + &marked + &after, caret, cut)
}

/// A part of a source line, a replacement for each character that is not printable so that columns stay as they are.
fn shown(part: &str) -> String {
    part.chars().map(|c| if c == '\t' || is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
