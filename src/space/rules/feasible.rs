//! The numbers of the configurations that fulfil all constraints, found by extending prefixes of values as long as no constraint
//! over them is broken.

use serde_json::Value;

use super::enumeration::Enumeration;
use super::feasible_ranges::{FeasibleRanges, UnevaluatedConstraint};
use crate::space::Space;
use crate::types::assignment::Assignment;

/// Most work of a search, in visited values. About three seconds.
pub const MAX_WORK: u64 = 100_000_000;
/// The work of evaluating a constraint, in visited values, and for each of its parameters.
const WORK_PER_EVALUATION: u64 = 10;
const WORK_PER_PARAM: u64 = 4;

/// The constraint at `constraint` is decided as soon as the values of `params` are.
struct DueConstraint {
    constraint: usize,
    params: Vec<usize>,
}

impl DueConstraint {
    fn work(&self) -> u64 {
        WORK_PER_EVALUATION + WORK_PER_PARAM * self.params.len() as u64
    }
}

/// The values of the parameter at `depth` of a prefix, from the one at `next`.
struct Frame {
    depth: usize,
    state: usize,
    next: u64,
    /// The number of the first configuration with the next value.
    number: u64,
}

/// Finds the configurations of `all` that fulfil the constraints of `space`; `None` if that is more work than `max_work`.
pub fn search(space: &Space, all: &Enumeration, max_work: u64) -> Option<FeasibleRanges> {
    let due = due_constraints(space, all);
    let last_due = due.iter().rposition(|due| !due.is_empty());
    let mut found = FeasibleRanges::default();
    let Some(last_due) = last_due else {
        found.push(0, all.count());
        return Some(found);
    };
    let mut values: Vec<Option<Value>> = vec![None; space.params.len()];
    let mut frames = vec![Frame { depth: 0, state: 0, next: 0, number: 0 }];
    let mut work = 0;
    while let Some(frame) = frames.last_mut() {
        let depth = frame.depth;
        let Some((position, state)) = all.child(depth, frame.state, frame.next) else {
            frames.pop();
            continue;
        };
        let (number, count) = (frame.number, all.subtree_count(depth + 1, state));
        frame.next += 1;
        frame.number += count;
        let param = all.param(depth);
        values[param] = position.and_then(|at| space.params[param].domain.level(at));
        work += 1;
        let mut is_extended = true;
        for due in &due[depth] {
            work += due.work();
            match is_fulfilled(space, due, &values) {
                Ok(is_fulfilled) => is_extended &= is_fulfilled,
                Err(unevaluated) => {
                    is_extended = false;
                    found.unevaluated.get_or_insert(unevaluated);
                }
            }
        }
        if work > max_work {
            return None;
        }
        if !is_extended {
            continue;
        }
        if depth == last_due {
            found.push(number, count);
        } else {
            frames.push(Frame { depth: depth + 1, state, next: 0, number });
        }
    }
    Some(found)
}

/// By depth, the constraints whose last parameter is there.
fn due_constraints(space: &Space, all: &Enumeration) -> Vec<Vec<DueConstraint>> {
    let mut depths = vec![0; space.params.len()];
    (0..space.params.len()).for_each(|depth| depths[all.param(depth)] = depth);
    let mut due: Vec<Vec<DueConstraint>> = (0..space.params.len().max(1)).map(|_| Vec::new()).collect();
    for (index, constraint) in space.constraints().iter().enumerate() {
        let params: Vec<usize> = constraint.predicate.params().iter().filter_map(|name| space.index(name)).collect();
        let last = params.iter().map(|param| depths[*param]).max().unwrap_or(0);
        due[last].push(DueConstraint { constraint: index, params });
    }
    due
}

/// Whether the constraint holds; one with a parameter that is not active does. An error if it has no value.
fn is_fulfilled(space: &Space, due: &DueConstraint, values: &[Option<Value>]) -> Result<bool, UnevaluatedConstraint> {
    let entry = |param: &usize| Some((space.params[*param].name.clone(), values[*param].clone()?));
    let Some(values) = due.params.iter().map(entry).collect::<Option<Assignment>>() else { return Ok(true) };
    let evaluated = space.constraints()[due.constraint].predicate.evaluate(&values);
    evaluated.map_err(|error| UnevaluatedConstraint { constraint: due.constraint, values, message: error.message })
}
