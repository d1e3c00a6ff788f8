//! The plan of a study, computed before anything runs: the data of the text and JSON of `plan` and `run --dry-run`.

mod steps;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;
use serde_json::Value;

use super::number;
use crate::command::template::Renderer;
use crate::engine::experiment::{Experiment, Limits};
use crate::schedule::{Plan, finite};
use crate::search::GuessUse;
use crate::space::Param;
use crate::space::guess::Guess;
use crate::types::objective::Metric;
use crate::types::units::{Resource, ResourceSpec};

/// One rung as planned.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RungView {
    /// Number of configurations; `None` if only a limit ends the study.
    pub configs: Option<u64>,
    /// Resource allotted to each.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
}

/// One bracket as planned.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BracketView {
    /// Number of the bracket: s in Hyperband's papers.
    pub bracket: u32,
    /// Smallest resource first.
    pub rungs: Vec<RungView>,
}

/// One parameter.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ParamView {
    /// Its kind in the matrix.
    pub kind: &'static str,
    /// Its effective range or values, as text.
    pub values: String,
    /// When it is active, as text; absent if always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Where its best value is expected; absent without a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guess: Option<Guess>,
}

/// A study's plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PlanView {
    /// The matrix kind.
    pub kind: &'static str,
    /// The name of the sampler.
    pub sampler: &'static str,
    /// Why the sampler `auto` chose it; absent if it was not chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler_reason: Option<String>,
    /// What a schedule that a model leads will do, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// What the guesses of parameters are used for; absent without guesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guesses: Option<GuessUse>,
    /// The reduction factor, if the kind has one.
    #[serde(serialize_with = "number::optional")]
    pub eta: Option<f64>,
    /// One round of brackets.
    pub brackets: Vec<BracketView>,
    /// Number of rounds.
    pub rounds: u32,
    /// Whether the numbers are estimates, because the schedule decides while the study runs.
    pub open_ended: bool,
    /// Configurations over all rounds; like the sums below `None` if only a limit ends the study.
    pub trials: Option<u64>,
    /// Jobs over all rounds.
    pub jobs: Option<u64>,
    /// Sum of the jobs' resources; jobs that continue a checkpoint count with what they add.
    #[serde(serialize_with = "number::optional")]
    pub resource_total: Option<f64>,
    /// The resource of as many trials trained in full.
    #[serde(serialize_with = "number::optional")]
    pub full_resource_total: Option<f64>,
    /// The limits that end the study before the plan is complete.
    pub limits: PlanLimits,
    /// The resource that is allotted; `None` if the kind allots none.
    pub resource: Option<ResourceSpec>,
    /// The metric that trials are ranked by.
    pub metric: Option<Metric>,
    /// The seed of all random draws.
    pub seed: u64,
    /// Number of distinct configurations, if it is finite.
    pub distinct: Option<u64>,
    /// The first argument lists, as they would run.
    pub commands: Vec<Vec<String>>,
    /// How booleans, lists and nulls are passed, where a parameter may have them.
    pub passed: Vec<PassedValue>,
    /// Every parameter, in file order.
    pub params: IndexMap<String, ParamView>,
    /// The constraints of the matrix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
}

/// Limits of a session; null where there is none.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct PlanLimits {
    /// Most jobs.
    pub jobs: Option<u64>,
    /// Most of the resource.
    #[serde(serialize_with = "number::optional")]
    pub resource: Option<f64>,
    /// The longest time, seconds.
    pub time_s: Option<f64>,
    /// The share of what was gained below which the expected gain ends the study; absent if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<f64>,
}

impl PlanLimits {
    fn new(limits: &Limits) -> PlanLimits {
        let time_s = limits.time.map(|time| time.as_secs_f64());
        PlanLimits { jobs: limits.jobs, resource: limits.resource, time_s, patience: limits.patience }
    }
}

