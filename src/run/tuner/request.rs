//! Requests to the tuner, with the description of the space.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::observations::JobObservation;
use super::program::ProtocolVersion;
use super::response::RejectedSuggestion;
use crate::engine::experiment::Experiment;
use crate::space::distribution::{Distribution, NumericDistribution};
use crate::space::rules::conditions::WhenCondition;
use crate::space::rules::constraint::Constraint;
use crate::space::{Domain, Geometry, Param, Space};
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::Metric;
use crate::types::units::Resource;

/// Most values of one parameter that are listed.
const MAX_VALUES: u64 = 1000;

/// One request, as its JSON object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    op: &'static str,
    version: u32,
    count: usize,
    trials: Vec<TrialId>,
    #[serde(flatten)]
    bracket: BracketId,
    resource: Option<Value>,
    max_resource: Option<Value>,
    metric: Option<&'a Metric>,
    seed: u64,
    params: &'a Map<String, Value>,
    space: &'a Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    constraints: Vec<&'a str>,
    observations: &'a [JobObservation],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rejected: &'a [RejectedSuggestion],
}

/// The fields that are equal in all requests.
#[derive(Debug)]
pub struct RequestContext<'a> {
    /// The study.
    pub experiment: &'a Experiment,
    /// The matrix's `tuner.params`.
    pub params: &'a Map<String, Value>,
    /// From [`describe_space`].
    pub space: &'a Value,
    /// Suggestions of the last response that broke a constraint.
    pub rejected: &'a [RejectedSuggestion],
    /// The newest version that the tuner reads.
    pub protocol: ProtocolVersion,
}

/// A request for a configuration for each of `trials`, which start in one bracket with one resource: one line, with its newline.
pub fn encode(
    context: &RequestContext<'_>,
    trials: &[TrialId],
    (bracket, resource): (BracketId, Resource),
    observations: &[JobObservation],
) -> serde_json::Result<Vec<u8>> {
    let experiment = context.experiment;
    let space = &experiment.space;
    // Without conditions and constraints 2 is the same as 1.
    let version = if space.has_rules() { context.protocol } else { ProtocolVersion::One };
    let (constraints, rejected): (&[Constraint], &[RejectedSuggestion]) = match version {
        ProtocolVersion::One => (&[], &[]),
        ProtocolVersion::Two => (space.constraints(), context.rejected),
    };
    let amount = |amount: Resource| experiment.resource.as_ref().map(|spec| spec.value(amount));
    let mut line = serde_json::to_vec(&Request {
        op: "suggest",
        version: version as u32,
        count: trials.len(),
        trials: trials.to_vec(),
        bracket,
        resource: amount(resource),
        max_resource: amount(experiment.max_resource()),
        metric: experiment.metric.as_ref(),
        seed: experiment.seed,
        params: context.params,
        space: context.space,
        constraints: constraints.iter().map(|constraint| constraint.text.as_str()).collect(),
        observations,
        rejected,
    })?;
    line.push(b'\n');
    Ok(line)
}

/// Every parameter by name, in file order; with its `when` from version 2 on.
pub fn describe_space(space: &Space, protocol: ProtocolVersion) -> Value {
    let describe = |(index, param): (usize, &Param)| {
        let mut entry = describe_parameter(param);
        let when = space.conditions().when(index);
        if let Some(when) = when.filter(|_| protocol >= ProtocolVersion::Two) {
            let name = |condition: &WhenCondition| space.params[condition.parent].name.to_string();
            let conditions = when.conditions.iter().map(|c| (name(c), Value::from(c.values.clone())));
            entry["when"] = conditions.collect::<Map<_, _>>().into();
        }
        (param.name.to_string(), entry)
    };
    space.params.iter().enumerate().map(describe).collect::<Map<_, _>>().into()
}

fn describe_parameter(param: &Param) -> Value {
    let domain = &*param.domain;
    let mut entry = Map::from_iter([("kind".to_owned(), param.kind.into())]);
    let fields = match (domain.distribution(), domain.geometry()) {
        (Some(numeric), _) => continuous(&numeric),
        (None, Geometry::Unordered { weights }) => {
            json!({"type": "choice", "values": listed_values(domain), "weights": weights})
        }
        // known to tuners of version 1 of the protocol
        (None, Geometry::Constant) => json!({"type": "choice", "values": listed_values(domain), "weights": [1.0]}),
        (None, Geometry::Ordered) => {
            json!({"type": "ordered", "values": listed_values(domain), "count": domain.cardinality()})
        }
    };
    entry.extend(fields.as_object().cloned().unwrap_or_default());
    entry.into()
}

