//! From what a job prints to readings: the interface. One file per way of printing.

use crate::words::objective::Score;
use crate::words::outcome::{Reading, Readings};

/// What a job's objective came to.
#[derive(Clone, PartialEq, Debug)]
pub enum MetricValue {
    /// A value that can be ranked.
    Finite(Score),
    /// NaN or infinite in the last reading that has it; the sentence says which.
    NotFinite(String),
    /// Never printed as a number; the sentence names what was seen instead.
    Missing(String),
    /// The study ranks nothing.
    NotAsked,
}

/// What a whole run came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Collected {
    /// The objective.
    pub value: MetricValue,
    /// For the journal.
    pub readings: Readings,
    /// The step of the first reading, if it carried one.
    pub first_step: Option<f64>,
}

/// Whether a line was a reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It was: [`Collector::reading`] gives it.
    Reading,
    /// It was not; it belongs to the log only.
    Log,
}

/// Reads one job's stdout. Memory stays bounded whatever comes.
pub trait Collector: Send {
    /// Takes the next line, without its newline.
    fn line(&mut self, line: &[u8]) -> Seen;

    /// The reading of the last line that was one.
    fn reading(&self) -> Reading;

    /// The job has ended.
    fn finish(self: Box<Self>) -> Collected;
}
