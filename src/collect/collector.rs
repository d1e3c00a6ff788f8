//! The interface between what a job prints or writes and the readings in it.

use std::fmt;
use std::sync::Arc;

use super::lines::{LineEnds, MAX_LINE};
use crate::types::args::{ArgError, Args};
use crate::types::objective::{Direction, Score};
use crate::types::outcome::{Reading, Readings};

/// The objective of a job, as far as its output tells.
#[derive(Clone, PartialEq, Debug)]
pub enum MetricValue {
    /// A value that can be ranked.
    Finite(Score),
    /// The last reading of the metric was NaN or infinite; the text says which.
    NotFinite(String),
    /// The metric was never printed as a number.
    Missing(MissingMetric),
    /// The study ranks nothing.
    NoMetric,
}

/// Why a job has no value of the metric.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MissingMetric {
    /// A sentence that is the same for all jobs of one cause.
    pub reason: String,
    /// What this job printed, over several lines: names with their numbers, and the end of its stdout. Empty if it printed nothing.
    pub evidence: String,
}

impl MissingMetric {
    /// Adds to the evidence that this job's file or folder is `path`, unless it is `template`, which the reason names.
    pub fn at_path(mut self, path: &str, template: &str) -> MissingMetric {
        if path != template {
            self.evidence = format!("the path in this job: {path}\n{}", self.evidence).trim_end().to_owned();
        }
        self
    }
}

/// A name that had a number.
#[derive(Clone, PartialEq, Debug)]
pub struct SeenName {
    /// The name, cut at 60 bytes.
    pub name: String,
    /// Its last number.
    pub number: f64,
    /// How many lines or readings had it.
    pub count: u64,
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
    /// What the user should know of the output, each kind once.
    pub remarks: Vec<Remark>,
    /// In which form and on which stream the metric was printed, for messages; `None` for collectors that read one only.
    pub source: Option<String>,
    /// Names that had numbers, most at first, a bounded number of them.
    pub names: Vec<SeenName>,
}

/// Something about a job's output that is no error and must not be silent.
#[derive(Clone, PartialEq, Debug)]
pub enum Remark {
    /// A line was longer than [`MAX_LINE`] and was not read.
    LineTooLong {
        /// Where it was printed.
        stream: OutputStream,
        /// Its bytes.
        bytes: u64,
    },
    /// The metric had two values at one step, as when several processes print their own.
    RepeatedStep {
        /// The metric.
        name: String,
        /// The step.
        step: f64,
        /// The two values, in order.
        values: [f64; 2],
    },
    /// A file was not read; the text says which and why.
    UnreadFile(String),
    /// The metric was printed only with other words before its name.
    QualifiedName {
        /// The metric.
        name: String,
        /// The name that was read, such as `train loss`.
        read: String,
    },
    /// A number of the metric is written in a notation that is not read.
    UnreadNumber {
        /// The metric.
        name: String,
        /// What was printed.
        text: String,
    },
    /// The metric was printed in an object and in text, with different last values.
    DifferentValues {
        /// The metric.
        name: String,
        /// The value in the object, which counts, and the one in text.
        values: [f64; 2],
    },
    /// The number that a pattern matched continues behind the match.
    CutNumber {
        /// The metric.
        name: String,
        /// What was matched, and what is printed from there on.
        texts: [String; 2],
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::LineTooLong { stream, bytes } => {
                let limit = MAX_LINE >> 20;
                write!(f, "a line of {bytes} bytes on {stream} was not read for metrics; the limit is {limit} MiB")
            }
            Remark::RepeatedStep { name, step, values: [first, second] } => write!(
                f,
                "`{name}` was {first} and then {second} at step {step}; the later value counts. If several processes print it, let \
                 only one of them"
            ),
            Remark::UnreadFile(sentence) => f.write_str(sentence),
            Remark::QualifiedName { name, read } => {
                write!(
                    f,
                    "`{name}` was not printed alone and was read from `{read}`; print `{name}: …` if that is not meant"
                )
            }
            Remark::UnreadNumber { name, text } => write!(
                f,
                "`{name}` was printed as `{text}`, which was not read; print numbers as `1234.5` or `1.2e-3`, without a unit"
            ),
            Remark::DifferentValues { name, values: [object, text] } => write!(
                f,
                "`{name}` was {object} in an object and {text} in a line of text; the object counts. If it holds settings, print the \
                 metric as JSON too, or set `metric.collect`"
            ),
            Remark::CutNumber { name, texts: [matched, printed] } => write!(
                f,
                "the pattern read `{matched}` for `{name}` where `{printed}` was printed; let the group match the whole number: `(\\S+)`"
            ),
        }
    }
}

