//! What a job printed besides readings, for messages when its metric is not found. Bounded memory.

use std::collections::VecDeque;

use super::collector::{MissingMetric, OutputStream, SeenName};
use super::text::pairs::pairs;

/// Most names that are kept, and bytes of the longest one.
const MAX_NAMES: usize = 24;
const MAX_NAME: usize = 60;
/// Most names that one message lists.
const LISTED: usize = 12;
/// Lines at the end of stdout that are kept, and bytes of each.
const LAST_LINES: usize = 5;
const LINE_BYTES: usize = 160;
/// Lines that are searched for names; a job that has not printed its metric by then is not searched any further.
const SEARCHED_LINES: u64 = 20_000;
/// How similar a name must be to be suggested: the similarity of Jaro and Winkler, from 0 to 1.
const SIMILAR: f64 = 0.85;

/// Names with numbers, and the last lines of stdout.
#[derive(Debug, Default)]
pub struct SeenOutput {
    names: Vec<SeenName>,
    last_lines: VecDeque<Vec<u8>>,
    searched: u64,
    is_utf16: bool,
}

impl SeenOutput {
    /// A line of text without the metric.
    pub fn add_line(&mut self, stream: OutputStream, line: &[u8]) {
        self.add_last_line(stream, line);
        if self.searched < SEARCHED_LINES {
            self.searched += 1;
            pairs(line).for_each(|(name, number)| self.add_number(name, number));
        }
    }

    /// A line whose names are given with [`SeenOutput::add_number`].
    pub fn add_last_line(&mut self, stream: OutputStream, line: &[u8]) {
        self.is_utf16 |= is_utf16(line);
        if stream == OutputStream::Stdout && !line.is_empty() {
            self.keep(line);
        }
    }

    /// Adds names that were not there before.
    pub fn add_names(&mut self, numbers: impl Iterator<Item = (String, f64)>) {
        for (name, number) in numbers {
            if !self.names.iter().any(|seen| seen.name == name) {
                self.add_number(&name, number);
            }
        }
    }

    /// A number under `name`, in a line or in a reading.
    pub fn add_number(&mut self, name: &str, number: f64) {
        let name = &name[..char_boundary(name)];
        if let Some(seen) = self.names.iter_mut().find(|seen| seen.name == name) {
            seen.number = number;
            seen.count += 1;
        } else if self.names.len() < MAX_NAMES {
            self.names.push(SeenName { name: name.to_owned(), number, count: 1 });
        }
    }

    fn keep(&mut self, line: &[u8]) {
        let mut buffer = match self.last_lines.len() {
            LAST_LINES => self.last_lines.pop_front().unwrap_or_default(),
            _ => Vec::new(),
        };
        buffer.clear();
        buffer.extend_from_slice(&line[..line.len().min(LINE_BYTES)]);
        self.last_lines.push_back(buffer);
    }

    /// The names so far.
    pub fn into_names(self) -> Vec<SeenName> {
        self.names
    }

    /// Why there is no value of `metric`: `what` happened, then the names that were there and what to do.
    pub fn missing(&self, metric: &str, what: &str) -> MissingMetric {
        if self.names.is_empty() {
            return self.missing_listed(metric, what);
        }
        let listed: Vec<String> = self.names.iter().take(LISTED).map(|seen| format!("`{}`", seen.name)).collect();
        self.missing_listed(metric, &format!("{what}; names with numbers in the output: {}", listed.join(", ")))
    }

    /// The same where `what` lists the names.
    pub fn missing_listed(&self, metric: &str, what: &str) -> MissingMetric {
        let mut reason = what.to_owned();
        if self.is_utf16 {
            reason += "; the output is UTF-16, which is not read: let the program print UTF-8 (Python: PYTHONIOENCODING=utf-8)";
        }
        let suggestion = self.suggestion(metric);
        if let Some(seen) = suggestion {
            reason += &format!("; set {}", remedy(metric, seen));
        }
        MissingMetric { reason, evidence: self.evidence(metric, suggestion) }
    }

    fn evidence(&self, metric: &str, suggestion: Option<&SeenName>) -> String {
        let mut lines = Vec::new();
        if let Some(seen) = suggestion {
            let SeenName { name, number, count } = seen;
            let plural = if *count == 1 { "line" } else { "lines" };
            lines.push(format!("saw `{name}: {number}` in {count} {plural}: set {}", remedy(metric, seen)));
        }
        if !self.last_lines.is_empty() {
            lines.push("the last lines of stdout:".to_owned());
            let shown = |line: &Vec<u8>| format!("  {}", String::from_utf8_lossy(line).trim_end());
            lines.extend(self.last_lines.iter().map(shown));
        }
        lines.join("\n")
    }