fn continuous(NumericDistribution { distribution, step }: &NumericDistribution) -> Value {
    let mut entry = match distribution {
        Distribution::Uniform { low, high } => json!({"type": "float", "low": low, "high": high, "log": false}),
        Distribution::LogUniform { low, high } => json!({"type": "float", "low": low, "high": high, "log": true}),
        Distribution::Normal { loc, scale } => json!({"type": "normal", "loc": loc, "scale": scale, "log": false}),
        Distribution::LogNormal { loc, scale } => json!({"type": "normal", "loc": loc, "scale": scale, "log": true}),
    };
    if let Some(step) = step {
        entry["q"] = step.clone();
    }
    entry
}

/// All values in order, or [`MAX_VALUES`] evenly spaced ones, the first and the last included.
fn listed_values(domain: &dyn Domain) -> Vec<Value> {
    let count = domain.cardinality().unwrap_or(0);
    let listed = count.min(MAX_VALUES);
    // u128: the product of two large counts
    let index = |i: u64| u128::from(i) * u128::from(count - 1) / u128::from(listed.max(2) - 1);
    (0..listed).filter_map(|i| domain.level(u64::try_from(index(i)).ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::rules::tests::branches;
    use crate::space::tests::space;

    #[test]
    fn every_kind_of_parameter_is_described() {
        let space = space(&[
            ("act", "pchoice", json!([["relu", 0.75], ["tanh", 0.25]])),
            ("units", "choice", json!([16, 32, 64])),
            ("layers", "range", json!([1, 4, 1])),
            ("since", "daterange", json!(["2024-01-01", "2024-01-04", 1])),
            ("momentum", "uniform", json!([0, 1])),
            ("lr", "loguniform", json!({"min": 0.001, "max": 1})),
            ("batch", "quniform", json!([10, 70, 16])),
            ("noise", "qnormal", json!([0, 1, 0.5])),
            ("decay", "lognormal", json!([-3, 1])),
        ]);
        let description = describe_space(&space, ProtocolVersion::Two);
        let lines: Vec<String> = description.as_object().unwrap().iter().map(|(k, v)| format!("{k} {v}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        act {"kind":"pchoice","type":"choice","values":["relu","tanh"],"weights":[0.75,0.25]}
        units {"kind":"choice","type":"ordered","values":[16,32,64],"count":3}
        layers {"kind":"range","type":"ordered","values":[1,2,3],"count":3}
        since {"kind":"daterange","type":"ordered","values":["2024-01-01","2024-01-02","2024-01-03"],"count":3}
        momentum {"kind":"uniform","type":"float","low":0.0,"high":1.0,"log":false}
        lr {"kind":"loguniform","type":"float","low":0.001,"high":1.0,"log":true}
        batch {"kind":"quniform","type":"float","low":16.0,"high":64.0,"log":false,"q":16}
        noise {"kind":"qnormal","type":"normal","loc":0.0,"scale":1.0,"log":false,"q":0.5}
        decay {"kind":"lognormal","type":"normal","loc":-3.0,"scale":1.0,"log":true}
        "#);
    }

    #[test]
    fn of_a_million_values_a_thousand_are_listed() {
        let space = space(&[("seed", "range", json!([0, 1_000_000, 1]))]);
        let entry = &describe_space(&space, ProtocolVersion::Two)["seed"];
        let values = entry["values"].as_array().unwrap();
        assert_eq!((values.len(), &values[0], &values[999]), (1000, &json!(0), &json!(999_999)));
        assert_eq!(entry["count"], 1_000_000);
    }

    #[test]
    fn conditions_are_described() {
        let description = describe_space(&branches(), ProtocolVersion::Two);
        assert_eq!(description["beta"]["when"], json!({"opt": ["adam", "lamb"]}));
        assert_eq!(description["damping"]["when"], json!({"nesterov": [true]}));
        assert_eq!(description["opt"].get("when"), None);
    }
}
