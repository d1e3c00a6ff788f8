//! The best value so far, over time and over the resource spent.

use super::baseline::{Baseline, BaselinePoint};
use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use super::time::{seconds, time_axis};
use crate::report::view::incumbent_history::{IncumbentChange, ScoredEnd, incumbent_history, scored_ends};

/// Its heading in the report.
pub const TITLE: &str = "Best value so far";

/// Maximum number of dots in a panel.
const MAX_DOTS: usize = 4_000;

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
    let baseline = Baseline::of(data.view);
    let over_time = with_baseline(over_time, baseline.as_ref(), |point| point.time_s, seconds(last.at), &y);
    let over_resource = with_baseline(over_resource, baseline.as_ref(), |point| point.resource, last.spent, &y);
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
    let legend = vec![
        (MarkClass::Best, "best so far"),
        (MarkClass::Job, "a job with a value"),
        (MarkClass::Baseline, "random search, estimated"),
    ];
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
    let stride = ends.len().div_ceil(MAX_DOTS).max(1);
    let dots = MarkGroup::by_class(Shape::Dot, ends.iter().step_by(stride).filter_map(dot));
    panel.marks.splice(0..0, dots);
    panel
}

/// Adds the line of `baseline` up to `end`.
fn with_baseline(
    mut panel: Panel,
    baseline: Option<&Baseline>,
    x: fn(&BaselinePoint) -> f64,
    end: f64,
    y: &Scale,
) -> Panel {
    let scale = Scale::from_zero(end);
    let points = baseline.iter().flat_map(|baseline| &baseline.points).filter(|point| x(point) <= end);
    let points: Vec<(f64, f64)> =
        points.filter_map(|point| Some(panel.point(scale.position(x(point))?, y.position(point.value)?))).collect();
    let line = MarkGroup::by_class(Shape::Line, [(MarkClass::Baseline, PlotMark { trial: None, points })]);
    panel.marks.splice(0..0, line);
    panel
}

/// The best values so far of several studies, which have the same metric and direction, in the colours of [`MarkClass::Study`]. `None`
/// if no study has a value.
pub fn compare(studies: &[&PlotData<'_>]) -> Option<Figure> {
    let ends: Vec<Vec<ScoredEnd>> = studies.iter().map(|data| scored_ends(data.view)).collect();
    let of = |x: fn(&ScoredEnd) -> f64| ends.iter().flatten().map(x).fold(0.0, f64::max);
    let first = studies.iter().zip(&ends).find(|(_, ends)| !ends.is_empty())?.0;
    let y = Scale::of_most(ends.iter().flatten().map(|end| end.candidate.score.value()));
    let side = |left: f64, x: fn(&IncumbentChange) -> f64, end: f64, (scale, label): (Scale, String)| {
        let lines = studies.iter().zip(&ends).enumerate().flat_map(|(index, (data, ends))| {
            let mut marks = panel(left, &incumbent_history(data.view, ends), x, end, &y).marks;
            marks.retain(|group| group.shape == Shape::Line);
            marks.iter_mut().for_each(|group| group.class = MarkClass::Study(index));
            marks
        });
        let marks = lines.collect();
        let axes = vec![
            PlotAxis { side: Side::Left, scale: y.clone(), label: first.metric.to_owned() },
            PlotAxis { side: Side::Bottom, scale, label },
        ];
        Panel { left, top: 48.0, width: 390.0, height: 240.0, axes, marks }
    };
    let (time, spent) = (of(|end| seconds(end.at)), of(|end| end.spent));
    let over_spent = (Scale::from_zero(spent), format!("{} spent", first.resource));
    let panels = vec![
        side(60.0, |step| seconds(step.at), time, time_axis(time)),
        side(550.0, |step| step.spent, spent, over_spent),
    ];
    let title = format!("Best {} so far", first.metric);
    Some(Figure { title, width: 960.0, height: 330.0, panels, legend: Vec::new() })
}
