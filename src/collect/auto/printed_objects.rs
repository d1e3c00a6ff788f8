//! The objects that a job prints over several lines on its two streams.

use crate::collect::collector::OutputStream;
use crate::collect::text::open_brackets::{BracketsContent, NextLine, OpenBrackets};
use crate::collect::text::qualifier::{self, Qualification};

/// The object that each stream is in the middle of.
#[derive(Debug, Default)]
pub(super) struct PrintedObjects {
    stdout: Option<PrintedObject>,
    stderr: Option<PrintedObject>,
}

/// An object, and what the words before it say.
#[derive(Debug)]
pub(super) struct PrintedObject {
    brackets: OpenBrackets,
    qualification: Option<Qualification>,
}

/// What a line is.
#[derive(Debug)]
pub(super) enum ObjectLine {
    /// It has nothing to do with an object over several lines.
    None,
    /// An object begins here; what comes before it is text.
    Begins(usize),
    /// It is inside of an object.
    Inside,
    /// It is the last line of this object.
    Ends(PrintedObject),
}

impl PrintedObject {
    /// The object; `None` if it is too long, or nothing that is read.
    pub fn text(&self) -> Option<&[u8]> {
        self.brackets.text().filter(|_| self.brackets.content() == BracketsContent::Object)
    }

    /// What the words before it say.
    pub fn qualification(&self) -> Option<Qualification> {
        self.qualification
    }
}

impl PrintedObjects {
    /// Takes a line, which has no white space at its end.
    pub fn line(&mut self, stream: OutputStream, line: &[u8]) -> ObjectLine {
        let slot = match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        };
        match slot.as_mut().map(|object| object.brackets.next(line)) {
            Some(NextLine::Inside) => return ObjectLine::Inside,
            Some(NextLine::Closes) => return slot.take().map_or(ObjectLine::None, ObjectLine::Ends),
            Some(NextLine::Outside) => *slot = None,
            None => {}
        }
        let Some((start, brackets)) = OpenBrackets::begin(line) else { return ObjectLine::None };
        let qualification = qualifier::before_object(&line[..start]);
        *slot = Some(PrintedObject { brackets, qualification });
        ObjectLine::Begins(start)
    }
}