impl PlanView {
    /// The plan of `experiment`; `commands` are the first argument lists, which `renderer` makes.
    pub fn new(experiment: &Experiment, renderer: Option<&Renderer>, commands: Vec<Vec<String>>) -> PlanView {
        let method = &experiment.method;
        let plan = experiment.plan();
        let totals = experiment.totals(&plan);
        let trials = finite(totals.trials);
        PlanView {
            kind: method.kind,
            sampler: method.sampler.name(),
            sampler_reason: method.sampler.choice().map(|choice| choice.reason.clone()),
            steps: steps::steps(experiment, &plan),
            guesses: Some(method.sampler.guess_use()).filter(|_| !experiment.space.guesses().is_empty()),
            eta: method.schedule.eta(),
            brackets: brackets(&plan),
            rounds: plan.rounds,
            open_ended: plan.open_ended,
            trials,
            jobs: finite(totals.jobs),
            resource_total: trials.map(|_| totals.resource),
            full_resource_total: trials.map(|_| totals.full_resource),
            limits: PlanLimits::new(&experiment.limits),
            resource: experiment.resource.clone(),
            metric: experiment.metric.clone(),
            seed: experiment.seed,
            distinct: experiment.space.cardinality().filter(|_| !experiment.space.params.is_empty()),
            commands,
            passed: renderer.map(|renderer| passed_values(experiment, renderer)).unwrap_or_default(),
            params: params(experiment),
            constraints: experiment.space.constraints().iter().map(|constraint| constraint.text.clone()).collect(),
        }
    }
}

fn brackets(plan: &Plan) -> Vec<BracketView> {
    let rung = |r: &crate::schedule::RungPlan| RungView { configs: finite(r.configs), resource: r.resource };
    let brackets = plan.brackets.iter();
    brackets.map(|b| BracketView { bracket: b.bracket, rungs: b.rungs.iter().map(rung).collect() }).collect()
}

fn params(experiment: &Experiment) -> IndexMap<String, ParamView> {
    let space = &experiment.space;
    let view = |(index, param): (usize, &Param)| {
        let (values, when) = (param.domain.describe(), space.describe_when(index));
        (param.name.to_string(), ParamView { kind: param.kind, values, when, guess: param.guess.clone() })
    };
    space.params.iter().enumerate().map(view).collect()
}

/// The most values of a parameter that are looked through.
const MAX_LEVELS: u64 = 1_000;

/// A value and what the command gets for it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PassedValue {
    /// The name of the parameter.
    pub param: String,
    /// A boolean, a list or null that the parameter may have.
    pub value: Value,
    /// The arguments, or one `NAME=value` for a variable; empty if nothing is passed.
    pub arguments: Vec<String>,
}

/// Each parameter's booleans, null and first list that is not empty, as `renderer` passes them.
pub fn passed_values(experiment: &Experiment, renderer: &Renderer) -> Vec<PassedValue> {
    let mut passed: Vec<PassedValue> = Vec::new();
    let mut add = |param: &str, value: Value| {
        let is_known = |known: &PassedValue| known.param == param && is_same_case(&known.value, &value);
        if is_special(&value)
            && !passed.iter().any(is_known)
            && let Some(job) = renderer.passed(param, &value)
        {
            let variables = job.variables.iter().map(|(name, value)| format!("{name}={value}"));
            let arguments = variables.chain(job.argv).collect();
            passed.push(PassedValue { param: param.to_owned(), value, arguments });
        }
    };
    for param in &experiment.space.params {
        let levels = param.domain.cardinality().unwrap_or(0).min(MAX_LEVELS);
        (0..levels).filter_map(|level| param.domain.level(level)).for_each(|value| add(&param.name, value));
    }
    for configuration in experiment.method.sampler.listed().iter().take(MAX_LEVELS as usize) {
        configuration.iter().for_each(|(name, value)| add(name, value.clone()));
    }
    let order: IndexSet<String> = passed.iter().map(|value| value.param.clone()).collect();
    passed.sort_by_key(|value| order.get_index_of(&value.param));
    passed
}

fn is_special(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Array(items) => !items.is_empty(),
        Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

/// Whether one of two values is enough to show how both are passed.
fn is_same_case(one: &Value, other: &Value) -> bool {
    (one.is_array() && other.is_array()) || one == other
}
