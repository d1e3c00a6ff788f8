//! `grid`: grid search.

use std::sync::Arc;

use super::fields::read_max_trials;
use super::kind::{Field, MatrixKind, Method, Need, no_advice};
use crate::schedule::full_budget::FullBudget;
use crate::search::grid::Grid;
use crate::types::args::{ArgError, Args};

/// `kind: grid`: all combinations with the full budget, or the first `numRuns` of them.
pub static KIND: MatrixKind = MatrixKind {
    names: &["grid"],
    fields: &[Field::optional("numRuns")],
    trials: None,
    params: Need::Required,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build,
    advice: no_advice,
};

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let max_trials = read_max_trials(&mut reader);
    reader.finish(|| {
        let schedule = Arc::new(FullBudget::new(max_trials));
        Some(Method { kind: "grid", schedule, sampler: Arc::new(Grid) })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::errors;

    #[test]
    fn num_runs_is_positive() {
        insta::assert_snapshot!(errors(&KIND, json!({"numRuns": 0})), @"`numRuns` must be a whole number, 1 or more, found the number 0");
    }
}
