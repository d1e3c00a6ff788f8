//! `auto`: the Gaussian process decides between new trials and promotions. Without a resource each trial is trained in full.

use std::sync::Arc;

use super::fields::{check_plan_size, read_max_trials, read_rung_levels};
use super::kind::{Field, MatrixKind, Method, Need};
use super::rung_advice::one_rung;
use crate::schedule::freeze_thaw::FreezeThaw;
use crate::schedule::full_budget::FullBudget;
use crate::search::automatic::Automatic;
use crate::search::gp::{Criterion, Gp};
use crate::types::allocation::PromotedStart;
use crate::types::args::{ArgError, ArgReader, Args, PathSegment};

/// Fields that are amounts of the resource or about its rungs.
const RUNG_FIELDS: [&str; 3] = ["maxIterations", "minIterations", "eta"];

/// See [`Criterion::DrawnMargin`]. Higher than for other schedules, because cheap rungs can follow a small chance of a large improvement
/// (measured, see CONTRIBUTING.md).
const HIGHEST_MARGIN: f64 = 0.3;

/// `kind: auto`: freeze-thaw scheduling with the sampler `gp`, which draws the trials of the first bracket at random; without a resource
/// full trainings with the sampler `auto`.
pub static KIND: MatrixKind = MatrixKind {
    names: &["auto"],
    fields: &[
        Field::optional("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("numRuns"),
    ],
    trials: None,
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Optional,
    build,
    advice,
};

fn advice(args: &Args) -> Vec<ArgError> {
    one_rung(args, |levels| levels.resources().len())
}

fn build(args: &Args) -> Result<Method, Vec<ArgError>> {
    let mut reader = args.reader();
    if args.get("resourceType").is_none() {
        return build_without_rungs(reader);
    }
    if args.get("maxIterations").is_none() {
        missing_amount(&mut reader);
    }
    let levels = reader.has_no_errors().then(|| read_rung_levels(&mut reader)).flatten();
    let max_trials = read_max_trials(&mut reader);
    let promoted = match reader.optional_text("promotedStart").as_deref() {
        Some("checkpoint") => PromotedStart::FromCheckpoint,
        _ => PromotedStart::FromScratch,
    };
    let schedule = levels.map(|levels| FreezeThaw::new(&levels, max_trials, promoted));
    check_plan_size(&mut reader, schedule.as_ref(), "numRuns");
    reader.finish(|| {
        let schedule = schedule?;
        let criterion = Criterion::DrawnMargin { highest: HIGHEST_MARGIN };
        let sampler = Gp { initial: schedule.initial_trials(), criterion, ..Gp::default() };
        Some(Method { kind: "auto", schedule: Arc::new(schedule), sampler: Arc::new(sampler) })
    })
}

fn build_without_rungs(mut reader: ArgReader<'_>) -> Result<Method, Vec<ArgError>> {
    let max_trials = read_max_trials(&mut reader);
    for name in RUNG_FIELDS {
        if reader.raw(name).is_none() {
            continue;
        }
        let message = format!("`{name}` needs a `resource`, the option of the script that says how long it trains");
        let hint = format!("add `resource: {{name: epochs}}`, or remove `{name}`: each trial is then trained in full");
        reader.error_at(vec![PathSegment::Key(name.to_owned())], message, Some(hint));
    }
    reader.finish(|| {
        let schedule = Arc::new(FullBudget::new(max_trials));
        Some(Method { kind: "auto", schedule, sampler: Arc::new(Automatic::default()) })
    })
}

fn missing_amount(reader: &mut ArgReader<'_>) {
    let hint = "add `maxIterations: 27`, the largest value of the resource, or remove `resource`: each trial is then trained in full";
    let path = vec![PathSegment::Key("maxIterations".to_owned())];
    reader.error_at(path, "missing field `maxIterations`, because there is a `resource`", Some(hint.to_owned()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::tests::{args, errors};

    #[test]
    fn without_a_resource_each_trial_is_trained_in_full() {
        let method = (KIND.build)(&args(json!({"numRuns": 20}))).unwrap();
        let plan = method.schedule.plan(None);
        assert_eq!((plan.trials(), plan.jobs(), method.schedule.max_resource()), (20, 20, None));
        assert!(method.sampler.is_automatic());
        assert!((KIND.build)(&args(json!({}))).unwrap().schedule.plan(None).open_ended);
    }

    #[test]
    fn a_resource_and_its_amount_need_each_other() {
        insta::assert_snapshot!(errors(&KIND, json!({"resourceType": "int", "numRuns": 3})), @"missing field `maxIterations`, because there is a `resource`");
        insta::assert_snapshot!(errors(&KIND, json!({"maxIterations": 9, "eta": 3})), @"
        `maxIterations` needs a `resource`, the option of the script that says how long it trains
        `eta` needs a `resource`, the option of the script that says how long it trains
        ");
    }
}
