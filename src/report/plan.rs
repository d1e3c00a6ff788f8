//! What a study will do, told before anything runs: the numbers behind the text and the JSON of `plan` and `run --dry-run`.

use indexmap::IndexMap;
use serde::Serialize;

use super::amount;
use crate::engine::experiment::Experiment;
use crate::schedule::{Plan, finite};
use crate::types::objective::Metric;
use crate::types::units::{Resource, ResourceSpec};

/// One rung as planned.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RungView {
    /// Number of configurations; `None` where only a limit of the study ends them.
    pub configs: Option<u64>,
    /// Resource of each.
    #[serde(serialize_with = "amount::resource")]
    pub resource: Resource,
}

/// One bracket as planned.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BracketView {
    /// s.
    pub bracket: u32,
    /// Smallest resource first.
    pub rungs: Vec<RungView>,
}

/// One parameter as it will be drawn.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ParamView {
    /// The kind it was declared with.
    pub kind: &'static str,
    /// Its effective range or values, in words.
    pub values: String,
}

/// A study's plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PlanView {
    /// The matrix kind.
    pub kind: &'static str,
    /// Who proposes.
    pub sampler: &'static str,
    /// The reduction factor, where there is one.
    #[serde(serialize_with = "amount::maybe")]
    pub eta: Option<f64>,
    /// One round of brackets.
    pub brackets: Vec<BracketView>,
    /// How often the round is repeated.
    pub rounds: u32,
    /// Whether the numbers only sketch what will run: the schedule decides as it goes.
    pub open_ended: bool,
    /// New configurations over all rounds; like the sums below `None` where only a limit of the study ends it.
    pub trials: Option<u64>,
    /// Jobs over all rounds.
    pub jobs: Option<u64>,
    /// Sum of the jobs' resources; jobs that continue a checkpoint count with what they add.
    #[serde(serialize_with = "amount::maybe")]
    pub resource_total: Option<f64>,
    /// What as many trials at full resource would cost.
    #[serde(serialize_with = "amount::maybe")]
    pub full_resource_total: Option<f64>,
    /// What is allotted; `None` where the kind knows no resource.
    pub resource: Option<ResourceSpec>,
    /// What is ranked by.
    pub metric: Option<Metric>,
    /// Every draw comes from it.
    pub seed: u64,
    /// How many distinct configurations the parameters allow, where that is limited.
    pub distinct: Option<u64>,
    /// The first argument lists, exactly as they would run.
    pub commands: Vec<Vec<String>>,
    /// Every parameter, in file order.
    pub params: IndexMap<String, ParamView>,
}

impl PlanView {
    /// The plan of `experiment`, with the first argument lists that it would run.
    pub fn new(experiment: &Experiment, commands: Vec<Vec<String>>) -> PlanView {
        let method = &experiment.method;
        let plan = experiment.plan();
        let totals = experiment.totals(&plan);
        let trials = finite(totals.trials);
        PlanView {
            kind: method.kind,
            sampler: method.sampler.name(),
            eta: method.schedule.eta(),
            brackets: brackets(&plan),
            rounds: plan.rounds,
            open_ended: plan.open_ended,
            trials,
            jobs: finite(totals.jobs),
            resource_total: trials.map(|_| totals.resource),
            full_resource_total: trials.map(|_| totals.full_resource),
            resource: experiment.resource.clone(),
            metric: experiment.metric.clone(),
            seed: experiment.seed,
            distinct: experiment.space.cardinality().filter(|_| !experiment.space.params.is_empty()),
            commands,
            params: params(experiment),
        }
    }
}

fn brackets(plan: &Plan) -> Vec<BracketView> {
    let rung = |r: &crate::schedule::RungPlan| RungView { configs: finite(r.configs), resource: r.resource };
    let brackets = plan.brackets.iter();
    brackets.map(|b| BracketView { bracket: b.bracket, rungs: b.rungs.iter().map(rung).collect() }).collect()
}

fn params(experiment: &Experiment) -> IndexMap<String, ParamView> {
    let params = experiment.space.params.iter();
    params.map(|p| (p.name.to_string(), ParamView { kind: p.kind, values: p.domain.describe() })).collect()
}
