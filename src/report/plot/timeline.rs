//! Which job ran in which slot, over time.

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use super::time::{seconds, time_axis};
use crate::report::view::{JobStatus, JobView};

/// Its heading in the report.
pub const TITLE: &str = "Slots over time";

/// Pixels of a slot, at most.
const ROW: f64 = 18.0;
/// Height of the panel, at most.
const HEIGHT: f64 = 420.0;

/// Maximum number of bars.
const MAX_BARS: usize = 12_000;

/// A row per slot, a bar per job.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let slots = data.view.jobs.iter().map(|job| job.slot.0 + 1).max()?;
    let end = |job: &JobView| seconds(job.ended.unwrap_or(data.view.last));
    let highest = data.view.jobs.iter().map(|job| job.resource.amount()).fold(0.0, f64::max);
    let last = data.view.jobs.iter().map(end).fold(0.0, f64::max);
    let row = (HEIGHT / f64::from(slots)).min(ROW);
    let height = row * f64::from(slots);
    let mut panel = Panel { left: 60.0, top: 48.0, width: 880.0, height, axes: Vec::new(), marks: Vec::new() };
    let x = Scale::from_zero(last);
    let stride = data.view.jobs.len().div_ceil(MAX_BARS).max(1);
    let bars = data.view.jobs.iter().step_by(stride).filter_map(|job| {
        let y = 1.0 - (f64::from(job.slot.0) + 0.5) / f64::from(slots);
        let from = panel.point(x.position(seconds(job.began()))?, y);
        let to = panel.point(x.position(end(job))?, y);
        // A gap between jobs that follow each other at once.
        let until = (to.0 - 0.6).max(from.0 + 0.3);
        Some((class(job, highest), PlotMark { trial: Some(job.job.key.trial), points: vec![from, (until, to.1)] }))
    });
    panel.marks = MarkGroup::by_class(Shape::Bar((row - 2.0).max(1.0)), bars);
    let (scale, label) = time_axis(last);
    let names = (0..slots).rev().map(|slot| slot.to_string()).collect();
    panel.axes = vec![
        PlotAxis { side: Side::Left, scale: Scale::Categories(names), label: "slot".to_owned() },
        PlotAxis { side: Side::Bottom, scale, label },
    ];
    let legend = vec![
        (MarkClass::Finished, "promoted or trained in full"),
        (MarkClass::Dropped, "not promoted"),
        (MarkClass::Stopped, "stopped"),
        (MarkClass::Failed, "failed"),
        (MarkClass::Running, "running"),
    ];
    Some(Figure {
        title: "Slots over time".to_owned(),
        width: 960.0,
        height: height + 90.0,
        panels: vec![panel],
        legend,
    })
}

fn class(job: &JobView, highest: f64) -> MarkClass {
    match job.status {
        JobStatus::Running => MarkClass::Running,
        JobStatus::Failed | JobStatus::Timeout | JobStatus::Lost => MarkClass::Failed,
        JobStatus::Stopped | JobStatus::Interrupted => MarkClass::Stopped,
        JobStatus::Succeeded if job.promoted || job.resource.amount() >= highest => MarkClass::Finished,
        JobStatus::Succeeded => MarkClass::Dropped,
    }
}
