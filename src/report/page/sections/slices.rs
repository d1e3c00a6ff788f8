//! The value against each parameter, of the trials at the highest rungs.

use crate::report::page::block::{Block, figure};
use crate::report::page::data::ReportData;
use crate::report::plot::catalogue;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let Some(drawn) = catalogue::draw("slices", &data.plots) else { return Vec::new() };
    figure(&drawn, "slices", 0)
}
