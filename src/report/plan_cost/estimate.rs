//! The time and price of a plan.

use std::sync::Arc;

use serde::Serialize;

use super::job_costs::JobCosts;
pub(super) use super::job_costs::TrialOrder;
use super::rates::CostRates;
use crate::engine::experiment::{Experiment, Stopping};
use crate::report::number;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::search::random::Random;
use crate::sim::{SimulationResult, simulate};
use crate::types::objective::Direction;

/// Larger plans are not simulated: the time of all jobs is divided by the number of slots.
const MAX_SIMULATED: u64 = 200_000;

/// Time and price.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct CostEstimate {
    /// Number of jobs.
    pub jobs: u64,
    /// Time from start to end, seconds.
    #[serde(serialize_with = "number::sum")]
    pub time_s: f64,
    /// Time of all jobs, hours.
    #[serde(serialize_with = "number::sum")]
    pub slot_hours: f64,
    /// The price of all slots from start to end; `None` if it is not known.
    #[serde(serialize_with = "number::optional")]
    pub price: Option<f64>,
}

/// The cost of a plan.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct PlanCost {
    /// Number of slots.
    pub slots: u32,
    /// Time of a job besides training, seconds.
    #[serde(serialize_with = "number::sum")]
    pub startup_s: f64,
    /// Time per unit of the resource, seconds.
    #[serde(serialize_with = "number::sum")]
    pub seconds_per_unit: f64,
    /// Price of a slot for an hour.
    #[serde(serialize_with = "number::optional")]
    pub price_per_hour: Option<f64>,
    /// What to expect; `None` if nothing ends the study.
    pub expected: Option<CostEstimate>,
    /// The least; `None` where the number of jobs and their resources are known in advance.
    pub at_least: Option<CostEstimate>,
    /// The most; `None` as above.
    pub at_most: Option<CostEstimate>,
}

/// What `experiment` costs if no job fails, by a simulation of its schedule with all limits.
///
/// Where the schedule decides while it runs, the bounds are simulations in which each trial is better, or worse, than all before, and the
/// time of the plan's first rungs alone and of all trials with the full resource. Early stopping may end each job after its start-up.
pub fn plan_cost(experiment: &Experiment, rates: CostRates) -> PlanCost {
    let cost = PlanCost {
        slots: rates.slots.get(),
        startup_s: rates.startup_s,
        seconds_per_unit: rates.seconds_per_unit,
        price_per_hour: rates.price_per_hour,
        expected: None,
        at_least: None,
        at_most: None,
    };
    let totals = ExpectedTotals::of(experiment);
    let Some(jobs) = totals.jobs else {
        let resource = totals.resource.map(|resource| whole(rates, resource, resource));
        let time = totals.time.map(|time| rates.estimate(0, time.as_secs_f64(), None));
        return PlanCost {
            expected: resource.into_iter().chain(time).min_by(|a, b| a.time_s.total_cmp(&b.time_s)),
            ..cost
        };
    };
    let is_open_ended = experiment.plan().open_ended;
    let has_rules = !(experiment.stopping.policies.is_empty() && experiment.stopping.conditions.is_empty());
    let stops = has_rules || experiment.limits.patience.is_some();
    if jobs > MAX_SIMULATED {
        return PlanCost { expected: totals.resource.map(|resource| whole(rates, jobs as f64, resource)), ..cost };
    }
    let expected = simulated(experiment, rates, TrialOrder::Random);
    let mut bounds = vec![expected];
    if is_open_ended {
        bounds.extend([TrialOrder::Improving, TrialOrder::Declining].map(|order| simulated(experiment, rates, order)));
        bounds.extend(extremes(experiment, rates));
    }
    if stops {
        bounds.push(simulated(experiment, CostRates { seconds_per_unit: 0.0, ..rates }, TrialOrder::Random));
    }
    let by_time = |a: &&CostEstimate, b: &&CostEstimate| a.time_s.total_cmp(&b.time_s);
    let known = !(is_open_ended || stops);
    let (least, most) = (bounds.iter().min_by(by_time).copied(), bounds.iter().max_by(by_time).copied());
    PlanCost { expected: Some(expected), at_least: least.filter(|_| !known), at_most: most.filter(|_| !known), ..cost }
}

/// No trial is promoted, and all trials get the full resource.
fn extremes(experiment: &Experiment, rates: CostRates) -> Option<CostEstimate> {
    let limits = &experiment.limits;
    // Under limits the number of trials is not known.
    if limits.jobs.is_some() || limits.resource.is_some() || limits.time.is_some() {
        return None;
    }
    let plan = experiment.plan();
    let trials = plan.trials();
    let rungs = plan.brackets.iter().map(|bracket| bracket.rungs.len() as u64).max().unwrap_or(1);
    let full = trials as f64 * experiment.max_resource().amount();
    Some(whole(rates, (trials * rungs) as f64, full))
}

fn simulated(experiment: &Experiment, rates: CostRates, order: TrialOrder) -> CostEstimate {
    let (jobs, result) = jobs_in_time(experiment, rates, order);
    // Jobs that a limit ended count in part.
    let busy = result.whole.busy.as_secs_f64().min(jobs.launched.iter().map(|job| job.seconds).sum());
    rates.estimate(jobs.launched.len() as u64, result.whole.span.as_secs_f64(), Some(busy))
}

/// The jobs of `experiment` in virtual time, if none fails.
pub(super) fn jobs_in_time(
    experiment: &Experiment,
    rates: CostRates,
    order: TrialOrder,
) -> (JobCosts, SimulationResult) {
    let mut simulated = experiment.clone();
    simulated.stopping = Stopping::default();
    simulated.limits.patience = None;
    simulated.prior = Arc::new([]);
    // The proposals of models take time and decide nothing here.
    let sampler = &experiment.method.sampler;
    if sampler.is_external() || !sampler.ignores_observations() {
        simulated.method.sampler = Arc::new(Random);
    }
    let is_minimized = experiment.metric.as_ref().is_none_or(|metric| metric.direction == Direction::Minimize);
    let mut costs = JobCosts { rates, promoted: experiment.promoted, order, is_minimized, launched: Vec::new() };
    let result = simulate(Arc::new(simulated), rates.slots.get(), &mut costs);
    (costs, result)
}

/// `jobs` jobs with `resource` in all, divided evenly between the slots.
fn whole(rates: CostRates, jobs: f64, resource: f64) -> CostEstimate {
    let busy = rates.startup_s * jobs + rates.seconds_per_unit * resource;
    rates.estimate(jobs as u64, busy / f64::from(rates.slots.get()), Some(busy))
}

impl CostRates {
    /// `busy_s`: `None` if all slots are busy.
    fn estimate(&self, jobs: u64, time_s: f64, busy_s: Option<f64>) -> CostEstimate {
        let slot_hours = time_s * f64::from(self.slots.get()) / 3600.0;
        CostEstimate {
            jobs,
            time_s,
            slot_hours: busy_s.map_or(slot_hours, |busy| busy / 3600.0),
            price: self.price_per_hour.map(|price| price * slot_hours),
        }
    }
}
