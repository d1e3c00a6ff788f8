//! `random`: random search.

use std::sync::Arc;

use super::kind::{Field, MatrixKind, Method, Need, no_advice};
use crate::schedule::full_budget::FullBudget;
use crate::search::random::Random;
use crate::types::args::{ArgError, Args};

/// `kind: random`: `numRuns` random draws with the full budget.
pub static KIND: MatrixKind = MatrixKind {
    names: &["random"],
    fields: &[Field::required("numRuns")],
    trials: None,
    params: Need::Required,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build,
    advice: no_advice,
};

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let trials = reader.positive("numRuns");
    reader.finish(|| {
        let schedule = Arc::new(FullBudget::new(trials?));
        Some(Method { kind: "random", schedule, sampler: Arc::new(Random) })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::errors;

    #[test]
    fn num_runs_is_required_and_positive() {
        insta::assert_snapshot!(errors(&KIND, json!({})), @"`numRuns` is missing");
        insta::assert_snapshot!(errors(&KIND, json!({"numRuns": 0})), @"`numRuns` must be a whole number, 1 or more, found the number 0");
    }
}
