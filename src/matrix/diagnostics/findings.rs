//! Collects errors and warnings while files are read.

use std::sync::Arc;

use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, Severity, Source, Styling};
use super::flag_texts::FlagTexts;
use crate::matrix::yaml::node::Span;
use crate::matrix::yaml::parse::ReadError;
use crate::types::printable::printable;

/// Most diagnostics that are kept; further errors are only counted.
const MAX_DIAGNOSTICS: usize = 100;

/// Errors and warnings found so far.
#[derive(Debug)]
pub struct Findings {
    /// The matrix file; its diagnostics are listed first.
    main: Arc<Source>,
    /// The text being read.
    source: Arc<Source>,
    /// Options of the command line that define parts of the matrix.
    flags: FlagTexts,
    found: Vec<Diagnostic>,
    dropped: usize,
}

impl Findings {
    /// Creates an empty collection for reading `source`.
    pub fn new(source: Arc<Source>) -> Findings {
        Findings { main: source.clone(), source, flags: FlagTexts::default(), found: Vec::new(), dropped: 0 }
    }

    /// Sets the options to which spans beyond the file refer.
    pub fn set_flags(&mut self, flags: FlagTexts) {
        self.flags = flags;
    }

    /// The text being read.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The line of byte `at`, from 1; 0 if [`Findings::is_full`].
    pub fn line(&self, at: usize) -> usize {
        if self.is_full() {
            return 0;
        }
        let before = self.source.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    /// Whether further errors are only counted, so that hints need not be computed.
    pub fn is_full(&self) -> bool {
        self.found.len() >= MAX_DIAGNOSTICS
    }

    /// Adds an error at `span`.
    pub fn error(&mut self, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, Some(span), message.into(), None);
    }

    /// Adds an error at `span` with an optional hint.
    pub fn error_with(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Error, Some(span), message.into(), hint);
    }

    /// Adds a warning at `span` with an optional hint.
    pub fn warn(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Warning, Some(span), message.into(), hint);
    }

    /// Adds an error about the whole text.
    pub fn error_without_span(&mut self, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Error, None, message.into(), hint);
    }

    /// Runs `read` with `source` as the text being read.
    pub fn in_source<T>(&mut self, source: &Arc<Source>, read: impl FnOnce(&mut Findings) -> T) -> T {
        let outer = self.replace_source(source.clone());
        let result = read(self);
        self.source = outer;
        result
    }

    /// Sets the text being read; returns the one before.
    pub fn replace_source(&mut self, source: Arc<Source>) -> Arc<Source> {
        std::mem::replace(&mut self.source, source)
    }

    /// Adds an error of the YAML parser.
    pub fn read_error(&mut self, error: ReadError) {
        self.add(Severity::Error, error.span, error.message, error.hint);
    }

    /// Number of errors, including those that were not kept.
    pub fn error_count(&self) -> usize {
        self.dropped + self.found.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// All diagnostics in the order of the text, those about other texts last.
    pub fn into_error(mut self) -> InvalidFileError {
        let main = self.main;
        self.found.sort_by_key(|d| (!Arc::ptr_eq(&d.source, &main), d.span.as_ref().map(|s| s.start)));
        self.found.dedup();
        InvalidFileError { file: main.name.clone(), diagnostics: self.found, dropped: self.dropped }
    }

    /// Removes an error that is explained better by another one.
    pub fn retract(&mut self, span: &Span, message: &str) {
        let span = self.flags.locate(span).map_or_else(|| span.clone(), |(_, span)| span);
        self.found.retain(|d| d.span.as_ref() != Some(&span) || d.message != message);
    }

    /// Adds a diagnostic about any text.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.dropped += usize::from(diagnostic.severity == Severity::Error);
            return;
        }
        self.found.push(diagnostic);
    }

    fn add(&mut self, severity: Severity, span: Option<Span>, message: String, hint: Option<String>) {
        let in_flags = span.as_ref().and_then(|span| self.flags.locate(span));
        let (source, span) =
            in_flags.map_or_else(|| (self.source.clone(), span), |(source, span)| (source, Some(span)));
        self.push(Diagnostic { severity, message, hint, source, span });
    }
}

