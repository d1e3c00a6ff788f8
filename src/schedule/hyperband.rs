//! `hyperband`: brackets from many configurations with little resource to few with all of it (Li et al. 2018, Algorithm 1).

use std::sync::Arc;

use crate::method::{Field, Method, MethodKind, Need};
use crate::search::random::Random;
use crate::words::args::{Args, Fault, Reader};

use super::ladder::Ladder;
use super::rounds::{Rounds, read_rounds};
use super::{BracketPlan, RungPlan, Schedule};

/// `kind: hyperband`.
pub static KIND: MethodKind = MethodKind {
    names: &["hyperband"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("eta"),
        Field::optional("minIterations"),
        Field::optional("bracketSizes"),
        Field::optional("rounds"),
    ],
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice: |_| Vec::new(),
};

/// How many configurations a bracket starts where (s_max+1)·η^s/(s+1) is not whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BracketSizes {
    /// ⌊(s_max+1)/(s+1)⌋·η^s: 81 / 27 / 9 / 6 / 5 for R = 81, η = 3, the table that Hyperband's first description prints.
    #[default]
    Floor,
    /// ⌈(s_max+1)·η^s/(s+1)⌉: 81 / 34 / 15 / 8 / 5 (Li et al. 2018, Algorithm 1, line 3).
    Ceil,
}

/// The brackets of one round, s_max first.
pub fn table(ladder: &Ladder, sizes: BracketSizes) -> Vec<BracketPlan> {
    (0..=ladder.s_max()).rev().map(|s| BracketPlan { bracket: s, rungs: rungs(ladder, sizes, s) }).collect()
}

/// ⌊n·η^−i⌋ configurations at R·η^(i−s). With `Floor`, n·η^−i is q·η^(s−i), which stays exact and above 0 where η is a
/// fraction.
fn rungs(ladder: &Ladder, sizes: BracketSizes, s: u32) -> Vec<RungPlan> {
    let brackets = ladder.s_max() + 1;
    let configs = |i| match sizes {
        BracketSizes::Floor => ladder.grown(f64::from(brackets / (s + 1)), s - i, 1),
        BracketSizes::Ceil => ladder.shrunk(ladder.grown_up(f64::from(brackets), s, s + 1), i),
    };
    ladder.down_from_full(s).into_iter().map(|(i, resource)| RungPlan { configs: configs(i), resource }).collect()
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let ladder = Ladder::read(&mut reader);
    let sizes = read_sizes(&mut reader);
    let rounds = read_rounds(&mut reader);
    let schedule = ladder.map(|ladder| Rounds::new(table(&ladder, sizes), rounds, &ladder));
    if let Some(Err(message)) = schedule.as_ref().map(|schedule| schedule.plan(None).check_size()) {
        reader.fault("maxIterations", message);
    }
    reader.finish(|| Some(Method { kind: "hyperband", schedule: Arc::new(schedule?), sampler: Arc::new(Random) }))
}

