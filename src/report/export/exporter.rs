//! The rows that every exporter writes, one per job.

use std::borrow::Cow;
use std::io;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::report::number;
use crate::report::view::{JobStatus, JobView, StudyView, ViewDetail};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, Rung, Slot, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::CurvePoint;
use crate::types::units::{Moment, Resource};

/// Of a job that is still running.
static NO_METRICS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// Writes a study's jobs in one format.
pub trait Exporter: Sync {
    /// The value of `--format` that selects it.
    fn name(&self) -> &'static str;

    /// Writes every job of `view`, in order of launch.
    fn export(&self, view: &StudyView, out: &mut dyn io::Write) -> io::Result<()>;
}

/// One job, with the columns of every export in their order.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row<'a> {
    /// Its trial.
    pub trial: TrialId,
    /// Its bracket.
    pub bracket: u32,
    /// From 0, the rung with the smallest resource.
    pub rung: Rung,
    /// From 1.
    pub attempt: Attempt,
    /// The resource allotted to its trial, this job included; that reached if the job was stopped early.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// Its state.
    pub status: JobStatus,
    /// Why it failed or was stopped.
    pub reason: Option<&'a str>,
    /// What it is ranked by.
    pub value: Option<Score>,
    /// Its last reading.
    pub metrics: &'a Map<String, Value>,
    /// Its configuration.
    pub params: Cow<'a, Assignment>,
    /// Whether its trial was promoted after it.
    pub promoted: bool,
    /// RFC 3339; empty if the start in the study's header is not a time.
    pub started_at: Option<String>,
    /// Wall time, seconds.
    pub duration_s: Option<f64>,
    /// Exit code, if it exited.
    pub exit_code: Option<i32>,
    /// Largest resident set.
    pub max_rss_bytes: Option<u64>,
    /// User and system time, seconds.
    pub cpu_s: Option<f64>,
    /// The resource that this job spent; the sum over all jobs is the summary's `resource_spent`.
    #[serde(serialize_with = "number::sum")]
    pub spent: f64,
    /// The slot it ran in.
    pub slot: Slot,
    /// The node of a cluster that it ran on; this and the next two only in studies with jobs that a scheduler started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<&'a str>,
    /// The id that the scheduler gave it: `JOB.STEP` under Slurm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_id: Option<&'a str>,
    /// How long it waited for the scheduler, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_s: Option<f64>,
    /// Its readings of the metric; only with `--curves`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<&'a [CurvePoint]>,
}

/// Every job of `view` as a row, in order of launch.
pub fn rows(view: &StudyView) -> impl Iterator<Item = Row<'_>> {
    let start: Option<Timestamp> = view.header.started_at.parse().ok();
    let curves = view.detail == ViewDetail::Curves;
    view.jobs.iter().map(move |job| Row { curve: curves.then_some(&job.curve), ..row(job, start) })
}

fn row(job: &JobView, start: Option<Timestamp>) -> Row<'_> {
    let usage = job.usage;
    Row {
        trial: job.job.key.trial,
        bracket: job.bracket.bracket,
        rung: job.job.key.rung,
        attempt: job.job.attempt,
        resource: if matches!(job.status, JobStatus::Stopped | JobStatus::Interrupted) {
            job.reached
        } else {
            job.resource
        },
        status: job.status,
        reason: job.reason.as_deref(),
        value: job.score,
        metrics: job.metrics.as_deref().unwrap_or(&NO_METRICS),
        params: Cow::Borrowed(&job.params),
        promoted: job.promoted,
        started_at: start.and_then(|start| wall_clock(start, job.launched)),
        duration_s: usage.map(|u| u.duration_s),
        exit_code: usage.and_then(|u| u.exit_code),
        max_rss_bytes: usage.and_then(|u| u.max_rss_bytes),
        cpu_s: usage.and_then(|u| u.cpu_s),
        spent: job.spent,
        slot: job.slot,
        node: job.start.as_ref().map(|start| start.placement.node.as_str()),
        scheduler_id: job.start.as_ref().map(|start| start.placement.scheduler_id.as_str()),
        queued_s: job.queued_s(),
        curve: None,
    }
}

/// Study time as wall-clock time, to the millisecond.
fn wall_clock(start: Timestamp, at: Moment) -> Option<String> {
    let since = SignedDuration::try_from(at.since(Moment(0))).ok()?;
    let time = start.checked_add(since).ok()?.round(Unit::Millisecond).ok()?;
    Some(time.to_string())
}
