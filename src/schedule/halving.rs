//! `halving`: one ladder of successive halving, repeated (Jamieson and Talwalkar 2016; D2L 19.4.1).

use std::sync::Arc;

use crate::method::{Field, Method, MethodKind, Need};
use crate::search::random::Random;
use crate::words::args::{Args, Fault};

use super::ladder::Ladder;
use super::rounds::{Rounds, read_rounds};
use super::{BracketPlan, RungPlan, Schedule};

/// `kind: halving`.
pub static KIND: MethodKind = MethodKind {
    names: &["halving"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("prefact"),
        Field::optional("rounds"),
    ],
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice: |_| Vec::new(),
};

/// ⌊prefact·η^(K−i)⌋ configurations, at least one, at the i-th of the K + 1 rungs from r_min to R.
pub fn table(ladder: &Ladder, prefact: f64) -> BracketPlan {
    let rungs = ladder.up_from_least();
    let promotions = rungs.len() as u32 - 1;
    let configs = |i: usize| ladder.grown(prefact, promotions - i as u32, 1).max(1);
    let rungs = rungs.into_iter().enumerate().map(|(i, resource)| RungPlan { configs: configs(i), resource });
    BracketPlan { bracket: promotions, rungs: rungs.collect() }
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let ladder = Ladder::read(&mut reader);
    let rounds = read_rounds(&mut reader);
    let prefact = reader.number_or_absent("prefact").unwrap_or(1.0);
    reader.check(prefact > 0.0, "prefact", format!("`prefact` must be above 0, found {prefact}"));
    let schedule = ladder.map(|ladder| Rounds::new(vec![table(&ladder, prefact)], rounds, &ladder));
    if let Some(Err(message)) = schedule.as_ref().map(|schedule| schedule.plan(None).check_size()) {
        reader.fault("maxIterations", message);
    }
    reader.finish(|| Some(Method { kind: "halving", schedule: Arc::new(schedule?), sampler: Arc::new(Random) }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::units::ResourceKind;

    fn drawn(min: f64, max: f64, eta: f64, prefact: f64) -> String {
        let ladder = Ladder::new(min, max, eta, ResourceKind::Int).unwrap();
        let rungs = table(&ladder, prefact).rungs;
        rungs.iter().map(|r| format!("{}@{}", r.configs, r.resource)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rungs_of_the_book() {
        assert_eq!(drawn(2.0, 10.0, 2.0, 1.0), "8@2 4@4 2@8 1@10");
    }

    #[test]
    fn prefact_scales_every_rung() {
        assert_eq!(drawn(1.0, 27.0, 3.0, 2.0), "54@1 18@3 6@9 2@27");
        assert_eq!(drawn(1.0, 9.0, 3.0, 0.5), "4@1 1@3 1@9");
    }

    #[test]
    fn merged_rungs_count_once() {
        assert_eq!(drawn(1.0, 4.0, 1.3, 1.0), "2@1 1@2 1@3 1@4");
    }

    #[test]
    fn one_rung_is_one_configuration() {
        assert_eq!(drawn(5.0, 5.0, 2.0, 1.0), "1@5");
    }

    #[test]
    fn faults_are_told_in_one_go() {
        let args = [("maxIterations", json!(4)), ("minIterations", json!(9)), ("prefact", json!(0))];
        let args: Args = args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let faults = (KIND.build)(&args).unwrap_err();
        let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(messages, ["`minIterations` 9 is above `maxIterations` 4", "`prefact` must be above 0, found 0"]);
    }
}
