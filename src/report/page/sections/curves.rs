//! Learning curves with the cut-offs of the rungs.

use crate::report::page::block::{Block, figure};
use crate::report::page::data::ReportData;
use crate::report::plot::catalogue;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let Some(drawn) = catalogue::draw("curves", &data.plots) else { return Vec::new() };
    figure(&drawn, "curves", data.plots.trials.iter().filter(|trial| trial.has_curve()).count())
}
