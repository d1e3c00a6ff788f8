//! The bracket of successive halving (Jamieson and Talwalkar 2016; D2L 19.4.1).

use super::rung_levels::RungLevels;
use super::{BracketPlan, RungPlan};

/// ⌊prefactor·η^(K−i)⌋ configurations, at least one, at the i-th of the K + 1 rungs from r_min to R.
pub fn bracket(levels: &RungLevels, prefactor: f64) -> BracketPlan {
    let resources = levels.resources();
    let promotions = resources.len() as u32 - 1;
    let configs = |i: usize| levels.mul_pow_floor(prefactor, promotions - i as u32, 1).max(1);
    let rungs = resources.into_iter().enumerate().map(|(i, resource)| RungPlan { configs: configs(i), resource });
    BracketPlan { bracket: promotions, rungs: rungs.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::units::ResourceKind;

    /// The rungs as `configurations@resource`.
    fn rungs(min: f64, max: f64, eta: f64, prefactor: f64) -> String {
        let levels = RungLevels::new(min, max, eta, ResourceKind::Int).unwrap();
        let rungs = bracket(&levels, prefactor).rungs;
        rungs.iter().map(|r| format!("{}@{}", r.configs, r.resource)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_rungs_of_d2l_are_reproduced() {
        assert_eq!(rungs(2.0, 10.0, 2.0, 1.0), "8@2 4@4 2@8 1@10");
    }

    #[test]
    fn the_prefactor_scales_every_rung() {
        assert_eq!(rungs(1.0, 27.0, 3.0, 2.0), "54@1 18@3 6@9 2@27");
        assert_eq!(rungs(1.0, 9.0, 3.0, 0.5), "4@1 1@3 1@9");
    }

    #[test]
    fn merged_rungs_count_once() {
        assert_eq!(rungs(1.0, 4.0, 1.3, 1.0), "2@1 1@2 1@3 1@4");
    }

    #[test]
    fn a_single_rung_has_a_single_configuration() {
        assert_eq!(rungs(5.0, 5.0, 2.0, 1.0), "1@5");
    }
}
