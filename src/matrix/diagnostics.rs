//! What is wrong or worth knowing about a file: collected while reading, shown with the source line and a caret, or as JSON.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::node::Span;

/// Most diagnostics that are kept of one file; what goes beyond is counted.
const MOST: usize = 100;

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
pub enum Paint {
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
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Diagnostic {
    /// Where it is, if it is in one place.
    pub fn place(&self) -> Option<Place> {
        let (line, shown) = self.line()?;
        let number = 1 + self.source.text[..line.start].bytes().filter(|b| *b == b'\n').count();
        let column = 1 + self.source.text[line.start..shown.start].chars().count();
        Some(Place { line: number, column })
    }

    /// The finding with its source line and a caret.
    pub fn render(&self, paint: Paint) -> String {
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Styled => Renderer::styled(),
        };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        group = match (self.line(), self.place()) {
            (Some((line, span)), Some(place)) => {
                let (text, caret, cut) =
                    window(&self.source.text[line.clone()], span.start - line.start..span.end - line.start);
                let name = self.source.name.as_str();
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
            _ => group.element(Origin::path(self.source.name.as_str())),
        };
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
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
    (line[from..upto].to_owned(), span.start - from..end - from, cut)
}

/// Findings about one text, in the order they were made.
#[derive(Debug)]
pub struct Findings {
    source: Arc<Source>,
    found: Vec<Diagnostic>,
    dropped: usize,
}

impl Findings {
    /// None yet.
    pub fn new(source: Arc<Source>) -> Findings {
        Findings { source, found: Vec::new(), dropped: 0 }
    }

    /// The text they are about.
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

    /// Whether further findings are only counted.
    fn is_full(&self) -> bool {
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

    /// Notes something worth knowing about the text as a whole.
    pub fn warn_whole(&mut self, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Warning, None, message.into(), hint);
    }

    /// Notes findings about another text, or later ones about this.
    pub fn append(&mut self, others: Findings) {
        self.dropped += others.dropped;
        self.found.extend(others.found);
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        self.dropped > 0 || self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// The warnings if nothing is wrong, everything otherwise; in the order of the text.
    pub fn finish(mut self) -> Result<Vec<Diagnostic>, Report> {
        let own = self.source.clone();
        self.found.sort_by_key(|d| (!Arc::ptr_eq(&d.source, &own), d.span.as_ref().map(|s| s.start)));
        self.found.dedup();
        if self.has_errors() {
            return Err(Report { diagnostics: self.found, dropped: self.dropped });
        }
        Ok(self.found)
    }

    fn add(&mut self, severity: Severity, span: Option<Span>, message: String, hint: Option<String>) {
        if self.is_full() {
            self.dropped += usize::from(severity == Severity::Error);
            return;
        }
        self.found.push(Diagnostic { severity, message, hint, source: self.source.clone(), span });
    }
}

/// Everything found in files that cannot run.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// At least one of them an error.
    pub diagnostics: Vec<Diagnostic>,
    /// Further errors that are not listed.
    pub dropped: usize,
}

impl Report {
    /// One finding about a file as a whole.
    pub fn of(file: &str, message: impl Into<String>, hint: Option<String>) -> Report {
        let mut findings = Findings::new(Arc::new(Source { name: file.to_owned(), text: String::new() }));
        findings.whole(message, hint);
        Report { diagnostics: findings.found, dropped: 0 }
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.dropped + self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Every finding with its source line, and their count. Ends without a line break.
    pub fn render(&self, paint: Paint) -> String {
        let mut blocks: Vec<String> = self.diagnostics.iter().map(|d| d.render(paint)).collect();
        let file = self.diagnostics.first().map_or("", |d| &d.source.name);
        blocks.push(match self.errors() {
            1 => format!("{file}: 1 error, nothing was launched"),
            n if self.dropped > 0 => format!("{file}: {n} errors, {} not shown, nothing was launched", self.dropped),
            n => format!("{file}: {n} errors, nothing was launched"),
        });
        blocks.join("\n\n")
    }

    /// `{"errors","diagnostics":[…]}`.
    pub fn to_json(&self) -> Value {
        let all: Vec<Value> = self.diagnostics.iter().map(Diagnostic::to_json).collect();
        json!({ "errors": self.errors(), "diagnostics": all })
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Paint::Plain))
    }
}

impl std::error::Error for Report {}

/// Text from a file inside a message: in backticks, control characters escaped, cut after 60 characters.
pub fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).flat_map(|c| c.escape_debug()).collect();
    let shown = shown.replace("\\'", "'").replace("\\\"", "\"");
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

/// The name nearest to what was written, if one is near: at most a third of its letters differ.
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if written.chars().count() > 60 {
        return None;
    }
    let lower = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(written.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// "did you mean" with the nearest name, else the names there are.
pub fn suggestion<'n>(written: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(name) = nearest(written, names.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let all: Vec<String> = names.into_iter().take(40).map(|n| format!("`{n}`")).collect();
    (!all.is_empty()).then(|| format!("it may be {}", all.join(", ")))
}

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
        let report = found.finish().unwrap_err();
        insta::assert_snapshot!(report.render(Paint::Plain), @"
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
                    assert!(
                        found.finish().unwrap_err().render(Paint::Plain).contains("m.yaml"),
                        "{text:?} {start} {end}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_of_megabytes_is_cut() {
        let mut found = findings(&"x".repeat(3 << 20));
        found.error(1_000_000..2_000_000, "long");
        assert!(found.finish().unwrap_err().render(Paint::Plain).len() < 2_000);
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["maxIterations", "eta", "metric"];
        assert_eq!(nearest("maxIteration", names), Some("maxIterations"));
        assert_eq!(nearest("max_iterations", names), Some("maxIterations"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(suggestion("zzz", names).as_deref(), Some("it may be `maxIterations`, `eta`, `metric`"));
    }

    #[test]
    fn findings_are_bounded() {
        let mut found = findings("x");
        (0..1_000).for_each(|n| found.error(0..1, format!("e{n}")));
        let report = found.finish().unwrap_err();
        assert_eq!((report.diagnostics.len(), report.errors()), (MOST, 1_000));
    }
}
