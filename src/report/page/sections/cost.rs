//! What was spent on trials that won and that lost.

use std::time::Duration;

use crate::report::page::block::{Block, Cell};
use crate::report::page::data::ReportData;
use crate::report::text::{amount, count, span};

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    if data.costs.is_empty() {
        return Vec::new();
    }
    let all: f64 = data.costs.iter().map(|cost| cost.resource).sum();
    let rows = data.costs.iter().map(|cost| {
        vec![
            Cell::text(outcome(cost.outcome)),
            Cell::text(count(cost.trials)),
            Cell::text(count(cost.jobs)),
            Cell::text(amount(cost.resource)),
            Cell::share(if all > 0.0 { cost.resource / all } else { 0.0 }),
            Cell::text(span(Duration::try_from_secs_f64(cost.duration_s).unwrap_or_default())),
        ]
    });
    let head = [
        ("trials that", false),
        ("trials", true),
        ("jobs", true),
        (data.resource(), true),
        ("share", true),
        ("time of jobs", true),
    ];
    vec![Block::Table { head: head.map(|(name, numeric)| (name.to_owned(), numeric)).into(), rows: rows.collect() }]
}

fn outcome(class: &str) -> &str {
    match class {
        "best" => "won",
        "finished" => "were trained in full and lost",
        "dropped" => "were not promoted",
        "stopped" => "were stopped early",
        "failed" => "failed",
        other => other,
    }
}
