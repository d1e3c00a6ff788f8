//! What sections consist of. The template of the page is the only place that turns it into HTML.

use serde::Serialize;

use crate::report::plot::Figure;
use crate::report::plot::image::svg;
use crate::types::ids::TrialId;

/// A part of a section.
#[derive(Debug, Serialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Text {
        /// Plain text.
        text: String,
    },
    /// One number in large type.
    Headline {
        /// The number.
        value: String,
        /// What it is.
        label: String,
        /// The trial that it is of.
        trial: u64,
    },
    /// Names with values.
    Values {
        /// In order.
        values: Vec<(String, String)>,
    },
    /// A line to copy.
    Command {
        /// What it does.
        label: &'static str,
        /// The line.
        line: String,
    },
    /// A plot.
    Figure {
        /// SVG, one element per panel.
        panels: Vec<String>,
        /// Classes and their texts.
        legend: Vec<(&'static str, String)>,
    },
    /// A table.
    Table {
        /// The heads of its columns, and whether they show numbers.
        head: Vec<(String, bool)>,
        /// As long as the head, each.
        rows: Vec<Vec<Cell>>,
    },
    /// Lines of a log.
    Log {
        /// What they are of.
        title: String,
        /// The lines.
        text: String,
    },
    /// The table of all trials, which the script fills from the page's data.
    Trials {
        /// Its rows.
        trials: usize,
    },
}

/// A cell of a table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    text: String,
    /// The trial that it links to.
    trial: Option<u64>,
    /// The length of a bar behind it, percent.
    bar: Option<f64>,
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    /// A link to a trial; a dash without one.
    pub fn trial(trial: Option<TrialId>) -> Cell {
        let text = trial.map_or_else(|| "–".to_owned(), |trial| trial.to_string());
        Cell { text, trial: trial.map(|trial| trial.0), bar: None }
    }

    /// A share in [0, 1], as percent with a bar.
    pub fn share(share: f64) -> Cell {
        Cell { text: percent(share), trial: None, bar: Some((share * 1000.0).round() / 10.0) }
    }
}

/// A share as text: `24 %`, `0.3 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// The blocks for a plot and, if some trials are not drawn, a sentence about that.
pub fn figure(figure: &Figure, name: &str, trials: usize) -> Vec<Block> {
    let legend = svg::legend_entries(figure).map(|(class, text)| (class, text.to_owned())).collect();
    let mut blocks = vec![Block::Figure { panels: svg::panels(figure, name), legend }];
    let drawn = figure.drawn_trials();
    if drawn < trials {
        let (drawn, all) = (crate::report::text::count(drawn as u64), crate::report::text::count(trials as u64));
        let text = format!("{drawn} of {all} trials are drawn: the best and an even selection of the others.");
        blocks.push(Block::Text { text });
    }
    blocks
}

/// A paragraph.
pub fn text(text: impl Into<String>) -> Block {
    Block::Text { text: text.into() }
}
