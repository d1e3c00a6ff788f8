//! `halving`: one ladder of successive halving, repeated (Jamieson and Talwalkar 2016; D2L 19.4.1).

use super::ladder::Ladder;
use super::{BracketPlan, RungPlan};

/// ⌊prefact·η^(K−i)⌋ configurations, at least one, at the i-th of the K + 1 rungs from r_min to R.
pub fn table(ladder: &Ladder, prefact: f64) -> BracketPlan {
    let rungs = ladder.up_from_least();
    let promotions = rungs.len() as u32 - 1;
    let configs = |i: usize| ladder.grown(prefact, promotions - i as u32, 1).max(1);
    let rungs = rungs.into_iter().enumerate().map(|(i, resource)| RungPlan { configs: configs(i), resource });
    BracketPlan { bracket: promotions, rungs: rungs.collect() }
}

#[cfg(test)]
mod tests {
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
}
