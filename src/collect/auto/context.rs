//! What the lines before a line make of it, on each of a job's streams, and what is compared between its readings.

use super::blocks::{BlockKind, Blocks};
use super::origin::PrintedForm;
use super::source_lines::SourceLines;
use crate::collect::collector::OutputStream;
use crate::collect::text::ending_object::Notation;

/// How much two values of one measurement may differ, relative to the greater one: one of them may be rounded.
const ROUNDING: f64 = 0.01;

/// What a line is by the lines before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineContext {
    /// A line of source code that an interpreter prints.
    Source,
    /// A line of such a block.
    Block(BlockKind),
}

/// The contexts of both streams.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    stdout: (SourceLines, Blocks),
    stderr: (SourceLines, Blocks),
}

impl Contexts {
    /// Takes a line, which has no white space at its end.
    pub fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineContext {
        let (source, blocks) = match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        };
        if source.is_source(line) { LineContext::Source } else { LineContext::Block(blocks.line(line)) }
    }
}

/// Whether the numbers of a job have a decimal comma. If so, a number such as `1,234` may be 1.234 or 1234.
#[derive(Debug, Default)]
pub(super) struct Commas {
    has_decimal: bool,
    has_ambiguous: bool,
}

impl Commas {
    /// A number with a decimal comma was printed. Returns whether an ambiguous one was read before.
    pub fn add_decimal(&mut self) -> bool {
        self.has_decimal = true;
        std::mem::take(&mut self.has_ambiguous)
    }

    /// An ambiguous number was printed. Returns whether it may be read.
    pub fn add_ambiguous(&mut self) -> bool {
        self.has_ambiguous = !self.has_decimal;
        !self.has_decimal
    }
}

/// The last value of the metric in an object, and in a line of text.
#[derive(Debug, Default)]
pub(super) struct LastValues {
    object: Option<f64>,
    text: Option<f64>,
}

impl LastValues {
    /// A value was printed.
    pub fn add(&mut self, form: PrintedForm, number: f64) {
        match form {
            PrintedForm::Object(Notation::Json | Notation::Python) => self.object = Some(number),
            PrintedForm::Text => self.text = Some(number),
            _ => {}
        }
    }

    /// The values in the object and in the text if they are not the same number, rounding aside.
    pub fn differ(&self) -> Option<[f64; 2]> {
        let (object, text) = self.object.zip(self.text)?;
        let is_same = object == text || (object - text).abs() <= ROUNDING * object.abs().max(text.abs());
        (!is_same).then_some([object, text])
    }
}
