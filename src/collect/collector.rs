//! The interface between what a job prints and the readings in it.

use crate::types::objective::Score;
use crate::types::outcome::{Reading, Readings};

/// The objective of a job, as far as its output tells.
#[derive(Clone, PartialEq, Debug)]
pub enum MetricValue {
    /// A value that can be ranked.
    Finite(Score),
    /// The last reading of the metric was NaN or infinite; the text says which.
    NotFinite(String),
    /// The metric was never printed as a number; the text says what was printed instead.
    Missing(String),
    /// The study ranks nothing.
    NotAsked,
}

/// All that was collected from one job.
#[derive(Clone, PartialEq, Debug)]
pub struct Collected {
    /// The objective.
    pub value: MetricValue,
    /// What the journal records.
    pub readings: Readings,
    /// Step of the first reading, in units of the resource, if that reading carried one.
    pub first_step: Option<f64>,
}

/// What a line of output is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineKind {
    /// A reading, which [`Collector::reading`] returns.
    Reading,
    /// Anything else: it belongs to the log only.
    Other,
}

/// What is collected.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wanted {
    /// Name of the objective; `None` in a study that ranks nothing.
    pub metric: Option<String>,
    /// Name under which a reading may carry the resource spent so far.
    pub step: Option<String>,
}

/// A way of collecting readings, as the catalogue lists it.
#[derive(Debug)]
pub struct CollectorKind {
    /// Its name in files and on the command line.
    pub name: &'static str,
    /// Makes a collector for one job.
    pub collector: fn(Wanted) -> Box<dyn Collector>,
}

/// Collects the readings of one job from its stdout. Memory is bounded.
pub trait Collector: Send {
    /// Takes the next line, without its newline.
    fn line(&mut self, line: &[u8]) -> LineKind;

    /// The job has exited and every line was passed on: takes a reading that is only recognized now.
    fn end(&mut self) -> LineKind {
        LineKind::Other
    }

    /// The most recent reading. Built only when asked for, because most studies never look at single readings.
    fn reading(&self) -> Reading;

    /// What was collected, after [`Collector::end`].
    fn finish(self: Box<Self>) -> Collected;
}
