//! `grid`: every combination of discrete parameters once, the last parameter varying fastest; computed by index.

use std::sync::Arc;

use super::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::method::{Field, Method, MethodKind, Need};
use crate::schedule::ENDLESS;
use crate::schedule::full::Full;
use crate::space::Space;
use crate::words::args::{Fault, Step};
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;

/// `kind: grid`: all combinations at full budget, or the first `numRuns` of them.
pub static KIND: MethodKind = MethodKind {
    names: &["grid"],
    fields: &[Field::optional("numRuns")],
    params: Need::Required,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build: |args| {
        let mut reader = args.reader();
        let runs = reader.positive_or_absent("numRuns");
        reader.finish(|| {
            let schedule = Arc::new(Full::new(runs.unwrap_or(ENDLESS)));
            Some(Method { kind: "grid", schedule, sampler: Arc::new(Grid) })
        })
    },
    advice: |_| Vec::new(),
};

/// The cartesian product of the parameters' values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Grid;

impl Sampler for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(GridSearcher { space: context.space.clone() })
    }

    fn draws_blindly(&self) -> bool {
        true
    }

    fn supply(&self, space: &Space) -> Option<u64> {
        // a product past u64 is limited all the same, and far beyond any plan
        Some(space.cardinality().unwrap_or(ENDLESS - 1))
    }

    fn check(&self, space: &Space) -> Vec<Fault> {
        let continuous = space.params.iter().filter(|p| p.domain.cardinality().is_none());
        let fault = |p: &crate::space::Param| Fault {
            path: vec![Step::Key(p.name.to_string())],
            message: format!("a grid needs values that can be listed, and `{}` cannot be", p.kind),
            hint: Some("use choice, range, linspace, logspace, geomspace or quniform, or `kind: random`".into()),
        };
        continuous.map(fault).collect()
    }
}

/// Trial k runs combination k.
#[derive(Debug)]
struct GridSearcher {
    space: Arc<Space>,
}

impl Searcher for GridSearcher {
    fn propose(&mut self, ask: &Ask) -> Proposal {
        self.space.configuration(ask.trial.0).map_or(Proposal::Exhausted, Proposal::Ready)
    }

    fn adopt(&mut self, _trial: TrialId, _assignment: &Assignment) {}

    fn observe(&mut self, _observation: &Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::tests::{context, method_fault, run};
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
        assert_eq!(Grid.supply(&small()), Some(6));
    }

    #[test]
    fn huge_grids_are_computed_by_index() {
        let huge = space(&[("a", "range", json!([0, 1e9 as i64, 1])), ("b", "range", json!([0, 1e9 as i64, 1]))]);
        let last = huge.configuration(999_999_999_999_999_999).unwrap();
        assert_eq!((last.get("a"), last.get("b")), (Some(&json!(999_999_999)), Some(&json!(999_999_999))));
        assert_eq!(huge.configuration(1_000_000_000_000_000_000), None);
    }

    #[test]
    fn continuous_parameters_are_refused_by_name() {
        let mixed = space(&[("a", "choice", json!([1])), ("lr", "uniform", json!([0, 1]))]);
        let faults = Grid.check(&mixed);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].path, [Step::Key("lr".into())]);
        insta::assert_snapshot!(faults[0].message, @"a grid needs values that can be listed, and `uniform` cannot be");
        assert!(Grid.check(&small()).is_empty());
    }

    #[test]
    fn a_cap_of_zero_is_refused() {
        insta::assert_snapshot!(method_fault(&KIND, json!({"numRuns": 0})), @"`numRuns` must be a whole number, 1 or more, found the number 0");
    }
}
