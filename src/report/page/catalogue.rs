//! The sections of the report, in order. A new one is a file and a line here.

use super::block::Block;
use super::data::ReportData;
use super::sections::{
    brackets, cost, curves, early_stopping, failures, headline, incumbent, parallel, slices, timeline, trials,
};

/// A section.
pub struct Section {
    /// Its anchor.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows; empty if there is nothing to show.
    pub blocks: fn(&ReportData<'_>) -> Vec<Block>,
}

/// All sections.
pub static SECTIONS: [Section; 11] = [
    Section { name: "result", title: "Result", blocks: headline::blocks },
    Section { name: "incumbent", title: "Best value so far", blocks: incumbent::blocks },
    Section { name: "curves", title: "Learning curves", blocks: curves::blocks },
    Section { name: "brackets", title: "Brackets and rungs", blocks: brackets::blocks },
    Section { name: "slices", title: "Value against each parameter", blocks: slices::blocks },
    Section { name: "parallel", title: "Parallel coordinates", blocks: parallel::blocks },
    Section { name: "timeline", title: "Slots over time", blocks: timeline::blocks },
    Section { name: "failures", title: "Failures", blocks: failures::blocks },
    Section { name: "early-stopping", title: "Was early stopping safe?", blocks: early_stopping::blocks },
    Section { name: "cost", title: "Cost by outcome", blocks: cost::blocks },
    Section { name: "trials", title: "All trials", blocks: trials::blocks },
];
