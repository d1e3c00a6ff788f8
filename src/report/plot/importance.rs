//! The share of the variance of each parameter as bars.

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use crate::report::importance::{ParamImportance, importance};

/// Pixels per parameter.
const ROW: f64 = 24.0;
/// Maximum number of parameters; less important ones are left out.
const MAX_PARAMS: usize = 40;

/// Two bars per parameter: its share alone, over that with its interactions.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let found = importance(data.view).ok()?;
    let shown: Vec<&ParamImportance> = found.params.iter().take(MAX_PARAMS).rev().collect();
    let height = ROW * shown.len() as f64;
    let mut panel = Panel { left: 130.0, top: 48.0, width: 800.0, height, axes: Vec::new(), marks: Vec::new() };
    let bars = |class, width: f64, share: fn(&ParamImportance) -> f64| {
        let mark = |(i, param): (usize, &&ParamImportance)| {
            let y = (i as f64 + 0.5) / shown.len() as f64;
            PlotMark { trial: None, points: vec![panel.point(0.0, y), panel.point(share(param), y)] }
        };
        MarkGroup { shape: Shape::Bar(width), class, marks: shown.iter().enumerate().map(mark).collect() }
    };
    let marks =
        vec![bars(MarkClass::Dropped, 8.0, |param| param.total), bars(MarkClass::Finished, 14.0, |param| param.share)];
    panel.marks = marks;
    let names = shown.iter().map(|param| param.name.clone()).collect();
    let note = found.unreliable.map(|reason| format!(": {}", reason.text())).unwrap_or_default();
    let title = format!("share of the variance of {}{note}", data.metric);
    panel.axes = vec![
        PlotAxis { side: Side::Left, scale: Scale::Categories(names), label: String::new() },
        PlotAxis { side: Side::Bottom, scale: Scale::from_zero(1.0), label: title.clone() },
    ];
    let legend = vec![(MarkClass::Finished, "alone"), (MarkClass::Dropped, "with interactions")];
    Some(Figure { title, width: 960.0, height: height + 90.0, panels: vec![panel], legend })
}
