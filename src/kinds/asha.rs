//! `asha`: asynchronous successive halving with random draws.

use std::sync::Arc;

use super::fields::{check_plan_size, read_max_trials, read_rung_levels};
use super::kind::{Field, MatrixKind, Method, Need};
use super::rung_advice::{one_rung, too_few_trials};
use crate::schedule::asha::Asha;
use crate::search::random::Random;
use crate::types::args::{ArgError, Args};

/// `kind: asha`.
pub static KIND: MatrixKind = MatrixKind {
    names: &["asha"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("numRuns"),
    ],
    trials: None,
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice,
};

fn advice(args: &Args) -> Vec<ArgError> {
    let mut warnings = one_rung(args, |levels| levels.resources().len());
    warnings.extend(too_few_trials(args));
    warnings
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    let levels = read_rung_levels(&mut reader);
    let max_trials = read_max_trials(&mut reader);
    let schedule = levels.map(|levels| Asha::new(levels, max_trials));
    check_plan_size(&mut reader, schedule.as_ref(), "numRuns");
    reader.finish(|| Some(Method { kind: "asha", schedule: Arc::new(schedule?), sampler: Arc::new(Random) }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::{args, errors};
    use crate::schedule::{Plan, UNLIMITED};

    fn plan(fields: serde_json::Value) -> Plan {
        (KIND.build)(&args(fields)).unwrap().schedule.plan(None)
    }

    #[test]
    fn without_num_runs_the_plan_is_unlimited() {
        let plan = plan(json!({"maxIterations": 27}));
        assert_eq!((plan.trials(), plan.open_ended), (UNLIMITED, true));
    }

    #[test]
    fn the_plan_estimates_a_third_of_the_trials_at_each_next_rung() {
        let plan = plan(json!({"maxIterations": 27, "numRuns": 100}));
        let rungs: Vec<_> = plan.brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect();
        assert_eq!(rungs, [(100, 1.0), (33, 3.0), (11, 9.0), (3, 27.0)]);
    }

    #[test]
    fn invalid_fields_are_reported() {
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 27, "numRuns": 0})), @"`numRuns` must be a whole number, 1 or more, found the number 0");
        insta::assert_snapshot!(
            errors(&KIND, json!({"maxIterations": 27, "numRuns": 8_000_000})),
            @"the plan has 11851850 jobs, at most 10000000 are allowed"
        );
    }
}
