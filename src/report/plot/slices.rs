//! A grid of the value against each parameter, of the trials with the most resource.

use super::data::{PlotData, PlotTrial};
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use crate::types::assignment::Assignment;

/// Its heading in the report.
pub const TITLE: &str = "Value against each parameter";

const COLUMNS: usize = 3;
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 170.0;
/// From one panel to the next.
const PITCH: (f64, f64) = (310.0, 250.0);
/// Maximum number of panels.
const MAX_PARAMS: usize = 60;
/// Maximum number of dots in all panels and in one.
const MAX_DOTS: usize = 30_000;
const MAX_DOTS_OF_PANEL: usize = 3_000;
/// With fewer trials at the highest rung, the next lower ones are shown too.
const MIN_TRIALS: usize = 12;

/// A panel per parameter that varies.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let trials = top(data);
    let y = Scale::of_most(trials.iter().filter_map(|trial| trial.value()));
    let varying: Vec<&str> = data.params().into_iter().filter(|name| varies(&trials, name)).take(MAX_PARAMS).collect();
    let trials = PlotData::drawn(trials, (MAX_DOTS / varying.len().max(1)).min(MAX_DOTS_OF_PANEL));
    let panels: Vec<Panel> =
        varying.into_iter().enumerate().map(|(i, name)| panel(data, &trials, i, name, &y)).collect();
    if panels.is_empty() {
        return None;
    }
    let rows = panels.len().div_ceil(COLUMNS) as f64;
    let legend =
        vec![(MarkClass::Best, "best"), (MarkClass::Finished, "trained in full"), (MarkClass::Dropped, "not promoted")];
    let title = format!("{} against each parameter", data.metric);
    Some(Figure { title, width: 960.0, height: 30.0 + rows * PITCH.1, panels, legend })
}

/// The trials with a value and the most resource, at least [`MIN_TRIALS`] if there are so many.
fn top<'a, 'b>(data: &'b PlotData<'a>) -> Vec<&'b PlotTrial<'a>> {
    let reached = |trial: &PlotTrial<'_>| trial.scored().map_or(0.0, |job| job.reached.amount());
    let mut trials: Vec<_> = data.trials.iter().filter(|trial| trial.value().is_some()).collect();
    trials.sort_by(|a, b| reached(b).total_cmp(&reached(a)));
    let lowest = trials.get(MIN_TRIALS - 1).or(trials.last()).map_or(0.0, |trial| reached(trial));
    trials.retain(|trial| reached(trial) >= lowest);
    trials
}

fn varies(trials: &[&PlotTrial<'_>], name: &str) -> bool {
    let mut values = trials.iter().map(|trial| params(trial).get(name));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

fn params<'a>(trial: &'a PlotTrial<'_>) -> &'a Assignment {
    &trial.jobs[0].params
}

fn panel(data: &PlotData<'_>, trials: &[&PlotTrial<'_>], index: usize, name: &str, y: &Scale) -> Panel {
    let (column, row) = ((index % COLUMNS) as f64, (index / COLUMNS) as f64);
    let (left, top) = (60.0 + column * PITCH.0, 48.0 + row * PITCH.1);
    let mut panel = Panel { left, top, width: WIDTH, height: HEIGHT, axes: Vec::new(), marks: Vec::new() };
    // Of all trials, so that the scale is that of the whole search.
    let x = data.scale_of(name, &data.trials);
    let dots = trials.iter().filter_map(|trial| {
        let position = x.position_of(params(trial).get(name)?)?;
        let at = panel.point(position, y.position(trial.value()?)?);
        Some((trial.class, PlotMark { trial: Some(trial.id), points: vec![at] }))
    });
    panel.marks = MarkGroup::by_class(Shape::Dot, dots);
    panel.axes = vec![
        PlotAxis { side: Side::Left, scale: y.clone(), label: data.metric.to_owned() },
        PlotAxis { side: Side::Bottom, scale: x, label: name.to_owned() },
    ];
    panel
}