fn read_sizes(reader: &mut Reader<'_>) -> BracketSizes {
    let words = [("floor", BracketSizes::Floor), ("ceil", BracketSizes::Ceil)];
    reader.word_or_absent("bracketSizes", &words).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::units::ResourceKind;

    fn first_rungs(max: f64, eta: f64, sizes: BracketSizes) -> Vec<u64> {
        let ladder = Ladder::new(1.0, max, eta, ResourceKind::Int).unwrap();
        table(&ladder, sizes).iter().map(|b| b.rungs[0].configs).collect()
    }

    /// A line for each bracket: configurations@resource.
    fn drawn(ladder: &Ladder, sizes: BracketSizes) -> String {
        let line = |b: &BracketPlan| {
            let rungs: Vec<_> = b.rungs.iter().map(|r| format!("{}@{}", r.configs, r.resource)).collect();
            format!("{}: {}", b.bracket, rungs.join(" "))
        };
        table(ladder, sizes).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn method(args: serde_json::Value) -> Result<Method, String> {
        let args: Args = args.as_object().unwrap().clone().into_iter().collect();
        (KIND.build)(&args).map_err(|faults| faults.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn the_documented_table() {
        let ladder = Ladder::new(1.0, 81.0, 3.0, ResourceKind::Int).unwrap();
        insta::assert_snapshot!(drawn(&ladder, BracketSizes::Floor), @r"
        4: 81@1 27@3 9@9 3@27 1@81
        3: 27@3 9@9 3@27 1@81
        2: 9@9 3@27 1@81
        1: 6@27 2@81
        0: 5@81
        ");
        insta::assert_snapshot!(drawn(&ladder, BracketSizes::Ceil), @r"
        4: 81@1 27@3 9@9 3@27 1@81
        3: 34@3 11@9 3@27 1@81
        2: 15@9 5@27 1@81
        1: 8@27 2@81
        0: 5@81
        ");
    }

    #[test]
    fn tables_of_exact_powers_keep_every_bracket() {
        assert_eq!(first_rungs(243.0, 3.0, BracketSizes::Floor), [243, 81, 27, 18, 9, 6]);
        assert_eq!(first_rungs(1000.0, 10.0, BracketSizes::Floor), [1000, 100, 20, 4]);
        assert_eq!(first_rungs(1000.0, 10.0, BracketSizes::Ceil), [1000, 134, 20, 4]);
        assert_eq!(first_rungs(1.0, 3.0, BracketSizes::Floor), [1]);
    }

    #[test]
    fn ragged_and_fractional_terms() {
        let ten = Ladder::new(1.0, 10.0, 3.0, ResourceKind::Int).unwrap();
        insta::assert_snapshot!(drawn(&ten, BracketSizes::Floor), @r"
        2: 9@1 3@3 1@10
        1: 3@3 1@10
        0: 3@10
        ");
        let fraction = Ladder::new(1.0, 16.0, 2.5, ResourceKind::Float).unwrap();
        insta::assert_snapshot!(drawn(&fraction, BracketSizes::Floor), @r"
        3: 15@1.024 6@2.56 2@6.4 1@16
        2: 6@2.56 2@6.4 1@16
        1: 5@6.4 2@16
        0: 4@16
        ");
        let merging = Ladder::new(1.0, 4.0, 1.3, ResourceKind::Int).unwrap();
        insta::assert_snapshot!(drawn(&merging, BracketSizes::Floor), @r"
        5: 3@1 1@2 1@3 1@4
        4: 2@1 1@2 1@3 1@4
        3: 2@1 1@2 1@3 1@4
        2: 3@2 2@3 2@4
        1: 3@3 3@4
        0: 6@4
        ");
    }

    #[test]
    fn defaults_and_r_min() {
        let built = method(json!({"maxIterations": 81, "minIterations": 3, "rounds": 2})).unwrap();
        let plan = built.schedule.plan(None);
        assert_eq!((plan.brackets.len(), plan.rounds, plan.brackets[0].rungs[0].resource.amount()), (4, 2, 3.0));
        assert_eq!(built.schedule.full().unwrap().amount(), 81.0);
    }

    #[test]
    fn every_fault_is_told_in_one_go() {
        let faults = method(json!({"maxIterations": 0.5, "eta": 1, "bracketSizes": "round", "rounds": 0})).unwrap_err();
        insta::assert_snapshot!(faults, @r#"
        `eta` must be above 1, found 1
        `maxIterations` must be 1 or more, found 0.5
        `bracketSizes` must be floor or ceil, found "round"
        `rounds` must be a whole number, 1 or more, found the number 0
        "#);
    }

    #[test]
    fn bounds_of_an_int_resource_are_whole() {
        insta::assert_snapshot!(
            method(json!({"maxIterations": 9.5, "minIterations": 0.5})).unwrap_err(),
            @r"
        `maxIterations` must be whole for an int resource, found 9.5
        `minIterations` must be whole for an int resource, found 0.5
        "
        );
        let float = json!({"maxIterations": 9.5, "minIterations": 0.5, "resourceType": "float"});
        assert_eq!(method(float).unwrap().schedule.full().unwrap().amount(), 9.5);
    }

    #[test]
    fn oversized_plans_are_refused_with_their_count() {
        insta::assert_snapshot!(method(json!({"maxIterations": 1_000_000, "eta": 3, "rounds": 9})).unwrap_err(), @"the plan has 10767339 jobs, at most 10000000 are allowed");
        insta::assert_snapshot!(method(json!({"maxIterations": 1e15, "eta": 2})).unwrap_err(), @"the plan has 2251799880936441 jobs, at most 10000000 are allowed");
        insta::assert_snapshot!(method(json!({"maxIterations": 1e18})).unwrap_err(), @"`maxIterations` must be at most 9e15 for an int resource");
        insta::assert_snapshot!(method(json!({"maxIterations": 81, "eta": 1.0000001})).unwrap_err(), @"from 1 to 81 in factors of 1.0000001 there are more than 1000 rungs; take a larger eta");
    }

    #[test]
    fn a_limited_supply_shortens_the_plan() {
        let built = method(json!({"maxIterations": 81})).unwrap();
        let plan = built.schedule.plan(Some(100));
        assert_eq!(plan.trials(), 100);
        let sizes: Vec<u64> = plan.brackets[1].rungs.iter().map(|r| r.configs).collect();
        assert_eq!((plan.brackets.len(), sizes), (2, vec![19, 6, 2, 1]));
        assert_eq!(built.schedule.plan(Some(1000)), built.schedule.plan(None));
    }
}
