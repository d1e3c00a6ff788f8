//! The best value so far, over time and over the resource spent.

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use super::time::{seconds, time_axis};
use crate::report::incumbent_history::{IncumbentChange, ScoredEnd, incumbent_history, scored_ends};

/// Two panels with the same steps: over time, and over the resource.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let ends = scored_ends(data.view);
    let steps = incumbent_history(data.view, &ends);
    let last = ends.last()?;
    let y = Scale::of_most(ends.iter().map(|end| end.candidate.score.value()));
    let over_time = panel(60.0, &steps, |step| seconds(step.at), seconds(last.at), &y);
    let over_resource = panel(550.0, &steps, |step| step.spent, last.spent, &y);
    let over_time = with_ends(over_time, &ends, |end| seconds(end.at), &y);
    let over_resource = with_ends(over_resource, &ends, |end| end.spent, &y);
    let axes = |panel: Panel, label: String, scale: Scale| Panel {
        axes: vec![
            PlotAxis { side: Side::Left, scale: y.clone(), label: data.metric.to_owned() },
            PlotAxis { side: Side::Bottom, scale, label },
        ],
        ..panel
    };
    let panels = vec![
        {
            let (scale, label) = time_axis(seconds(last.at));
            axes(over_time, label, scale)
        },
        axes(over_resource, format!("{} spent", data.resource), Scale::from_zero(last.spent)),
    ];
    let legend = vec![(MarkClass::Best, "best so far"), (MarkClass::Job, "a job with a value")];
    Some(Figure { title: format!("Best {} so far", data.metric), width: 960.0, height: 330.0, panels, legend })
}

/// A panel with the steps as one line that extends to `end`.
fn panel(left: f64, steps: &[IncumbentChange], x: fn(&IncumbentChange) -> f64, end: f64, y: &Scale) -> Panel {
    let mut panel = Panel { left, top: 48.0, width: 390.0, height: 240.0, axes: Vec::new(), marks: Vec::new() };
    let scale = Scale::from_zero(end);
    let mut points = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let until = steps.get(i + 1).map_or(end, x);
        let both = [x(step), until].map(|x| Some(panel.point(scale.position(x)?, y.position(step.value)?)));
        points.extend(both.into_iter().flatten());
    }
    let line = PlotMark { trial: None, points };
    panel.marks = MarkGroup::by_class(Shape::Line, [(MarkClass::Best, line)]);
    let dot = |step: &IncumbentChange| {
        let at = panel.point(scale.position(x(step))?, y.position(step.value)?);
        Some((MarkClass::Best, PlotMark { trial: Some(step.trial), points: vec![at] }))
    };
    let dots = MarkGroup::by_class(Shape::Dot, steps.iter().filter_map(dot));
    panel.marks.extend(dots);
    panel
}

/// Adds a dot for each end, below the other marks.
fn with_ends(mut panel: Panel, ends: &[ScoredEnd], x: fn(&ScoredEnd) -> f64, y: &Scale) -> Panel {
    let scale = Scale::from_zero(ends.last().map_or(1.0, x));
    let dot = |end: &ScoredEnd| {
        let at = panel.point(scale.position(x(end))?, y.position(end.candidate.score.value())?);
        Some((MarkClass::Job, PlotMark { trial: Some(end.candidate.job.trial), points: vec![at] }))
    };
    let dots = MarkGroup::by_class(Shape::Dot, ends.iter().filter_map(dot));
    panel.marks.splice(0..0, dots);
    panel
}
