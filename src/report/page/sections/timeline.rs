//! Which job ran in which slot, and how long slots were idle.

use std::time::Duration;

use crate::report::page::block::{Block, figure, percent, text};
use crate::report::page::data::ReportData;
use crate::report::plot::catalogue;
use crate::report::text::{counted, span};

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let Some(drawn) = catalogue::draw("timeline", &data.plots) else { return Vec::new() };
    let mut blocks = figure(&drawn, "timeline", 0);
    if let Some(slots) = data.slots {
        let seconds = |s: f64| span(Duration::try_from_secs_f64(s).unwrap_or_default());
        blocks.push(text(format!(
            "{} over {}: {} of work, idle for {} of the time.",
            counted(u64::from(slots.slots), "slot"),
            seconds(slots.time_s),
            seconds(slots.busy_s),
            percent(slots.idle)
        )));
    }
    blocks
}