/// Which of a job's two streams a line was printed to. stdout comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for OutputStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutputStream::Stdout => "stdout",
            OutputStream::Stderr => "stderr",
        })
    }
}

/// What a line of output is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineKind {
    /// A reading, which [`Collector::reading`] returns.
    Reading,
    /// Anything else: it belongs to the log only.
    Other,
}

/// Which reading's value a job counts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MetricChoice {
    /// The last one.
    #[default]
    Last,
    /// The best finite one.
    Best(Direction),
}

/// Which reading of a job counts, before the direction of the metric is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CountedReading {
    /// The last one.
    #[default]
    Last,
    /// The best one.
    Best,
}

/// What is collected.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wanted {
    /// Name of the objective; `None` in a study that ranks nothing.
    pub metric: Option<String>,
    /// Name under which a reading may carry the resource spent so far.
    pub step: Option<String>,
    /// Other names that matter, such as those of early-stopping rules.
    pub others: Vec<String>,
    /// Which reading counts.
    pub choice: MetricChoice,
}

impl Wanted {
    /// Whether `name` is the metric or one of the others, upper and lower case being the same.
    pub fn is_metric(&self, name: &str) -> bool {
        self.metric.iter().chain(&self.others).any(|wanted| wanted.eq_ignore_ascii_case(name))
    }

    /// `name` as it is wanted, upper and lower case being the same; `None` if it is not.
    pub fn spelling(&self, name: &str) -> Option<&str> {
        let names = [self.metric.as_deref(), self.step.as_deref()].into_iter().flatten();
        names.chain(self.others.iter().map(String::as_str)).find(|wanted| wanted.eq_ignore_ascii_case(name))
    }
}

/// What a collector reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MetricSource {
    /// The job's output, split at these line ends.
    Output(LineEnds),
    /// A file; the path is a template.
    File(String),
    /// The event files in a folder and in the folders below it; the path is a template.
    EventFiles(String),
}

/// A file that was written since the job was started, as it is now; before that, any file.
#[derive(Clone, Copy, Debug)]
pub struct FoundFile<'f> {
    /// Its path, relative to the folder for [`MetricSource::EventFiles`].
    pub path: &'f str,
    /// Its content.
    pub bytes: &'f [u8],
}

/// When files are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileState {
    /// Before the job is started: what is there is of an earlier job.
    Before,
    /// While it runs: the last line may be incomplete.
    Growing,
    /// After it has ended.
    Complete,
}

/// Most bytes of a file that is read.
pub const MAX_FILE: u64 = 64 << 20;

/// A way of collecting readings, as the catalogue lists it.
#[derive(Debug)]
pub struct CollectorKind {
    /// Its name in files and on the command line.
    pub name: &'static str,
    /// Options that must be given.
    pub required: &'static [&'static str],
    /// Options that may be given.
    pub optional: &'static [&'static str],
    /// Reads the options.
    pub configure: fn(&Args) -> ConfigResult,
}

impl CollectorKind {
    /// The option that the short form `KIND=VALUE` gives; `None` for a kind without options.
    pub fn main_option(&self) -> Option<&'static str> {
        self.required.iter().chain(self.optional).next().copied()
    }
}

/// A kind with its options, or what is wrong with them.
pub type ConfigResult = Result<Arc<dyn CollectorConfig>, Vec<ArgError>>;

/// A kind of collector with its options.
pub trait CollectorConfig: fmt::Debug + Send + Sync {
    /// A collector for one job.
    fn collector(&self, wanted: Wanted) -> Box<dyn Collector>;

    /// What it reads.
    fn source(&self) -> MetricSource {
        MetricSource::Output(LineEnds::NewlineOrReturn)
    }
}

/// Collects the readings of one job. Memory is bounded whatever the job prints.
pub trait Collector: Send {
    /// Takes the next line of `stream`, without what ended it.
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind;

    /// A line of `stream` was too long to be kept.
    fn line_too_long(&mut self, stream: OutputStream, bytes: u64);

    /// Takes the files of its source as they are now, and returns the readings that are new since the last call.
    fn files(&mut self, _files: &[FoundFile<'_>], _state: FileState) -> Vec<Reading> {
        Vec::new()
    }

    /// The path of its source in this job, rendered from the template; called before the job is started.
    fn rendered_path(&mut self, _path: &str) {}

    /// A file of its source cannot be read; `sentence` says which and why.
    fn unread_file(&mut self, _sentence: String) {}

    /// The job has exited and every line was passed on: takes a reading that is only recognized now.
    fn end(&mut self) -> LineKind {
        LineKind::Other
    }

    /// The most recent reading. Built only when asked for, because most studies never look at single readings.
    fn reading(&self) -> Reading;

    /// What was collected, after [`Collector::end`].
    fn finish(self: Box<Self>) -> Collected;
}
