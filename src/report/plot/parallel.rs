//! Parallel coordinates: an axis per parameter and one for the value, a line per trial.

use super::data::{PlotData, PlotTrial};
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;

/// Its heading in the report.
pub const TITLE: &str = "Parallel coordinates";

/// Maximum number of parameters; the others are left out.
const MAX_PARAMS: usize = 12;
/// Maximum number of lines.
const MAX_LINES: usize = 2_000;
/// The position of trials without a parameter: below its axis.
const ABSENT: f64 = -0.06;

/// One panel with all axes.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let trials: Vec<&PlotTrial<'_>> = data.trials.iter().filter(|trial| trial.value().is_some()).collect();
    let scored = trials.len();
    let params: Vec<&str> = data.params().into_iter().take(MAX_PARAMS).collect();
    if trials.is_empty() || params.is_empty() {
        return None;
    }
    let mut panel = Panel { left: 70.0, top: 60.0, width: 830.0, height: 280.0, axes: Vec::new(), marks: Vec::new() };
    let pitch = panel.width / params.len() as f64;
    for (i, name) in params.iter().enumerate() {
        panel.axes.push(axis(i as f64 * pitch, data.scale_of(name, trials.iter().copied()), label(name, pitch)));
    }
    let y = Scale::of_most(trials.iter().filter_map(|trial| trial.value()));
    panel.axes.push(axis(panel.width, y.clone(), data.metric.to_owned()));
    let trials = PlotData::drawn(trials, MAX_LINES);
    let lines = trials.iter().map(|trial| {
        let at = |i: usize| panel.axes[i].scale.position_of(trial.jobs[0].params.get(params[i])?);
        let mut points: Vec<(f64, f64)> =
            (0..params.len()).map(|i| panel.point(i as f64 / params.len() as f64, at(i).unwrap_or(ABSENT))).collect();
        points.extend(trial.value().and_then(|value| y.position(value)).map(|y| panel.point(1.0, y)));
        (trial.class, PlotMark { trial: Some(trial.id), points })
    });
    panel.marks = MarkGroup::by_class(Shape::Line, lines);
    let legend =
        vec![(MarkClass::Best, "best"), (MarkClass::Finished, "trained in full"), (MarkClass::Dropped, "not promoted")];
    let title = format!("Parameters and {} of {} trials", data.metric, scored);
    Some(Figure { title, width: 960.0, height: 380.0, panels: vec![panel], legend })
}

fn axis(x: f64, scale: Scale, label: String) -> PlotAxis {
    PlotAxis { side: Side::Inside(x), scale, label }
}

/// As much of `name` as fits between two axes.
fn label(name: &str, pitch: f64) -> String {
    let room = (pitch / 6.2) as usize;
    let length = name.chars().count();
    if length <= room { name.to_owned() } else { name.chars().take(room.saturating_sub(1)).chain(['…']).collect() }
}
