//! The running jobs.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::input::StatusInput;
use super::rank::ValuesAtStep;
use crate::journal::readings::ReadingRecord;
use crate::launch::catalogue;
use crate::report::number;
use crate::report::view::{JobStatus, JobView};
use crate::types::ids::{Attempt, JobId, Rung, Slot, TrialId};
use crate::types::objective::Metric;
use crate::types::outcome::CurvePoint;
use crate::types::units::{Moment, Resource};

/// The last reading of a running job that was recorded; of jobs with many readings, not each one is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LastReading {
    /// The step in it, else the number of the reading.
    #[serde(serialize_with = "number::sum")]
    pub step: f64,
    /// Its numbers; those that are not finite are null.
    pub metrics: Map<String, Value>,
    /// The study's metric in it; null if it has none, or it is not finite.
    pub value: Option<f64>,
}

/// A running job.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct JobInProgress<'a> {
    /// Its trial.
    pub trial: TrialId,
    /// Its bracket.
    pub bracket: u32,
    /// Its rung.
    pub rung: Rung,
    /// Its attempt, from 1.
    pub attempt: Attempt,
    /// The resource that its trial reaches with it.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// Its slot.
    pub slot: Slot,
    /// Its devices, as in `CUDA_VISIBLE_DEVICES`; null if none are assigned.
    pub device: Option<&'a str>,
    /// The node that a scheduler runs it on; null while it is queued, and for jobs without a scheduler.
    pub node: Option<&'a str>,
    /// The id that the scheduler gave it.
    pub scheduler_id: Option<&'a str>,
    /// Whether it waits for a scheduler.
    pub queued: bool,
    /// What it waits for, in the scheduler's word; null if it does not wait, or if that is not known.
    pub queue_reason: Option<&'a str>,
    /// How long it waited for the scheduler, or has waited so far, seconds; null without a scheduler.
    pub queued_s: Option<f64>,
    /// How long it has run, seconds; 0 while it is queued.
    pub elapsed_s: f64,
    /// Its last reading; null before it printed one.
    pub reading: Option<LastReading>,
    /// The position of that value among the values of all trials at the same step, from 1.
    pub rank: Option<u64>,
    /// The number of trials with a value at that step, itself included.
    pub ranked: Option<u64>,
}

/// The running jobs in order of launch.
pub(super) fn jobs<'a>(input: &StatusInput<'a>) -> Vec<JobInProgress<'a>> {
    let view = input.view;
    let running: Vec<&JobView> = view.jobs.iter().filter(|job| job.status == JobStatus::Running).collect();
    let mut last: HashMap<JobId, &ReadingRecord> = HashMap::new();
    let mut curves: HashMap<JobId, Vec<CurvePoint>> = running.iter().map(|job| (job.job, Vec::new())).collect();
    let metric = view.header.metric.as_ref();
    for reading in input.readings {
        let Some(curve) = curves.get_mut(&reading.job) else { continue };
        // A job that was launched again under the same id after a crash starts its readings again.
        if last.insert(reading.job, reading).is_some_and(|before| before.ordinal >= reading.ordinal) {
            curve.clear();
        }
        curve.extend(point(reading, metric));
    }
    let mut at_step: HashMap<u64, ValuesAtStep> = HashMap::new();
    let jobs = running.into_iter().map(|job| {
        let reading = last.get(&job.job).map(|reading| last_reading(reading, metric));
        let value = reading.as_ref().and_then(|reading| Some((reading.step, reading.value?)));
        let rank = metric.zip(value).and_then(|(metric, (step, value))| {
            let values = || ValuesAtStep::new(view, metric.direction, &curves, step);
            at_step.entry(step.to_bits()).or_insert_with(values).rank(job.job.key.trial, value)
        });
        in_progress(input, job, reading, rank)
    });
    jobs.collect()
}

fn in_progress<'a>(
    input: &StatusInput<'a>,
    job: &'a JobView,
    reading: Option<LastReading>,
    rank: Option<(u64, u64)>,
) -> JobInProgress<'a> {
    let session = input.view.last_session.as_ref();
    let devices = session.map_or(&[][..], |session| &session.devices);
    let start = job.start.as_deref();
    let has_scheduler = session.is_some_and(|session| catalogue::reports_start(&session.launcher));
    let queued = has_scheduler && start.is_none();
    let waited = |until: Moment| until.since(job.launched).as_secs_f64();
    JobInProgress {
        trial: job.job.key.trial,
        bracket: job.bracket.bracket,
        rung: job.job.key.rung,
        attempt: job.job.attempt,
        resource: job.resource,
        slot: job.slot,
        device: devices.get(job.slot.0 as usize).map(String::as_str),
        node: start.map(|start| start.placement.node.as_str()),
        scheduler_id: start.map(|start| start.placement.scheduler_id.as_str()),
        queued,
        queue_reason: input.slurm.reasons.get(&job.job).map(String::as_str).filter(|_| queued),
        queued_s: start.map(|start| start.at).or(queued.then_some(input.now)).map(waited),
        elapsed_s: if queued { 0.0 } else { input.now.since(job.began()).as_secs_f64() },
        reading,
        rank: rank.map(|(rank, _)| rank),
        ranked: rank.map(|(_, all)| all),
    }
}

fn step(reading: &ReadingRecord) -> f64 {
    reading.step.unwrap_or(reading.ordinal as f64)
}

fn point(reading: &ReadingRecord, metric: Option<&Metric>) -> Option<CurvePoint> {
    let value = reading.number(&metric?.name).filter(|value| value.is_finite())?;
    Some(CurvePoint { step: step(reading), value })
}

fn last_reading(reading: &ReadingRecord, metric: Option<&Metric>) -> LastReading {
    let numbers = reading.metrics.iter().map(|(name, number)| (name.clone(), Value::from(*number)));
    LastReading {
        step: step(reading),
        metrics: numbers.collect(),
        value: point(reading, metric).map(|point| point.value),
    }
}
