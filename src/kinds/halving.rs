//! `halving`: one bracket of successive halving, repeated, with random draws.

use std::sync::Arc;

use super::fields::{check_plan_size, read_rounds, read_rung_levels};
use super::kind::{Field, MatrixKind, Method, Need};
use super::rung_advice::one_rung;
use crate::schedule::halving::bracket;
use crate::schedule::sync_brackets::SyncBrackets;
use crate::search::random::Random;
use crate::types::args::{ArgError, Args};

/// `kind: halving`.
pub static KIND: MatrixKind = MatrixKind {
    names: &["halving"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("prefact"),
        Field::optional("rounds"),
    ],
    trials: Some(
        "that of its bracket, which follows from the resources and `eta`; multiply it with --set prefact=2, or use --kind asha, which takes any number",
    ),
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice,
};

fn advice(args: &Args) -> Vec<ArgError> {
    one_rung(args, |levels| levels.resources().len())
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let levels = read_rung_levels(&mut reader);
    let rounds = read_rounds(&mut reader);
    let prefact = reader.optional_number("prefact").unwrap_or(1.0);
    reader.check(prefact > 0.0, "prefact", format!("`prefact` must be above 0, found {prefact}"));
    let schedule = levels.map(|levels| SyncBrackets::new(vec![bracket(&levels, prefact)], rounds, &levels));
    check_plan_size(&mut reader, schedule.as_ref(), "maxIterations");
    reader.finish(|| Some(Method { kind: "halving", schedule: Arc::new(schedule?), sampler: Arc::new(Random) }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::errors;

    #[test]
    fn all_faults_are_reported_at_once() {
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 4, "minIterations": 9, "prefact": 0})), @"
        `minIterations` 9 is above `maxIterations` 4
        `prefact` must be above 0, found 0
        ");
    }
}
