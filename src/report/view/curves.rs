//! Learning curves from `readings.jsonl`.

use std::collections::HashMap;

use super::study::StudyView;
use crate::journal::readings::ReadingRecord;
use crate::types::ids::JobId;
use crate::types::outcome::CurvePoint;

/// The readings of one job.
#[derive(Default)]
struct RecordedCurve {
    /// Ordinal of the last reading, with or without the metric.
    last: u64,
    points: Vec<CurvePoint>,
}

impl RecordedCurve {
    fn push(&mut self, reading: &ReadingRecord, metric: &str) {
        // After a power cut the journal may lack a launch whose readings are here; its job is launched again under the same id.
        if reading.ordinal <= self.last {
            self.points.clear();
        }
        self.last = reading.ordinal;
        if let Some(value) = reading.number(metric).filter(|value| value.is_finite()) {
            self.points.push(CurvePoint { step: reading.step.unwrap_or(reading.ordinal as f64), value });
        }
    }
}

/// Sets the curve of each job of `view` to its finite readings of the study's metric among `readings`, as far as the journal's curve
/// of the job, which has at most 64 points, agrees: the file is never synced, and may be torn, missing or of another study.
pub fn add(view: &mut StudyView, readings: impl IntoIterator<Item = ReadingRecord>) {
    let Some(metric) = &view.header.metric else { return };
    let positions: HashMap<JobId, usize> = view.jobs.iter().enumerate().map(|(at, job)| (job.job, at)).collect();
    let mut curves: Vec<RecordedCurve> = Vec::new();
    curves.resize_with(view.jobs.len(), RecordedCurve::default);
    for reading in readings {
        if let Some(at) = positions.get(&reading.job) {
            curves[*at].push(&reading, &metric.name);
        }
    }
    for (job, recorded) in view.jobs.iter_mut().zip(curves) {
        job.curve = combined(std::mem::take(&mut job.curve), recorded.points);
    }
}

/// The points of `recorded` if they end as those of the journal do. If they only start as those do, the rest is torn off, and the
/// journal's later points follow. Otherwise the points of the journal.
fn combined(journalled: Vec<CurvePoint>, mut recorded: Vec<CurvePoint>) -> Vec<CurvePoint> {
    let (Some(first), Some(last)) = (journalled.first(), journalled.last()) else { return recorded };
    if recorded.last() == Some(last) {
        return recorded;
    }
    match recorded.last() {
        Some(torn) if recorded.first() == Some(first) => {
            let end = torn.step;
            recorded.extend(journalled.into_iter().filter(|point| point.step > end));
            recorded
        }
        _ => journalled,
    }
}
