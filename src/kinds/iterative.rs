//! `iterative`: an external tuner proposes.

use std::sync::Arc;

use super::kind::{Field, MatrixKind, Method, Need, no_advice};
use crate::schedule::full_budget::FullBudget;
use crate::search::external::External;
use crate::types::args::{ArgError, Args};

/// `kind: iterative`: `maxIterations` suggestions of the `tuner`, each requested when a slot is free.
pub static KIND: MatrixKind = MatrixKind {
    names: &["iterative"],
    fields: &[Field::required("maxIterations")],
    trials: Some("`maxIterations`; set it with --set maxIterations=20"),
    params: Need::Required,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build,
    advice: no_advice,
};

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let iterations = reader.positive("maxIterations");
    reader.finish(|| {
        let schedule = Arc::new(FullBudget::new(iterations?));
        Some(Method { kind: "iterative", schedule, sampler: Arc::new(External) })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::{args, errors};

    #[test]
    fn there_are_as_many_trials_as_iterations() {
        let method = (KIND.build)(&args(json!({"maxIterations": 12}))).unwrap();
        assert_eq!(method.schedule.plan(None).trials(), 12);
        assert!(method.sampler.is_external() && !method.sampler.ignores_observations());
    }

    #[test]
    fn max_iterations_is_required_and_positive() {
        insta::assert_snapshot!(errors(&KIND, json!({})), @"`maxIterations` is missing");
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 0})), @"`maxIterations` must be a whole number, 1 or more, found the number 0");
    }
}
