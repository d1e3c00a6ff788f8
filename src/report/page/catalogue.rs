//! The sections of the report, in order. A new one is a file and a line here.

use super::block::Block;
use super::data::ReportData;
use super::sections::{
    brackets, cost, curves, early_stopping, failures, headline, importance, incumbent, parallel, slices, timeline,
    trials,
};

/// A section.
pub struct ReportSection {
    /// Its anchor.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows; empty if there is nothing to show.
    pub blocks: fn(&ReportData<'_>) -> Vec<Block>,
}

/// All sections.
pub static SECTIONS: [ReportSection; 12] = [
    ReportSection { name: "result", title: "Result", blocks: headline::blocks },
    ReportSection { name: "incumbent", title: "Best value so far", blocks: incumbent::blocks },
    ReportSection { name: "curves", title: "Learning curves", blocks: curves::blocks },
    ReportSection { name: "brackets", title: "Brackets and rungs", blocks: brackets::blocks },
    ReportSection { name: "slices", title: "Value against each parameter", blocks: slices::blocks },
    ReportSection { name: "parallel", title: "Parallel coordinates", blocks: parallel::blocks },
    ReportSection { name: "importance", title: "Which parameters matter", blocks: importance::blocks },
    ReportSection { name: "timeline", title: "Slots over time", blocks: timeline::blocks },
    ReportSection { name: "failures", title: "Failures", blocks: failures::blocks },
    ReportSection { name: "early-stopping", title: "Was early stopping safe?", blocks: early_stopping::blocks },
    ReportSection { name: "cost", title: "Cost by outcome", blocks: cost::blocks },
    ReportSection { name: "trials", title: "All trials", blocks: trials::blocks },
];
