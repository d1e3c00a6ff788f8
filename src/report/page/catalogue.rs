//! The sections of the report, in order. A new one is a file and a line here.

use super::block::Block;
use super::data::ReportData;
use super::sections::{
    brackets, cost, curves, early_stopping, failures, headline, importance, incumbent, parallel, slices, timeline,
    trials,
};
use crate::report::plot;

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
    ReportSection { name: "incumbent", title: plot::incumbent::TITLE, blocks: incumbent::blocks },
    ReportSection { name: "curves", title: plot::curves::TITLE, blocks: curves::blocks },
    ReportSection { name: "brackets", title: "Brackets and rungs", blocks: brackets::blocks },
    ReportSection { name: "slices", title: plot::slices::TITLE, blocks: slices::blocks },
    ReportSection { name: "parallel", title: plot::parallel::TITLE, blocks: parallel::blocks },
    ReportSection { name: "importance", title: "Which parameters matter", blocks: importance::blocks },
    ReportSection { name: "timeline", title: plot::timeline::TITLE, blocks: timeline::blocks },
    ReportSection { name: "failures", title: "Failures", blocks: failures::blocks },
    ReportSection { name: "early-stopping", title: "Was early stopping safe?", blocks: early_stopping::blocks },
    ReportSection { name: "cost", title: "Cost by outcome", blocks: cost::blocks },
    ReportSection { name: "trials", title: "All trials", blocks: trials::blocks },
];
