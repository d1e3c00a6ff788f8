//! The best value over time and resource, beside random search.

use crate::report::page::block::{Block, figure, text};
use crate::report::page::data::ReportData;
use crate::report::plot::catalogue;
use crate::report::text::{counted, short};

pub fn blocks(data: &ReportData<'_>) -> Vec<Block> {
    let Some(drawn) = catalogue::draw("incumbent", &data.plots) else { return Vec::new() };
    let mut blocks = figure(&drawn, "incumbent", 0);
    if let Some(baseline) = &data.random_search
        && let Some(last) = baseline.points.last()
    {
        let found =
            data.best.as_ref().map(|best| format!("; the study found {}", short(best.value))).unwrap_or_default();
        blocks.push(text(format!(
            "With the same budget, random search would have trained {} in full and found about {}{found}. This is estimated from the {} \
             values of trials that were drawn at random and trained in full from the start, and cannot be better than the best of them.",
            counted(last.trials as u64, "trial"),
            short(last.value),
            baseline.values
        )));
    }
    blocks
}
