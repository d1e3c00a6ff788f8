//! Learning curves over the resource, with the cut-off of each rung (D2L, section 19.4, figure 19.4.2).

use std::collections::BTreeMap;

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use crate::report::cut_off::cut_off;
use crate::report::view::JobView;
use crate::types::ids::{BracketId, Rung};

/// Half the width of a cut-off, pixels.
const CUT_OFF: f64 = 9.0;

/// One line per trial.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let curves: Vec<_> = data.trials.iter().map(|trial| (trial, trial.curve())).collect();
    let points = || curves.iter().flat_map(|(_, curve)| curve);
    points().next()?;
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
    let title = format!("{} over {} of {} trials", data.metric, data.resource, curves.len());
    Some(Figure { title, width: 960.0, height: 410.0, panels: vec![panel], legend })
}

/// The resource and the cut-off of each rung of each bracket at which a trial with a value was not promoted.
fn cut_offs(data: &PlotData<'_>) -> Vec<(f64, f64)> {
    let mut rungs: BTreeMap<(BracketId, Rung), Vec<&JobView>> = BTreeMap::new();
    for job in data.view.jobs.iter().filter(|job| job.score.is_some()) {
        rungs.entry((job.bracket, job.job.key.rung)).or_default().push(job);
    }
    rungs.retain(|_, jobs| jobs.iter().any(|job| !job.promoted));
    let cut_offs = rungs.into_values().filter_map(|jobs| cut_off(data.direction, jobs));
    cut_offs.map(|(job, value)| (job.resource.amount(), value.value())).collect()
}
