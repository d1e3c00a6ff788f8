//! All parameters and the value of each trial.

use crate::report::page::block::{Block, figure, text};
use crate::report::page::data::ReportData;
use crate::report::plot::catalogue;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let Some(drawn) = catalogue::draw("parallel", &data.plots) else { return Vec::new() };
    let trials = data.plots.trials.iter().filter(|trial| trial.value().is_some()).count();
    let mut blocks = figure(&drawn, "parallel", trials);
    blocks.push(text("Drag along an axis to select the trials in a range, in all plots and in the table; click the axis to clear it."));
    blocks
}
