//! `hyperband`: Hyperband with random draws.

use std::sync::Arc;

use super::fields::{check_plan_size, read_rounds, read_rung_levels};
use super::kind::{Field, MatrixKind, Method, Need};
use super::rung_advice::one_rung;
use crate::schedule::hyperband::{BracketSizes, brackets};
use crate::schedule::sync_brackets::SyncBrackets;
use crate::search::random::Random;
use crate::types::args::{ArgError, ArgReader, Args};

/// `kind: hyperband`.
pub static KIND: MatrixKind = MatrixKind {
    names: &["hyperband"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("eta"),
        Field::optional("minIterations"),
        Field::optional("bracketSizes"),
        Field::optional("rounds"),
    ],
    trials: Some(
        "that of its brackets, which follow from the largest resource and `eta`; repeat them with --set rounds=2, or use --kind asha, which takes any number",
    ),
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice,
};

fn advice(args: &Args) -> Vec<ArgError> {
    one_rung(args, |levels| levels.s_max() as usize + 1)
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let levels = read_rung_levels(&mut reader);
    let sizes = read_sizes(&mut reader);
    let rounds = read_rounds(&mut reader);
    let schedule = levels.map(|levels| SyncBrackets::new(brackets(&levels, sizes), rounds, &levels));
    check_plan_size(&mut reader, schedule.as_ref(), "maxIterations");
    reader.finish(|| Some(Method { kind: "hyperband", schedule: Arc::new(schedule?), sampler: Arc::new(Random) }))
}

fn read_sizes(reader: &mut ArgReader<'_>) -> BracketSizes {
    let words = [("floor", BracketSizes::Floor), ("ceil", BracketSizes::Ceil)];
    reader.optional_keyword("bracketSizes", &words).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::{args, errors};

    fn method(fields: serde_json::Value) -> Method {
        (KIND.build)(&args(fields)).unwrap()
    }

    #[test]
    fn defaults_and_min_iterations() {
        let method = method(json!({"maxIterations": 81, "minIterations": 3, "rounds": 2}));
        let plan = method.schedule.plan(None);
        assert_eq!((plan.brackets.len(), plan.rounds, plan.brackets[0].rungs[0].resource.amount()), (4, 2, 3.0));
        assert_eq!(method.schedule.max_resource().unwrap().amount(), 81.0);
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let errors = errors(&KIND, json!({"maxIterations": 0.5, "eta": 1, "bracketSizes": "round", "rounds": 0}));
        insta::assert_snapshot!(errors, @r#"
        `eta` must be above 1, found 1
        `maxIterations` must be 1 or more, found 0.5
        `bracketSizes` must be floor or ceil, found "round"
        `rounds` must be a whole number, 1 or more, found the number 0
        "#);
    }

    #[test]
    fn bounds_of_an_int_resource_are_integers() {
        insta::assert_snapshot!(
            errors(&KIND, json!({"maxIterations": 9.5, "minIterations": 0.5})),
            @r"
        `maxIterations` must be whole for an int resource, found 9.5
        `minIterations` must be whole for an int resource, found 0.5
        "
        );
        let float = json!({"maxIterations": 9.5, "minIterations": 0.5, "resourceType": "float"});
        assert_eq!(method(float).schedule.max_resource().unwrap().amount(), 9.5);
    }

    #[test]
    fn oversized_plans_are_rejected_with_their_number_of_jobs() {
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 1_000_000, "eta": 3, "rounds": 9})), @"the plan has 10767339 jobs, at most 10000000 are allowed");
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 1e15, "eta": 2})), @"the plan has 2251799880936441 jobs, at most 10000000 are allowed");
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 1e18})), @"`maxIterations` must be at most 9e15 for an int resource");
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 81, "eta": 1.0000001})), @"from 1 to 81 in factors of 1.0000001 there are more than 1000 rungs; use a larger eta");
    }

    #[test]
    fn a_limited_number_of_trials_truncates_the_plan() {
        let method = method(json!({"maxIterations": 81}));
        let plan = method.schedule.plan(Some(100));
        assert_eq!(plan.trials(), 100);
        let sizes: Vec<u64> = plan.brackets[1].rungs.iter().map(|r| r.configs).collect();
        assert_eq!((plan.brackets.len(), sizes), (2, vec![19, 6, 2, 1]));
        assert_eq!(method.schedule.plan(Some(1000)), method.schedule.plan(None));
    }
}
