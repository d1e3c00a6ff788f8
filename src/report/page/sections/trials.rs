//! The table of all trials.

use crate::report::page::block::Block;
use crate::report::page::data::ReportData;

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    if data.trials.is_empty() { Vec::new() } else { vec![Block::Trials { trials: data.trials.len() }] }
}
