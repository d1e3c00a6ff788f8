//! What a plot consists of: panels with axes and marks. All coordinates are in pixels from the upper left corner of the panel.

use std::collections::BTreeSet;

use super::scale::Scale;
use crate::types::ids::TrialId;

/// A plot.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// What it shows, for readers that do not see it.
    pub title: String,
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
    /// Its panels.
    pub panels: Vec<Panel>,
    /// The classes that need an explanation, with their texts.
    pub legend: Vec<(MarkClass, &'static str)>,
}

/// A rectangle with axes and marks.
#[derive(Clone, PartialEq, Debug)]
pub struct Panel {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub axes: Vec<PlotAxis>,
    /// Drawn in this order.
    pub marks: Vec<MarkGroup>,
}

/// An axis with its ticks.
#[derive(Clone, PartialEq, Debug)]
pub struct PlotAxis {
    pub side: Side,
    pub scale: Scale,
    pub label: String,
}

/// Where an axis is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Side {
    /// Horizontal, below the panel.
    Bottom,
    /// Vertical, on the left, with horizontal lines at the ticks.
    Left,
    /// Vertical, inside of the panel at this many pixels from the left, with its label above.
    Inside(f64),
}

/// The state of a mark's trial, which decides its colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MarkClass {
    /// A job, whatever became of its trial.
    Job,
    /// A trial that trained less than the most resource and does not run: it was not promoted to the next rung.
    Dropped,
    /// Stopped early by a rule or a limit.
    Stopped,
    /// Failed or timed out.
    Failed,
    /// Running.
    Running,
    /// Reached the highest rung.
    Finished,
    /// The best trial.
    Best,
    /// A number that is not about one trial, such as a cut-off.
    Rule,
    /// An expectation to compare with.
    Baseline,
    /// One of several studies, modulo the number of colours.
    Study(usize),
}

/// Names of the classes of studies that are compared.
const STUDIES: [&str; 6] =
    ["study study-0", "study study-1", "study study-2", "study study-3", "study study-4", "study study-5"];

impl MarkClass {
    /// The class or classes in SVG and HTML.
    pub fn name(self) -> &'static str {
        match self {
            MarkClass::Job => "job",
            MarkClass::Dropped => "dropped",
            MarkClass::Stopped => "stopped",
            MarkClass::Failed => "failed",
            MarkClass::Running => "running",
            MarkClass::Finished => "finished",
            MarkClass::Best => "best",
            MarkClass::Rule => "rule",
            MarkClass::Baseline => "baseline",
            MarkClass::Study(index) => STUDIES[index % STUDIES.len()],
        }
    }
}

/// How marks are drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Shape {
    /// A line through the points of each mark.
    Line,
    /// A dot at each point.
    Dot,
    /// A thick line of this many pixels through the points of each mark.
    Bar(f64),
}

/// Marks of the same shape and class.
#[derive(Clone, PartialEq, Debug)]
pub struct MarkGroup {
    pub shape: Shape,
    pub class: MarkClass,
    pub marks: Vec<PlotMark>,
}

/// A line, or one or more dots.
#[derive(Clone, PartialEq, Debug)]
pub struct PlotMark {
    /// The trial that it shows, if it is one.
    pub trial: Option<TrialId>,
    pub points: Vec<(f64, f64)>,
}

impl Figure {
    /// The number of trials that have a mark.
    pub fn drawn_trials(&self) -> usize {
        let groups = self.panels.iter().flat_map(|panel| &panel.marks);
        groups.flat_map(|group| &group.marks).filter_map(|mark| mark.trial).collect::<BTreeSet<_>>().len()
    }
}

impl Panel {
    /// The point at these positions of a horizontal and a vertical scale, both in [0, 1].
    pub fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.width, (1.0 - y) * self.height)
    }
}

impl MarkGroup {
    /// Marks by class, in the order of [`MarkClass`], so that the best trial is drawn last.
    pub fn by_class(shape: Shape, marks: impl IntoIterator<Item = (MarkClass, PlotMark)>) -> Vec<MarkGroup> {
        let mut marks: Vec<(MarkClass, PlotMark)> =
            marks.into_iter().filter(|(_, mark)| !mark.points.is_empty()).collect();
        marks.sort_by_key(|(class, _)| *class);
        let mut groups: Vec<MarkGroup> = Vec::new();
        for (class, mark) in marks {
            match groups.last_mut().filter(|group| group.class == class) {
                Some(group) => group.marks.push(mark),
                None => groups.push(MarkGroup { shape, class, marks: vec![mark] }),
            }
        }
        groups
    }
}
