//! Reads the log of a job once more, for what a study does not record: in which form the metric was printed, and all names.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::{Collected, Collector, MetricSource, MetricValue, OutputStream};
use crate::collect::lines::{Line, LineEnds, LineSplitter};
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::report::doctor::{MetricReading, ObservedJob};
use crate::types::ids::JobId;

/// How the metric of `job`, which is `observed`, was read.
pub fn metric_reading(
    experiment: &Experiment,
    folder: &StudyFolder,
    job: JobId,
    observed: &ObservedJob,
) -> MetricReading {
    let collector = experiment.collector();
    let own = match collector.source() {
        MetricSource::Output(ends) => Some(collected(&collector, ends, experiment, folder, job)),
        MetricSource::File(_) | MetricSource::EventFiles(_) => None,
    };
    let mut names: Vec<String> = Vec::new();
    let read = observed.readings.iter().flat_map(|reading| reading.metrics.iter().map(|(name, _)| name.clone()));
    let seen = own.iter().flat_map(|own| own.names.iter().map(|seen| seen.name.clone()));
    for name in read.chain(seen) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let auto = ConfiguredCollector::default();
    let by_auto = (observed.value.is_none() && collector != auto && experiment.metric.is_some())
        .then(|| collected(&auto, LineEnds::NewlineOrReturn, experiment, folder, job).value);
    MetricReading {
        source: own.and_then(|own| own.source),
        names,
        by_auto: by_auto.and_then(|value| match value {
            MetricValue::Finite(score) => Some(score.value()),
            _ => None,
        }),
    }
}

fn collected(
    configured: &ConfiguredCollector,
    ends: LineEnds,
    experiment: &Experiment,
    folder: &StudyFolder,
    job: JobId,
) -> Collected {
    let mut collector = configured.collector(experiment.wanted());
    let streams = [(OutputStream::Stdout, LogStream::Stdout), (OutputStream::Stderr, LogStream::Stderr)];
    let read = if ends == LineEnds::NewlineOrReturn { &streams[..] } else { &streams[..1] };
    for (stream, log) in read {
        pass_lines(&folder.log(job, *log), *stream, ends, &mut *collector);
    }
    collector.end();
    collector.finish()
}

/// Passes the lines of a log to `collector`; none if it cannot be read.
fn pass_lines(log: &Path, stream: OutputStream, ends: LineEnds, collector: &mut dyn Collector) {
    let Ok(file) = File::open(log) else { return };
    let (mut file, mut splitter, mut chunk) = (BufReader::new(file), LineSplitter::new(ends), [0; 16 << 10]);
    let mut pass = |line: Line<'_>| match line {
        Line::Whole(line) => drop(collector.line(stream, line)),
        Line::TooLong(bytes) => collector.line_too_long(stream, bytes),
    };
    while let Ok(count @ 1..) = file.read(&mut chunk) {
        splitter.push(&chunk[..count], &mut pass);
    }
    splitter.finish(&mut pass);
}