/// The errors and warnings in an invalid file.
#[derive(Clone, PartialEq, Debug)]
pub struct InvalidFileError {
    /// The path of the file.
    pub file: String,
    /// At least one is an error.
    pub diagnostics: Vec<Diagnostic>,
    /// Number of further errors.
    pub dropped: usize,
}

impl InvalidFileError {
    /// A single error about the whole file.
    pub fn of(file: &str, message: impl Into<String>, hint: Option<String>) -> InvalidFileError {
        let mut findings = Findings::new(Arc::new(Source { name: file.to_owned(), text: String::new() }));
        findings.error_without_span(message, hint);
        findings.into_error()
    }

    /// Number of errors, including those that are not listed.
    pub fn error_count(&self) -> usize {
        self.dropped + self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Renders every diagnostic with its source line, then the number of errors, without a final newline.
    pub fn render(&self, styling: Styling) -> String {
        let mut blocks: Vec<String> = self.diagnostics.iter().map(|d| d.render(styling)).collect();
        let file = printable(&self.file);
        blocks.push(match self.error_count() {
            1 => format!("{file}: 1 error, nothing was launched"),
            n if self.dropped > 0 => format!("{file}: {n} errors, {} not shown, nothing was launched", self.dropped),
            n => format!("{file}: {n} errors, nothing was launched"),
        });
        blocks.join("\n\n")
    }

    /// `{"file","errors","diagnostics":[…]}`.
    pub fn to_json(&self) -> Value {
        let all: Vec<Value> = self.diagnostics.iter().map(Diagnostic::to_json).collect();
        json!({ "file": self.file, "errors": self.error_count(), "diagnostics": all })
    }
}

impl std::fmt::Display for InvalidFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Styling::Plain))
    }
}

impl std::error::Error for InvalidFileError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Findings {
        Findings::new(Arc::new(Source { name: "m.yaml".into(), text: text.into() }))
    }

    #[test]
    fn a_diagnostic_shows_its_line_and_a_caret() {
        let mut found = findings("kind: x\nétat: bad value \nrest: 1\n");
        found.error_with(15..24, "no such thing", Some("did you mean `good`?".into()));
        found.error_without_span("and the file is odd", None);
        let error = found.into_error();
        insta::assert_snapshot!(error.render(Styling::Plain), @"
        error: and the file is odd
        --> m.yaml

        error: no such thing
         --> m.yaml:2:7
          |
        2 | état: bad value
          |       ^^^^^^^^^
          |
          = help: did you mean `good`?

        m.yaml: 2 errors, nothing was launched
        ");
    }

    #[test]
    fn any_span_can_be_rendered() {
        let texts = ["", "\n", "é", "a\r\nb\r\n", "\t\u{1b}[31mx\u{0}y", "日本\n語"];
        for text in texts {
            for start in 0..text.len() + 2 {
                for end in start..text.len() + 2 {
                    let mut found = findings(text);
                    found.error(start..end, "x");
                    assert!(found.into_error().render(Styling::Plain).contains("m.yaml"), "{text:?} {start} {end}");
                }
            }
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut found = findings(&"x".repeat(3 << 20));
        found.error(1_000_000..2_000_000, "long");
        assert!(found.into_error().render(Styling::Plain).len() < 2_000);
    }

    #[test]
    fn the_number_of_diagnostics_is_limited() {
        let mut found = findings("x");
        (0..1_000).for_each(|n| found.error(0..1, format!("e{n}")));
        let error = found.into_error();
        assert_eq!((error.diagnostics.len(), error.error_count()), (MAX_DIAGNOSTICS, 1_000));
    }
}
