//! The plots. A new one is a file and a line here.

use super::data::PlotData;
use super::figure::Figure;
use super::{curves, importance, incumbent, parallel, rungs, slices, timeline};

/// A kind of plot.
#[derive(Debug)]
pub struct PlotKind {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its heading in the report.
    pub title: &'static str,
    /// Draws it; `None` if the study has nothing to show in it.
    pub draw: fn(&PlotData) -> Option<Figure>,
}

/// All plots, in the order of the report.
pub static PLOTS: [PlotKind; 7] = [
    PlotKind { name: "incumbent", title: incumbent::TITLE, draw: incumbent::draw },
    PlotKind { name: "curves", title: curves::TITLE, draw: curves::draw },
    PlotKind { name: "rungs", title: "Values at each rung", draw: rungs::draw },
    PlotKind { name: "slices", title: slices::TITLE, draw: slices::draw },
    PlotKind { name: "parallel", title: parallel::TITLE, draw: parallel::draw },
    PlotKind { name: "importance", title: "Importance of parameters", draw: importance::draw },
    PlotKind { name: "timeline", title: timeline::TITLE, draw: timeline::draw },
];

/// The plot called `name`.
pub fn named(name: &str) -> Option<&'static PlotKind> {
    PLOTS.iter().find(|plot| plot.name == name)
}

/// The plot called `name` of a study; `None` if there is none, or nothing to show in it.
pub fn draw(name: &str, data: &PlotData<'_>) -> Option<Figure> {
    (named(name)?.draw)(data)
}
