//! Findings collected while files are read, and the report that is made of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, Severity, Source, Styling};
use crate::matrix::yaml::node::Span;
use crate::matrix::yaml::parse::ReadError;
use crate::words::printable::printable;

/// Most diagnostics that are kept; what goes beyond is counted.
const MOST: usize = 100;

/// Findings about one text, in the order they were made.
#[derive(Debug)]
pub struct Findings {
    /// The text whose findings come first in a report.
    main: Arc<Source>,
    /// The text that is being read.
    source: Arc<Source>,
    found: Vec<Diagnostic>,
    dropped: usize,
}

impl Findings {
    /// None yet.
    pub fn new(source: Arc<Source>) -> Findings {
        Findings { main: source.clone(), source, found: Vec::new(), dropped: 0 }
    }

    /// The text that is being read.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        if self.is_full() {
            return 0;
        }
        let before = self.source.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    /// Whether further findings are only counted, so that no hint need be looked for.
    pub fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// Notes an error at `span`.
    pub fn error(&mut self, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, Some(span), message.into(), None);
    }

    /// Notes an error at `span` with a hint, where there is one.
    pub fn error_with(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Error, Some(span), message.into(), hint);
    }

    /// Notes something worth knowing at `span`.
    pub fn warn(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Warning, Some(span), message.into(), hint);
    }

    /// Notes an error about the text as a whole.
    pub fn whole(&mut self, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Error, None, message.into(), hint);
    }

    /// Lets `read` note findings about another text.
    pub fn within<T>(&mut self, source: &Arc<Source>, read: impl FnOnce(&mut Findings) -> T) -> T {
        let outer = std::mem::replace(&mut self.source, source.clone());
        let result = read(self);
        self.source = outer;
        result
    }

    /// Notes why the text is no document.
    pub fn unreadable(&mut self, fault: ReadError) {
        self.add(Severity::Error, fault.span, fault.message, fault.hint);
    }

    /// How many errors there are so far.
    pub fn errors(&self) -> usize {
        self.dropped + self.found.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Everything that was found, in the order of the text; other texts come after the main one.
    pub fn into_report(mut self) -> InvalidFileError {
        let main = self.main;
        self.found.sort_by_key(|d| (!Arc::ptr_eq(&d.source, &main), d.span.as_ref().map(|s| s.start)));
        self.found.dedup();
        InvalidFileError { file: main.name.clone(), diagnostics: self.found, dropped: self.dropped }
    }

    /// Forgets an error that another finding explains better.
    pub fn take_back(&mut self, span: &Span, message: &str) {
        self.found.retain(|d| d.span.as_ref() != Some(span) || d.message != message);
    }

    /// Notes a finding about any text.
    pub fn push(&mut self, finding: Diagnostic) {
        if self.is_full() {
            self.dropped += usize::from(finding.severity == Severity::Error);
            return;
        }
        self.found.push(finding);
    }

    fn add(&mut self, severity: Severity, span: Option<Span>, message: String, hint: Option<String>) {
        self.push(Diagnostic { severity, message, hint, source: self.source.clone(), span });
    }
}

/// Everything found in files that cannot run.
#[derive(Clone, PartialEq, Debug)]
pub struct InvalidFileError {
    /// The file that was to be read.
    pub file: String,
    /// At least one of them an error.
    pub diagnostics: Vec<Diagnostic>,
    /// Further errors that are not listed.
    pub dropped: usize,
}

impl InvalidFileError {
    /// One finding about a file as a whole.
    pub fn of(file: &str, message: impl Into<String>, hint: Option<String>) -> InvalidFileError {
        let mut findings = Findings::new(Arc::new(Source { name: file.to_owned(), text: String::new() }));
        findings.whole(message, hint);
        findings.into_report()
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.dropped + self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Every finding with its source line, and their count. Ends without a line break.
    pub fn render(&self, styling: Styling) -> String {
        let mut blocks: Vec<String> = self.diagnostics.iter().map(|d| d.render(styling)).collect();
        let file = printable(&self.file);
        blocks.push(match self.errors() {
            1 => format!("{file}: 1 error, nothing was launched"),
            n if self.dropped > 0 => format!("{file}: {n} errors, {} not shown, nothing was launched", self.dropped),
            n => format!("{file}: {n} errors, nothing was launched"),
        });
        blocks.join("\n\n")
    }

    /// `{"file","errors","diagnostics":[…]}`.
    pub fn to_json(&self) -> Value {
        let all: Vec<Value> = self.diagnostics.iter().map(Diagnostic::to_json).collect();
        json!({ "file": self.file, "errors": self.errors(), "diagnostics": all })
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
    fn a_finding_shows_its_line_and_caret() {
        let mut found = findings("kind: x\nétat: bad value \nrest: 1\n");
        found.error_with(15..24, "no such thing", Some("did you mean `good`?".into()));
        found.whole("and the file is odd", None);
        let report = found.into_report();
        insta::assert_snapshot!(report.render(Styling::Plain), @"
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
    fn any_span_of_any_text_renders() {
        let texts = ["", "\n", "é", "a\r\nb\r\n", "\t\u{1b}[31mx\u{0}y", "日本\n語"];
        for text in texts {
            for start in 0..text.len() + 2 {
                for end in start..text.len() + 2 {
                    let mut found = findings(text);
                    found.error(start..end, "x");
                    assert!(found.into_report().render(Styling::Plain).contains("m.yaml"), "{text:?} {start} {end}");
                }
            }
        }
    }

    #[test]
    fn a_line_of_megabytes_is_cut() {
        let mut found = findings(&"x".repeat(3 << 20));
        found.error(1_000_000..2_000_000, "long");
        assert!(found.into_report().render(Styling::Plain).len() < 2_000);
    }

    #[test]
    fn findings_are_bounded() {
        let mut found = findings("x");
        (0..1_000).for_each(|n| found.error(0..1, format!("e{n}")));
        let report = found.into_report();
        assert_eq!((report.diagnostics.len(), report.errors()), (MOST, 1_000));
    }
}