    /// The name that was probably meant.
    fn suggestion(&self, metric: &str) -> Option<&SeenName> {
        let best =
            self.names.iter().map(|seen| (likeness(metric, &seen.name), seen)).max_by(|(a, _), (b, _)| a.total_cmp(b));
        best.filter(|(likeness, _)| *likeness >= SIMILAR).map(|(_, seen)| seen)
    }
}

/// Whether `line` is text in UTF-16: it begins with a byte order mark, or every second byte is 0.
fn is_utf16(line: &[u8]) -> bool {
    let zeros = |from: usize| line.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let begins = line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff");
    begins || (line.len() >= 8 && zeros(0).max(zeros(1)) * 5 >= line.len() * 2)
}

/// Where `name` is cut.
fn char_boundary(name: &str) -> usize {
    (0..=name.len().min(MAX_NAME)).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0)
}

/// What to write so that `seen` is read.
fn remedy(metric: &str, seen: &SeenName) -> String {
    if seen.name == metric { "`metric.collect: auto`".to_owned() } else { format!("`metric.name: {}`", seen.name) }
}

/// How likely `name` is what was meant by `metric`: more than 1 if it is the same or contains it, most for a validation metric.
fn likeness(metric: &str, name: &str) -> f64 {
    let parts = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    let (metric, name) = (parts(metric), parts(name));
    let words: Vec<&str> = name.split_whitespace().collect();
    let held = metric.split_whitespace().all(|word| words.contains(&word)) && !metric.trim().is_empty();
    match () {
        () if metric == name => 4.0,
        () if held && words.iter().any(|word| word.starts_with("val") || *word == "eval" || *word == "dev") => 3.0,
        () if held && words.contains(&"test") => 2.5,
        () if held => 2.0,
        () => strsim::jaro_winkler(&metric, &name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(metric: &str, lines: &[&str]) -> MissingMetric {
        let mut seen = SeenOutput::default();
        lines.iter().for_each(|line| seen.add_line(OutputStream::Stdout, line.as_bytes()));
        seen.missing(metric, &format!("`{metric}` was never printed"))
    }

    #[test]
    fn the_name_that_was_meant_is_suggested() {
        let lines =
            ["[0]\ttrain-logloss:0.5\tvalidation-logloss:0.6", "[1]\ttrain-logloss:0.4\tvalidation-logloss:0.5"];
        insta::assert_snapshot!(missing("logloss", &lines).reason, @"`logloss` was never printed; names with numbers in the output: `train-logloss`, `validation-logloss`; set `metric.name: validation-logloss`");
        insta::assert_snapshot!(missing("logloss", &lines).evidence, @r"
        saw `validation-logloss: 0.5` in 2 lines: set `metric.name: validation-logloss`
        the last lines of stdout:
          [0]	train-logloss:0.5	validation-logloss:0.6
          [1]	train-logloss:0.4	validation-logloss:0.5
        ");
    }

    #[test]
    fn names_that_have_nothing_to_do_with_it_are_only_listed() {
        let missing = missing("loss", &["lr: 0.1", "done"]);
        assert_eq!(missing.reason, "`loss` was never printed; names with numbers in the output: `lr`");
        assert_eq!(missing.evidence, "the last lines of stdout:\n  lr: 0.1\n  done");
    }

    #[test]
    fn utf_16_is_named() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let reason = |line: &[u8]| {
            let mut seen = SeenOutput::default();
            seen.add_line(OutputStream::Stdout, line);
            seen.missing("loss", "`loss` was never printed").reason
        };
        assert!(reason(&utf16("loss: 0.5")).contains("UTF-16") && reason(&utf16("\u{feff}x")).contains("UTF-16"));
        assert!(reason(&utf16("loss: 0.5")[1..]).contains("UTF-16"));
        assert!(!reason(b"loss is low").contains("UTF-16") && !reason(b"a\0b c d e").contains("UTF-16"));
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = SeenOutput::default();
        for i in 0..100 {
            seen.add_line(OutputStream::Stdout, format!("name{i}: {i} {}", "é".repeat(500)).as_bytes());
        }
        assert_eq!((seen.names.len(), seen.last_lines.len()), (MAX_NAMES, LAST_LINES));
        assert_eq!(
            SeenOutput::default().missing("loss", "x"),
            MissingMetric { reason: "x".into(), evidence: String::new() }
        );
    }
}
