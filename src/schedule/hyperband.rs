//! The brackets of Hyperband (Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
//! Algorithm 1): from many configurations with few resources to few configurations with the full resource.

use super::rung_levels::RungLevels;
use super::{BracketPlan, RungPlan};

/// How the number of configurations (s_max + 1)·η^s/(s + 1) of bracket s is rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BracketSizes {
    /// ⌊(s_max + 1)/(s + 1)⌋·η^s: 81, 27, 9, 6, 5 for R = 81, η = 3, the table in Hyperband's first description (Li et al. 2016).
    #[default]
    Floor,
    /// ⌈(s_max + 1)·η^s/(s + 1)⌉: 81, 34, 15, 8, 5 for R = 81, η = 3 (Li et al. 2018, Algorithm 1, line 3).
    Ceil,
}

/// The brackets of one round, s = s_max first.
pub fn brackets(levels: &RungLevels, sizes: BracketSizes) -> Vec<BracketPlan> {
    (0..=levels.s_max()).rev().map(|s| BracketPlan { bracket: s, rungs: rungs(levels, sizes, s) }).collect()
}

/// ⌊n·η^−i⌋ configurations at resource R·η^(i−s). With [`BracketSizes::Floor`], n·η^−i is q·η^(s−i), which is exact and
/// above 0 even for a fractional η.
fn rungs(levels: &RungLevels, sizes: BracketSizes, s: u32) -> Vec<RungPlan> {
    let brackets = levels.s_max() + 1;
    let configs = |i| match sizes {
        BracketSizes::Floor => levels.mul_pow_floor(f64::from(brackets / (s + 1)), s - i, 1),
        BracketSizes::Ceil => levels.div_pow_floor(levels.mul_pow_ceil(f64::from(brackets), s, s + 1), i),
    };
    levels.bracket_resources(s).into_iter().map(|(i, resource)| RungPlan { configs: configs(i), resource }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::units::ResourceKind;

    fn first_rungs(max: f64, eta: f64, sizes: BracketSizes) -> Vec<u64> {
        let levels = RungLevels::new(1.0, max, eta, ResourceKind::Int).unwrap();
        brackets(&levels, sizes).iter().map(|b| b.rungs[0].configs).collect()
    }

    /// One line per bracket: `s: configurations@resource …`.
    fn table(levels: &RungLevels, sizes: BracketSizes) -> String {
        let line = |b: &BracketPlan| {
            let rungs: Vec<_> = b.rungs.iter().map(|r| format!("{}@{}", r.configs, r.resource)).collect();
            format!("{}: {}", b.bracket, rungs.join(" "))
        };
        brackets(levels, sizes).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_published_tables_are_reproduced() {
        let levels = RungLevels::new(1.0, 81.0, 3.0, ResourceKind::Int).unwrap();
        insta::assert_snapshot!(table(&levels, BracketSizes::Floor), @r"
        4: 81@1 27@3 9@9 3@27 1@81
        3: 27@3 9@9 3@27 1@81
        2: 9@9 3@27 1@81
        1: 6@27 2@81
        0: 5@81
        ");
        insta::assert_snapshot!(table(&levels, BracketSizes::Ceil), @r"
        4: 81@1 27@3 9@9 3@27 1@81
        3: 34@3 11@9 3@27 1@81
        2: 15@9 5@27 1@81
        1: 8@27 2@81
        0: 5@81
        ");
    }

    #[test]
    fn exact_powers_of_eta_have_all_brackets() {
        assert_eq!(first_rungs(243.0, 3.0, BracketSizes::Floor), [243, 81, 27, 18, 9, 6]);
        assert_eq!(first_rungs(1000.0, 10.0, BracketSizes::Floor), [1000, 100, 20, 4]);
        assert_eq!(first_rungs(1000.0, 10.0, BracketSizes::Ceil), [1000, 134, 20, 4]);
        assert_eq!(first_rungs(1.0, 3.0, BracketSizes::Floor), [1]);
    }

    #[test]
    fn resources_that_are_no_power_of_eta_and_fractional_eta() {
        let ten = RungLevels::new(1.0, 10.0, 3.0, ResourceKind::Int).unwrap();
        insta::assert_snapshot!(table(&ten, BracketSizes::Floor), @r"
        2: 9@1 3@3 1@10
        1: 3@3 1@10
        0: 3@10
        ");
        let fraction = RungLevels::new(1.0, 16.0, 2.5, ResourceKind::Float).unwrap();
        insta::assert_snapshot!(table(&fraction, BracketSizes::Floor), @r"
        3: 15@1.024 6@2.56 2@6.4 1@16
        2: 6@2.56 2@6.4 1@16
        1: 5@6.4 2@16
        0: 4@16
        ");
        let merging = RungLevels::new(1.0, 4.0, 1.3, ResourceKind::Int).unwrap();
        insta::assert_snapshot!(table(&merging, BracketSizes::Floor), @r"
        5: 3@1 1@2 1@3 1@4
        4: 2@1 1@2 1@3 1@4
        3: 2@1 1@2 1@3 1@4
        2: 3@2 2@3 2@4
        1: 3@3 3@4
        0: 6@4
        ");
    }
}
