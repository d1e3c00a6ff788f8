//! Conditions: a parameter with a `when` is active only while other parameters have certain values. Parameters are indices here.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde_json::Value;

/// One entry of a `when`.
#[derive(Clone, PartialEq, Debug)]
pub struct WhenCondition {
    /// The index of the parameter that is compared.
    pub parent: usize,
    /// It must have one of these values, as its domain normalizes them.
    pub values: Vec<Value>,
}

impl WhenCondition {
    /// Whether it holds, given the activity of all parameters and their values.
    fn holds<'v>(&self, active: &[bool], value: impl Fn(usize) -> Option<&'v Value>) -> bool {
        let parent = value(self.parent).filter(|_| active[self.parent]);
        parent.is_some_and(|value| self.values.contains(value))
    }
}

/// The `when` of a parameter: it is active if all conditions hold. The value of an inactive parameter fulfils none.
#[derive(Clone, PartialEq, Debug)]
pub struct When {
    /// At least one.
    pub conditions: Vec<WhenCondition>,
    /// Its line in the matrix, from 1.
    pub line: usize,
}

/// Parameters whose conditions depend on each other.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the conditions of these parameters depend on each other")]
pub struct ConditionCycleError {
    /// Their indices: the `when` of each names the next, and that of the last names the first.
    pub cycle: Vec<usize>,
}

/// The conditions of all parameters of a space.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Conditions {
    /// By parameter; empty if no parameter has one.
    whens: Vec<Option<When>>,
    /// All parameters, each after those that its `when` names; otherwise in file order.
    order: Vec<usize>,
}

impl Conditions {
    /// The conditions of parameters, in file order.
    ///
    /// # Errors
    /// Some depend on each other.
    pub fn new(whens: Vec<Option<When>>) -> Result<Conditions, ConditionCycleError> {
        let order = dependency_order(&whens)?;
        if whens.iter().all(Option::is_none) {
            return Ok(Conditions::default());
        }
        Ok(Conditions { whens, order })
    }

    /// Whether no parameter has a `when`.
    pub fn is_empty(&self) -> bool {
        self.whens.is_empty()
    }

    /// The `when` of a parameter.
    pub fn when(&self, param: usize) -> Option<&When> {
        self.whens.get(param)?.as_ref()
    }

    /// All parameters, each after those that its `when` names; empty if no parameter has a `when`.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Whether each of `count` parameters is active, given the values of those that are.
    pub fn activity<'v>(&self, count: usize, value: impl Fn(usize) -> Option<&'v Value>) -> Vec<bool> {
        let mut active = vec![true; count];
        for param in &self.order {
            let Some(when) = self.when(*param) else { continue };
            active[*param] = when.conditions.iter().all(|condition| condition.holds(&active, &value));
        }
        active
    }

    /// Whether two parameters are never active together: their conditions, with those of the parameters they depend on, require
    /// different values of one parameter.
    pub fn are_exclusive(&self, one: usize, other: usize) -> bool {
        let (first, second) = (self.required(one), self.required(other));
        first.iter().any(|(_, a)| {
            let same_parent = second.iter().filter(|(_, b)| b.parent == a.parent);
            same_parent.into_iter().any(|(_, b)| !a.values.iter().any(|value| b.values.contains(value)))
        })
    }

    /// The conditions of a parameter and of those it depends on, each with the parameter that has it.
    pub fn required(&self, param: usize) -> Vec<(usize, &WhenCondition)> {
        let (mut found, mut seen, mut next) = (Vec::new(), vec![param], 0);
        while let Some(param) = seen.get(next).copied() {
            for condition in self.when(param).iter().flat_map(|when| &when.conditions) {
                found.push((param, condition));
                if !seen.contains(&condition.parent) {
                    seen.push(condition.parent);
                }
            }
            next += 1;
        }
        found
    }

    /// The first condition of an inactive parameter that does not hold, given the activity of all.
    pub fn failed<'v>(
        &self,
        param: usize,
        active: &[bool],
        value: impl Fn(usize) -> Option<&'v Value>,
    ) -> Option<&WhenCondition> {
        self.when(param)?.conditions.iter().find(|condition| !condition.holds(active, &value))
    }
}

