//! Proposals of R, η and the length of a schedule that use a given time.

use serde::Serialize;

use super::estimate::CostEstimate;
use crate::kinds::{self, Field};
use crate::report::number;
use crate::schedule::Length;
use crate::types::units::ResourceKind;

use crate::engine::experiment::Experiment;

/// Maximum number of proposals.
const MAX_PROPOSALS: usize = 5;
/// Longest length that is tried.
const MAX_LENGTH: u64 = 1 << 20;
/// Other reduction factors that are tried.
const ETAS: [f64; 3] = [2.0, 3.0, 4.0];
/// R is tried with this many factors of η less and more.
const FACTORS: i32 = 2;

/// A field of the matrix with its value.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FieldSetting {
    /// The field.
    pub field: &'static str,
    /// Its value.
    #[serde(serialize_with = "number::sum")]
    pub value: f64,
}

/// A plan that takes at most the given time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PlanFit {
    /// The fields to set.
    pub fields: Vec<FieldSetting>,
    /// Its cost.
    #[serde(flatten)]
    pub cost: CostEstimate,
}

/// Proposals that take at most `seconds`: those that keep the largest amount of the matrix first, of these those that use most of the
/// time. `cost` prices the study with other values of fields; it is
/// `None` for values that are not allowed.
pub fn proposals(
    experiment: &Experiment,
    seconds: f64,
    cost: impl Fn(&[FieldSetting]) -> Option<CostEstimate>,
) -> Vec<PlanFit> {
    let length = length_field(experiment);
    let longest = |others: &[FieldSetting]| {
        let priced = |amount: u64| {
            let fields: Vec<FieldSetting> =
                others.iter().cloned().chain([FieldSetting { field: length, value: amount as f64 }]).collect();
            let cost = cost(&fields).filter(|cost| cost.time_s <= seconds)?;
            Some(PlanFit { fields, cost })
        };
        let mut best = (1, priced(1)?);
        while best.0 < MAX_LENGTH
            && let Some(fit) = priced(2 * best.0)
        {
            best = (2 * best.0, fit);
        }
        let mut too_long = 2 * best.0;
        while too_long - best.0 > 1 {
            let middle = best.0 + (too_long - best.0) / 2;
            match priced(middle) {
                Some(fit) => best = (middle, fit),
                None => too_long = middle,
            }
        }
        Some(best.1)
    };
    let mut fits: Vec<PlanFit> = shapes(experiment, length).iter().filter_map(|others| longest(others)).collect();
    let has_other_amount = |fit: &PlanFit| fit.fields.iter().any(|field| field.field == "maxIterations");
    fits.sort_by(|a, b| has_other_amount(a).cmp(&has_other_amount(b)).then(b.cost.time_s.total_cmp(&a.cost.time_s)));
    fits.truncate(MAX_PROPOSALS);
    fits
}

/// The values of R and η to try, those of the matrix first.
fn shapes(experiment: &Experiment, length: &str) -> Vec<Vec<FieldSetting>> {
    let schedule = &experiment.method.schedule;
    let mut shapes = vec![Vec::new()];
    let Some(most) = schedule.max_resource().filter(|_| length != "maxIterations" && has(experiment, "maxIterations"))
    else {
        return shapes;
    };
    let eta = schedule.eta();
    for factor in (-FACTORS..=FACTORS).filter(|factor| *factor != 0) {
        let exact = most.amount() * libm::pow(eta.unwrap_or(3.0), f64::from(factor));
        let is_whole = experiment.resource.as_ref().is_none_or(|spec| spec.kind == ResourceKind::Int);
        let value = if is_whole { exact.round() } else { exact };
        shapes.extend((value > 0.0).then(|| vec![FieldSetting { field: "maxIterations", value }]));
    }
    if let Some(eta) = eta.filter(|_| has(experiment, "eta")) {
        let others = ETAS.into_iter().filter(|other| *other != eta);
        shapes.extend(others.map(|value| vec![FieldSetting { field: "eta", value }]));
    }
    shapes
}

/// The field of the matrix that sets the schedule's length.
fn length_field(experiment: &Experiment) -> &'static str {
    match experiment.method.schedule.length() {
        Length::Rounds(_) => "rounds",
        Length::Trials(_) if has(experiment, "numRuns") => "numRuns",
        Length::Trials(_) => "maxIterations",
    }
}

fn has(experiment: &Experiment, name: &str) -> bool {
    let kind = kinds::by_name(experiment.method.kind);
    kind.is_some_and(|kind| kind.fields.iter().any(|field: &Field| field.name == name))
}
