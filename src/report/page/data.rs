//! The data of a report, as `report --format json` prints it.

use serde::Serialize;

use super::facts::{BracketCost, Confidence, EarlyStopping, Occupancy, OutcomeCost, bracket_costs, costs};
use crate::report::best::BestView;
use crate::report::best::repetition::Repetition;
use crate::report::plot::{Baseline, PlotData};
use crate::report::status::{StatusInput, StudyStatus};
use crate::report::trials::{TrialView, trials};
use crate::report::view::JobView;

/// A study as a report shows it.
#[derive(Debug, Serialize)]
pub struct ReportData<'a> {
    /// As `status --format json`.
    pub status: StudyStatus<'a>,
    /// The best trial and how it is repeated; null while no job has a value.
    pub best: Option<BestView<'a>>,
    /// How sure it is that it is the best.
    pub confidence: Option<Confidence>,
    /// The resource that all launches spent.
    #[serde(serialize_with = "crate::report::number::sum")]
    pub resource_spent: f64,
    /// The expected course of random search; null if it cannot be estimated.
    pub random_search: Option<Baseline>,
    /// What each bracket cost and found, in order of their first launch.
    pub brackets: Vec<BracketCost>,
    /// The use of the slots; null before the first launch.
    pub slots: Option<Occupancy>,
    /// Whether rungs predicted the next ones; null if no trial with a value was promoted.
    pub early_stopping: Option<EarlyStopping>,
    /// The cost by outcome.
    pub costs: Vec<OutcomeCost>,
    /// Every trial, best first, as in `trials --format json`.
    pub trials: Vec<TrialView>,
    /// What plots are drawn from.
    #[serde(skip)]
    pub plots: PlotData<'a>,
}

impl<'a> ReportData<'a> {
    /// The data of `input`, whose view has [`crate::report::view::ViewDetail::Curves`]. `repeat` says how a job is repeated.
    pub fn new(input: &StatusInput<'a>, repeat: impl FnOnce(&JobView) -> Repetition) -> ReportData<'a> {
        let view = input.view;
        let plots = PlotData::new(view);
        ReportData {
            status: StudyStatus::new(input),
            best: BestView::new(view, repeat),
            confidence: Confidence::of(view),
            resource_spent: view.resource_spent(),
            random_search: Baseline::of(view),
            brackets: bracket_costs(view),
            slots: Occupancy::of(view, input.now),
            early_stopping: EarlyStopping::of(view),
            costs: costs(&plots),
            trials: trials(view),
            plots,
        }
    }

    /// The resource's name.
    pub fn resource(&self) -> &'a str {
        self.plots.resource
    }

    /// The name of the study's folder.
    pub fn name(&self) -> String {
        let path = self.status.study;
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }
}
