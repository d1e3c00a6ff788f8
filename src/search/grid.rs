//! Grid search: every combination of discrete parameters once, the last parameter varying fastest.

use std::sync::Arc;

use super::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::{Param, Space};
use crate::types::advice::TrialRequest;
use crate::types::args::{ArgError, PathSegment};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::origin::ConfigOrigin;

/// The cartesian product of the parameters' values; trial k runs combination k, which is computed from its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grid;

impl Sampler for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(GridSearcher { space: context.space.clone() })
    }

    fn ignores_observations(&self) -> bool {
        true
    }

    fn max_trials(&self, space: &Space) -> Option<u64> {
        // A product above u64::MAX is limited too, and larger than any plan.
        Some(space.grid_cardinality().unwrap_or(u64::MAX - 1))
    }

    fn check(&self, space: &Space) -> Vec<ArgError> {
        let continuous = space.params.iter().filter(|p| p.domain.cardinality().is_none());
        let error = |p: &Param| ArgError {
            path: vec![PathSegment::Key(p.name.to_string())],
            message: format!("a grid needs parameters with a finite number of values; `{}` is continuous", p.kind),
            hint: Some("use choice, range, linspace, logspace, geomspace or quniform, or `kind: random`".into()),
        };
        let mut errors: Vec<ArgError> = continuous.map(error).collect();
        let is_uncounted = !space.constraints().is_empty() && space.grid_cardinality().is_none();
        if errors.is_empty() && is_uncounted {
            errors.push(ArgError {
                path: Vec::new(),
                message: "the grid has too many combinations to check against its constraints".to_owned(),
                hint: Some(
                    "use fewer values, move the parameters that constraints use to the front, split a constraint into some with \
                     fewer parameters, or use `kind: random`"
                        .into(),
                ),
            });
        }
        errors
    }
}

#[derive(Debug)]
struct GridSearcher {
    space: Arc<Space>,
}

impl Searcher for GridSearcher {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        self.space.configuration(request.trial.0).map_or(Proposal::Exhausted, Proposal::Ready)
    }

    fn origin(&self) -> ConfigOrigin {
        ConfigOrigin::Listed
    }

    fn register(&mut self, _trial: TrialId, _assignment: &Assignment) {}

    fn observe(&mut self, _observation: &Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::tests::{context, run};
    use crate::space::tests::space;

    fn small() -> Space {
        space(&[("a", "choice", json!(["x", "y"])), ("b", "range", json!([0, 3, 1]))])
    }

    #[test]
    fn the_last_parameter_varies_fastest_and_the_grid_ends() {
        let drawn = run(&mut *Grid.searcher(&context(small(), 0)), 100);
        insta::assert_snapshot!(drawn.join("\n"), @r#"
    {"a":"x","b":0}
    {"a":"x","b":1}
    {"a":"x","b":2}
    {"a":"y","b":0}
    {"a":"y","b":1}
    {"a":"y","b":2}
    "#);
        assert_eq!(Grid.max_trials(&small()), Some(6));
    }

    #[test]
    fn huge_grids_are_computed_by_index() {
        let huge = space(&[("a", "range", json!([0, 1e9 as i64, 1])), ("b", "range", json!([0, 1e9 as i64, 1]))]);
        let last = huge.configuration(999_999_999_999_999_999).unwrap();
        assert_eq!((last.get("a"), last.get("b")), (Some(&json!(999_999_999)), Some(&json!(999_999_999))));
        assert_eq!(huge.configuration(1_000_000_000_000_000_000), None);
    }

    #[test]
    fn continuous_parameters_are_rejected_by_name() {
        let mixed = space(&[("a", "choice", json!([1])), ("lr", "uniform", json!([0, 1]))]);
        let errors = Grid.check(&mixed);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].path, [PathSegment::Key("lr".into())]);
        insta::assert_snapshot!(errors[0].message, @"a grid needs parameters with a finite number of values; `uniform` is continuous");
        assert!(Grid.check(&small()).is_empty());
    }
}