/// Kahn's algorithm; of the parameters that could come next, the first in the file.
fn dependency_order(whens: &[Option<When>]) -> Result<Vec<usize>, ConditionCycleError> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); whens.len()];
    let mut missing: Vec<usize> = vec![0; whens.len()];
    for (child, when) in whens.iter().enumerate() {
        for condition in when.iter().flat_map(|when| &when.conditions) {
            children[condition.parent].push(child);
            missing[child] += 1;
        }
    }
    let mut next: BinaryHeap<Reverse<usize>> = (0..whens.len()).filter(|i| missing[*i] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(whens.len());
    while let Some(Reverse(param)) = next.pop() {
        order.push(param);
        for child in &children[param] {
            missing[*child] -= 1;
            if missing[*child] == 0 {
                next.push(Reverse(*child));
            }
        }
    }
    match missing.iter().position(|count| *count > 0) {
        None => Ok(order),
        Some(start) => Err(ConditionCycleError { cycle: cycle_from(start, whens, &missing) }),
    }
}

/// A cycle among the parameters with `missing` parents, of which each has a parent that is one too.
fn cycle_from(start: usize, whens: &[Option<When>], missing: &[usize]) -> Vec<usize> {
    let parent = |param: usize| {
        let conditions = whens[param].iter().flat_map(|when| &when.conditions);
        conditions.map(|condition| condition.parent).find(|parent| missing[*parent] > 0)
    };
    let mut path = vec![start];
    let mut position = vec![None; whens.len()];
    position[start] = Some(0);
    while let Some(next) = path.last().and_then(|last| parent(*last)) {
        if let Some(first) = position[next] {
            return path.split_off(first);
        }
        position[next] = Some(path.len());
        path.push(next);
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn when(parents: &[(usize, Value)]) -> Option<When> {
        let conditions = parents
            .iter()
            .map(|(parent, value)| WhenCondition { parent: *parent, values: vec![value.clone()] })
            .collect();
        Some(When { conditions, line: 1 })
    }

    #[test]
    fn parents_come_before_children_and_otherwise_the_order_is_kept() {
        let whens = vec![when(&[(3, json!(1))]), None, when(&[(0, json!(1))]), None];
        assert_eq!(Conditions::new(whens).unwrap().order(), [1, 3, 0, 2]);
        assert!(Conditions::new(vec![None, None]).unwrap().is_empty());
    }

    #[test]
    fn a_chain_is_inactive_below_the_first_condition_that_fails() {
        let whens = vec![when(&[(1, json!("on"))]), when(&[(2, json!("sgd"))]), None];
        let conditions = Conditions::new(whens).unwrap();
        let active = |values: [Value; 3]| conditions.activity(3, |param| Some(&values[param]));
        assert_eq!(active([json!(1), json!("on"), json!("sgd")]), [true, true, true]);
        assert_eq!(active([json!(1), json!("off"), json!("sgd")]), [false, true, true]);
        // The value of an inactive parameter does not count.
        assert_eq!(active([json!(1), json!("on"), json!("adam")]), [false, false, true]);
    }

    #[test]
    fn all_conditions_of_a_parameter_must_hold() {
        let whens = vec![None, None, when(&[(0, json!(1)), (1, json!(2))])];
        let conditions = Conditions::new(whens).unwrap();
        let active = |values: [Value; 2]| conditions.activity(3, |param| values.get(param))[2];
        assert!(active([json!(1), json!(2)]) && !active([json!(1), json!(1)]) && !active([json!(2), json!(2)]));
    }

    #[test]
    fn a_cycle_is_named_without_the_parameters_that_only_lead_to_it() {
        let whens = vec![when(&[(1, json!(1))]), when(&[(2, json!(1))]), when(&[(1, json!(1))]), None];
        assert_eq!(Conditions::new(whens).unwrap_err().cycle, [1, 2]);
        assert_eq!(Conditions::new(vec![when(&[(0, json!(1))])]).unwrap_err().cycle, [0]);
    }

    #[test]
    fn a_long_chain_is_ordered_without_recursion() {
        let whens: Vec<Option<When>> =
            (0..100_000).map(|i| if i < 99_999 { when(&[(i + 1, json!(1))]) } else { None }).collect();
        let conditions = Conditions::new(whens.clone()).unwrap();
        assert_eq!(conditions.order().first(), Some(&99_999));
        let mut closed = whens;
        closed[99_999] = when(&[(0, json!(1))]);
        assert_eq!(Conditions::new(closed).unwrap_err().cycle.len(), 100_000);
    }
}
