//! The values at each rung of each bracket, with those that were promoted.

use std::collections::BTreeMap;

use super::data::PlotData;
use super::figure::{Figure, MarkClass, MarkGroup, Panel, PlotAxis, PlotMark, Shape, Side};
use super::scale::Scale;
use crate::report::view::JobView;
use crate::types::ids::{BracketId, Rung};

/// Maximum number of rungs that are shown; later ones are left out.
const MAX_RUNGS: usize = 40;

/// Maximum number of dots of a rung.
const MAX_DOTS_OF_RUNG: usize = 3_000;

/// A column of dots per rung.
pub fn draw(data: &PlotData<'_>) -> Option<Figure> {
    let mut rungs: BTreeMap<(BracketId, Rung), Vec<&JobView>> = BTreeMap::new();
    for job in data.view.jobs.iter().filter(|job| job.score.is_some()) {
        rungs.entry((job.bracket, job.job.key.rung)).or_default().push(job);
    }
    let several = rungs.len() > 1;
    let mut shown: Vec<_> = rungs.into_iter().filter(|_| several).collect();
    shown.sort_by_key(|((bracket, rung), _)| (bracket.start_order(), *rung));
    shown.truncate(MAX_RUNGS);
    let all = || shown.iter().flat_map(|(_, jobs)| jobs).filter_map(|job| job.score);
    all().next()?;
    let y = Scale::of_most(all().map(|score| score.value()));
    let labels = shown.iter().map(|((bracket, _), jobs)| label(*bracket, jobs)).collect();
    let mut panel = Panel { left: 60.0, top: 48.0, width: 880.0, height: 260.0, axes: Vec::new(), marks: Vec::new() };
    let width = 1.0 / shown.len() as f64;
    let dots = shown.iter().enumerate().flat_map(|(column, (_, jobs))| {
        let (panel, y) = (&panel, &y);
        let stride = jobs.len().div_ceil(MAX_DOTS_OF_RUNG).max(1);
        jobs.iter().enumerate().step_by(stride).filter_map(move |(i, job)| {
            // Side by side, so that equal values do not hide each other.
            let inside = if jobs.len() == 1 { 0.5 } else { 0.15 + 0.7 * i as f64 / (jobs.len() - 1) as f64 };
            let at = panel.point((column as f64 + inside) * width, y.position(job.score?.value())?);
            let class = if job.promoted { MarkClass::Finished } else { MarkClass::Dropped };
            Some((class, PlotMark { trial: Some(job.job.key.trial), points: vec![at] }))
        })
    });
    panel.marks = MarkGroup::by_class(Shape::Dot, dots);
    panel.axes = vec![
        PlotAxis { side: Side::Left, scale: y, label: data.metric.to_owned() },
        PlotAxis { side: Side::Bottom, scale: Scale::Categories(labels), label: format!("bracket: {}", data.resource) },
    ];
    let legend = vec![(MarkClass::Finished, "promoted"), (MarkClass::Dropped, "not promoted")];
    let title = format!("{} at each rung", data.metric);
    Some(Figure { title, width: 960.0, height: 350.0, panels: vec![panel], legend })
}

fn label(bracket: BracketId, jobs: &[&JobView]) -> String {
    let resource = jobs.first().map_or(0.0, |job| job.resource.amount());
    format!("{}: {}", bracket.bracket, crate::report::number::shortest(resource))
}
