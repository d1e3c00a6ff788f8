//! Several studies side by side.

use std::time::Duration;

use super::block::{Block, Cell, text};
use super::data::ReportData;
use crate::report::plot::compare;
use crate::report::plot::image::svg;
use crate::report::text::{amount, count, short, span};

/// A table of `studies` and, if they have one metric, their best values over time and resource.
pub fn blocks(studies: &[ReportData<'_>]) -> Vec<Block> {
    let mut blocks = vec![table(studies)];
    let first = &studies[0].plots;
    let is_same = |data: &ReportData<'_>| {
        (data.plots.metric, data.plots.direction) == (first.metric, first.direction) && data.status.metric.is_some()
    };
    if !studies.iter().all(is_same) {
        blocks.push(text(
            "The studies do not have the same metric and direction, so their values are not drawn together.",
        ));
        return blocks;
    }
    if let Some(figure) = compare(&studies.iter().map(|data| &data.plots).collect::<Vec<_>>()) {
        let names = studies.iter().enumerate();
        let legend = names.map(|(index, data)| (crate::report::plot::MarkClass::Study(index).name(), data.name()));
        blocks.push(Block::Figure { panels: svg::panels(&figure, "compare"), legend: legend.collect() });
    }
    blocks
}

fn table(studies: &[ReportData<'_>]) -> Block {
    let head = [
        ("study", false),
        ("state", false),
        ("kind", false),
        ("trials", true),
        ("jobs", true),
        ("failed", true),
        ("spent", true),
        ("time", true),
        ("metric", false),
        ("best", true),
        ("trial", true),
    ];
    let rows = studies.iter().map(|data| {
        let status = &data.status;
        let best = data.best.as_ref();
        vec![
            Cell::text(data.name()),
            Cell::text(status.state.name()),
            Cell::text(status.kind.unwrap_or_default()),
            Cell::text(count(data.trials.len() as u64)),
            Cell::text(count(status.jobs.launched)),
            Cell::text(count(status.jobs.failed)),
            Cell::text(amount(data.resource_spent)),
            Cell::text(span(Duration::try_from_secs_f64(status.elapsed_s).unwrap_or_default())),
            Cell::text(status.metric.map(|metric| metric.name.as_str()).unwrap_or_default()),
            Cell::text(best.map(|best| short(best.value)).unwrap_or_default()),
            Cell::text(best.map(|best| best.trial.to_string()).unwrap_or_default()),
        ]
    });
    Block::Table { head: head.map(|(name, numeric)| (name.to_owned(), numeric)).into(), rows: rows.collect() }
}
