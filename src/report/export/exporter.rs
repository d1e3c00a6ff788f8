//! One row per job, and what every exporter writes.

use std::io;

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::report::amount;
use crate::report::view::{JobStatus, JobView, StudyView};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, Rung, TrialId};
use crate::types::objective::Score;
use crate::types::units::{Moment, Resource};

/// Writes a study's jobs in one format.
pub trait Exporter: Sync {
    /// The name after `--format`.
    fn name(&self) -> &'static str;

    /// Writes every job of `view`, in order of launch.
    fn export(&self, view: &StudyView, out: &mut dyn io::Write) -> io::Result<()>;
}

/// One job, with the columns of every export in their order.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row<'a> {
    /// Trial.
    pub trial: TrialId,
    /// s.
    pub bracket: u32,
    /// 0 is the smallest resource.
    pub rung: Rung,
    /// 1 is the first.
    pub attempt: Attempt,
    /// What it got; what it reached where it was stopped early.
    #[serde(serialize_with = "amount::resource")]
    pub resource: Resource,
    /// How it stands.
    pub status: JobStatus,
    /// Why it failed or was stopped.
    pub reason: Option<&'a str>,
    /// What it is ranked by.
    pub value: Option<Score>,
    /// Its last reading.
    pub metrics: &'a Map<String, Value>,
    /// Its configuration.
    pub params: &'a Assignment,
    /// Whether its trial went on from here.
    pub promoted: bool,
    /// RFC 3339; empty where the study's own start cannot be read.
    pub started_at: Option<String>,
    /// Wall time, seconds.
    pub duration_s: Option<f64>,
    /// Exit code, if it exited.
    pub exit_code: Option<i32>,
    /// Largest resident set.
    pub max_rss_bytes: Option<u64>,
    /// User and system time, seconds.
    pub cpu_s: Option<f64>,
}

/// Every job of `view` as a row, in order of launch.
pub fn rows(view: &StudyView) -> impl Iterator<Item = Row<'_>> {
    let start: Option<Timestamp> = view.header.started_at.parse().ok();
    view.jobs.iter().map(move |job| row(job, start))
}

fn row(job: &JobView, start: Option<Timestamp>) -> Row<'_> {
    Row {
        trial: job.job.key.trial,
        bracket: job.bracket.bracket,
        rung: job.job.key.rung,
        attempt: job.job.attempt,
        resource: if job.status == JobStatus::Stopped { job.reached } else { job.resource },
        status: job.status,
        reason: job.reason.as_deref(),
        value: job.score,
        metrics: &job.metrics,
        params: &job.params,
        promoted: job.promoted,
        started_at: start.and_then(|start| wall_clock(start, job.launched)),
        duration_s: job.usage.map(|u| u.duration_s),
        exit_code: job.usage.and_then(|u| u.exit_code),
        max_rss_bytes: job.usage.and_then(|u| u.max_rss_bytes),
        cpu_s: job.usage.and_then(|u| u.cpu_s),
    }
}

/// Study time on the wall clock, to the millisecond.
fn wall_clock(start: Timestamp, at: Moment) -> Option<String> {
    let since = SignedDuration::try_from(at.since(Moment(0))).ok()?;
    let time = start.checked_add(since).ok()?.round(Unit::Millisecond).ok()?;
    Some(time.to_string())
}
