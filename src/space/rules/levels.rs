//! The configurations of a space of discrete parameters by their number.

use serde_json::Value;

use super::conditions::WhenCondition;
use super::enumeration::{DiscreteParam, Enumeration};
use super::feasible;
use super::feasible_ranges::{FeasibleRanges, UnevaluatedConstraint};
use crate::space::{Param, Space};
use crate::types::assignment::Assignment;

/// Most values of a parameter that are compared with those in a condition.
const MAX_COMPARED: u64 = 1_000_000;
/// Most configurations without regard to constraints for which [`Space::cardinality`] finds those that fulfil them.
const MAX_CHECKED: u64 = 1_000_000;

impl Space {
    /// The `index`-th of all configurations, the last parameter varying fastest; `None` after the last one or if their number is not
    /// known. A parameter with a `when` comes after those that it names.
    pub fn configuration(&self, index: u64) -> Option<Assignment> {
        if self.constraints.is_empty() {
            return self.unconstrained(index);
        }
        self.unconstrained(self.feasible()?.get(index)?)
    }

    /// Number of distinct configurations; `None` if it is infinite or above `u64::MAX`, or if there are constraints and too many
    /// configurations to find those that fulfil them at once.
    pub fn cardinality(&self) -> Option<u64> {
        let all = self.unconstrained_count()?;
        if self.constraints.is_empty() {
            return Some(all);
        }
        if all <= MAX_CHECKED { self.grid_cardinality() } else { None }
    }

    /// As [`Space::cardinality`], also where the search takes seconds.
    pub fn grid_cardinality(&self) -> Option<u64> {
        if self.constraints.is_empty() { self.unconstrained_count() } else { Some(self.feasible()?.count()) }
    }

    /// A constraint that had no value in the search of [`Space::cardinality`] or [`Space::grid_cardinality`], if either was one.
    pub fn unevaluated_constraint(&self) -> Option<&UnevaluatedConstraint> {
        self.cardinality();
        self.cache.feasible.get()?.as_ref()?.unevaluated.as_ref()
    }

    /// [`Space::cardinality`] without the constraints.
    pub fn unconstrained_count(&self) -> Option<u64> {
        if self.conditions.is_empty() {
            return self.params.iter().try_fold(1u64, |all, p| all.checked_mul(p.domain.cardinality()?));
        }
        Some(self.enumeration()?.count())
    }

    /// [`Space::configuration`] without the constraints.
    pub fn unconstrained(&self, index: u64) -> Option<Assignment> {
        if self.conditions.is_empty() {
            return self.combination(index);
        }
        let enumeration = self.enumeration().filter(|all| index < all.count())?;
        let positions = enumeration.positions(index).into_iter();
        let level =
            |(param, position): (&Param, Option<u64>)| Some((param.name.clone(), param.domain.level(position?)?));
        Some(self.params.iter().zip(positions).filter_map(level).collect())
    }

    /// The `index`-th combination of the values of all parameters.
    fn combination(&self, index: u64) -> Option<Assignment> {
        let mut left = index;
        let mut levels = Vec::with_capacity(self.params.len());
        for param in self.params.iter().rev() {
            let count = param.domain.cardinality()?;
            levels.push(param.domain.level(left.checked_rem(count)?)?);
            left /= count;
        }
        let names = self.params.iter().map(|p| p.name.clone());
        (left == 0).then(|| names.zip(levels.into_iter().rev()).collect())
    }

    /// The configurations that fulfil all constraints; `None` if their number is not known.
    pub(super) fn feasible(&self) -> Option<&FeasibleRanges> {
        self.cache.feasible.get_or_init(|| feasible::search(self, self.enumeration()?, feasible::MAX_WORK)).as_ref()
    }

    pub(super) fn enumeration(&self) -> Option<&Enumeration> {
        let enumerate = || {
            let in_file_order: Vec<usize> = (0..self.params.len()).collect();
            let order = if self.conditions.is_empty() { &in_file_order } else { self.conditions.order() };
            Enumeration::new(order, &self.discrete_params()?)
        };
        self.cache.enumeration.get_or_init(enumerate).as_ref()
    }

    fn discrete_params(&self) -> Option<Vec<DiscreteParam>> {
        let named = self.named_positions()?;
        let conditions = |param: usize| -> Vec<(usize, Vec<usize>)> {
            let accepted = |condition: &WhenCondition| {
                let domain = &self.params[condition.parent].domain;
                let is_accepted = |at: u64| domain.level(at).is_some_and(|value| condition.values.contains(&value));
                let positions = named[condition.parent].iter().enumerate();
                (condition.parent, positions.filter(|(_, at)| is_accepted(**at)).map(|(i, _)| i).collect())
            };
            self.conditions.when(param).iter().flat_map(|when| &when.conditions).map(accepted).collect()
        };
        let discrete = |param: usize| {
            let levels = self.params[param].domain.cardinality()?;
            Some(DiscreteParam { levels, named: named[param].clone(), conditions: conditions(param) })
        };
        (0..self.params.len()).map(discrete).collect()
    }

    /// The positions of the values that conditions name, by parameter; `None` if a parameter has too many values to find them.
    fn named_positions(&self) -> Option<Vec<Vec<u64>>> {
        let mut values: Vec<Vec<&Value>> = vec![Vec::new(); self.params.len()];
        let whens = (0..self.params.len()).filter_map(|param| self.conditions.when(param));
        for condition in whens.flat_map(|when| &when.conditions) {
            values[condition.parent].extend(&condition.values);
        }
        let positions = |(param, values): (&Param, Vec<&Value>)| {
            if values.is_empty() {
                return Some(Vec::new());
            }
            let levels = param.domain.cardinality().filter(|levels| *levels <= MAX_COMPARED)?;
            let is_named = |at: &u64| param.domain.level(*at).is_some_and(|value| values.contains(&&value));
            Some((0..levels).filter(is_named).collect())
        };
        self.params.iter().zip(values).map(positions).collect()
    }
}
