//! Learning curves over the resource, with the cut-off of each rung (D2L, section 19.4, figure 19.4.2).

use std::collections::BTreeMap;

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use crate::report::view::JobView;
use crate::report::view::cut_off::cut_off;
use crate::types::ids::{BracketId, Rung};
use crate::types::outcome::CurvePoint;

/// Its heading in the report.
pub const TITLE: &str = "Learning curves";

/// Maximum number of curves, and of the points of all of them together.
const MAX_CURVES: usize = 1_500;
const MAX_POINTS: usize = 24_000;
/// Half the width of a cut-off, pixels.
const CUT_OFF: f64 = 9.0;

/// One line per trial; `None` if no trial has two values.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let with_curves: Vec<_> = data.trials.iter().filter(|trial| trial.has_curve()).collect();
    let all = with_curves.len();
    let curves: Vec<_> = PlotData::drawn(with_curves, MAX_CURVES)
        .into_iter()
        .map(|trial| (trial, thinned(trial.curve(), MAX_POINTS / all.clamp(1, MAX_CURVES))))
        .collect();
    let points = || curves.iter().flat_map(|(_, curve)| curve);
    // One value per trial is no curve.
    curves.iter().find(|(_, curve)| curve.len() > 1)?;
    let x = Scale::from_zero(points().map(|point| point.step).fold(0.0, f64::max));
    let y = Scale::of_most(points().map(|point| point.value));
    let mut panel = Panel { left: 60.0, top: 48.0, width: 880.0, height: 320.0, axes: Vec::new(), marks: Vec::new() };
    let lines = curves.iter().map(|(trial, curve)| {
        let at = |step: f64, value: f64| Some(panel.point(x.position(step)?, y.position(value)?));
        let points = curve.iter().filter_map(|point| at(point.step, point.value)).collect();
        (trial.class, PlotMark { trial: Some(trial.id), points })
    });
    let mut marks = MarkGroup::by_class(Shape::Line, lines);
    let cut_offs = cut_offs(data).into_iter().filter_map(|(step, value)| {
        let (x, y) = panel.point(x.position(step)?, y.position(value)?);
        Some(PlotMark { trial: None, points: vec![(x - CUT_OFF, y), (x + CUT_OFF, y)] })
    });
    marks.push(MarkGroup { shape: Shape::Line, class: MarkClass::Rule, marks: cut_offs.collect() });
    marks.retain(|group| !group.marks.is_empty());
    panel.marks = marks;
    panel.axes = vec![
        PlotAxis { side: Side::Left, scale: y, label: data.metric.to_owned() },
        PlotAxis { side: Side::Bottom, scale: x, label: data.resource.to_owned() },
    ];
    let legend = vec![
        (MarkClass::Best, "best"),
        (MarkClass::Finished, "trained in full"),
        (MarkClass::Dropped, "not promoted"),
        (MarkClass::Stopped, "stopped early"),
        (MarkClass::Failed, "failed"),
        (MarkClass::Running, "running"),
        (MarkClass::Rule, "cut-off of a rung"),
    ];
    let title = format!("{} over {} of {all} trials", data.metric, data.resource);
    Some(Figure { title, width: 960.0, height: 410.0, panels: vec![panel], legend })
}

/// At most about `most` points, with the last one.
fn thinned(curve: Vec<CurvePoint>, most: usize) -> Vec<CurvePoint> {
    let stride = curve.len().div_ceil(most.max(2));
    let last = curve.len().saturating_sub(1);
    curve.into_iter().enumerate().filter(|(i, _)| i % stride == 0 || *i == last).map(|(_, point)| point).collect()
}

/// The resource and the cut-off of each rung of each bracket at which a trial with a value was not promoted; of brackets that are repeated
/// the mean.
fn cut_offs(data: &PlotData<'_>) -> Vec<(f64, f64)> {
    let mut rungs: BTreeMap<(BracketId, Rung), Vec<&JobView>> = BTreeMap::new();
    for job in data.view.jobs.iter().filter(|job| job.score.is_some()) {
        rungs.entry((job.bracket, job.job.key.rung)).or_default().push(job);
    }
    rungs.retain(|_, jobs| jobs.iter().any(|job| !job.promoted));
    let mut repeated: BTreeMap<(u32, Rung), (f64, Vec<f64>)> = BTreeMap::new();
    for ((bracket, rung), jobs) in rungs {
        if let Some((job, value)) = cut_off(data.direction, jobs) {
            let resource = job.resource.amount();
            repeated.entry((bracket.bracket, rung)).or_insert((resource, Vec::new())).1.push(value.value());
        }
    }
    let mean = |values: &[f64]| values.iter().map(|value| value / values.len() as f64).sum::<f64>();
    repeated.into_values().map(|(resource, values)| (resource, mean(&values))).collect()
}
