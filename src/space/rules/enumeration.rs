//! Counts and numbers the configurations of discrete parameters with conditions, without listing them.
//!
//! Parameters are visited in an order in which each comes after those that its conditions name, the last varying fastest. All that
//! the rest depends on are the values of visited parameters that later conditions name, and of those only which of the named
//! values they are. Each layer has one state per combination of these, so that equal subtrees are counted once.

use std::collections::HashMap;

/// Most states of all layers.
const MAX_STATES: usize = 100_000;

/// A parameter with a finite number of values, given by their positions.
#[derive(Clone, Debug)]
pub struct DiscreteParam {
    /// The number of values, ≥ 1.
    pub levels: u64,
    /// The positions of the values that conditions name, in increasing order.
    pub named: Vec<u64>,
    /// For each of its conditions the index of the other parameter, and indices into `named` of that one.
    pub conditions: Vec<(usize, Vec<usize>)>,
}

/// What is known about the value of a visited parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum NamedValue {
    Inactive,
    /// Index into [`DiscreteParam::named`].
    Named(usize),
    Other,
}

/// The values of one parameter in one state, with the states that follow in the next layer.
#[derive(Debug)]
enum Branches {
    Inactive(usize),
    /// Conditions name no value of it.
    Equal {
        levels: u64,
        next: usize,
    },
    /// Conditions name the values at these positions.
    Named {
        levels: u64,
        named: Vec<(u64, usize)>,
        other: usize,
    },
}

#[derive(Debug)]
struct SubtreeRoot {
    /// The number of combinations of this and the following parameters.
    count: u64,
    branches: Branches,
}

/// The numbered configurations.
#[derive(Debug)]
pub struct Enumeration {
    order: Vec<usize>,
    /// One per parameter in `order`; the states of each.
    layers: Vec<Vec<SubtreeRoot>>,
}

/// The named values of visited parameters that later conditions name.
type LayerState = Vec<NamedValue>;

impl Enumeration {
    /// Numbers the configurations of `params`, visited in `order`. `None` if there are more than `u64::MAX`, or if their conditions
    /// have too many combinations.
    pub fn new(order: &[usize], params: &[DiscreteParam]) -> Option<Enumeration> {
        let mut last_use = vec![None; params.len()];
        for (depth, param) in order.iter().enumerate() {
            params[*param].conditions.iter().for_each(|(parent, _)| last_use[*parent] = Some(depth));
        }
        let mut branches = Vec::with_capacity(order.len());
        let (mut states, mut live): (Vec<LayerState>, Vec<usize>) = (vec![Vec::new()], Vec::new());
        let mut total = 0;
        for (depth, param) in order.iter().enumerate() {
            let is_live = |p: &usize| last_use[*p].is_some_and(|last| last > depth);
            let next_live: Vec<usize> = live.iter().copied().chain([*param]).filter(is_live).collect();
            let layer = Layer { params, param: *param, live: &live, next_live: &next_live };
            let (layer_branches, next_states) = layer.expand(&states);
            total += next_states.len();
            if total > MAX_STATES {
                return None;
            }
            branches.push(layer_branches);
            (states, live) = (next_states, next_live);
        }
        Some(Enumeration { order: order.to_vec(), layers: count_all(branches)? })
    }

    /// The number of configurations.
    pub fn count(&self) -> u64 {
        self.layers.first().map_or(1, |layer| layer[0].count)
    }

    /// The parameter at a depth.
    pub fn param(&self, depth: usize) -> usize {
        self.order[depth]
    }

    /// The number of combinations of the parameters from `depth` on, in a state before them.
    pub fn subtree_count(&self, depth: usize, state: usize) -> u64 {
        self.layers.get(depth).map_or(1, |layer| layer[state].count)
    }

    /// The position of the `index`-th value of the parameter at `depth`, or `None` for one that is not active, and the state that
    /// follows; `None` after the last value.
    pub fn child(&self, depth: usize, state: usize, index: u64) -> Option<(Option<u64>, usize)> {
        match &self.layers.get(depth)?[state].branches {
            Branches::Inactive(next) => (index == 0).then_some((None, *next)),
            Branches::Equal { levels, next } => (index < *levels).then_some((Some(index), *next)),
            Branches::Named { levels, named, other } => {
                let next = named.iter().find(|(position, _)| *position == index).map_or(*other, |(_, next)| *next);
                (index < *levels).then_some((Some(index), next))
            }
        }
    }

    /// The positions of the values of the `index`-th configuration, by parameter; `None` for an inactive parameter. `index` must be
    /// below [`Enumeration::count`].
    pub fn positions(&self, index: u64) -> Vec<Option<u64>> {
        let mut positions = vec![None; self.order.len()];
        let (mut state, mut rest) = (0, index);
        for (depth, param) in self.order.iter().enumerate() {
            let (position, next, left) = self.branch(depth, state, rest);
            positions[*param] = position;
            (state, rest) = (next, left);
        }
        positions
    }

    /// The position of the value whose subtree has the `rest`-th combination, the state that follows, and the number in it.
    fn branch(&self, depth: usize, state: usize, rest: u64) -> (Option<u64>, usize, u64) {
        let count = |next: usize| self.subtree_count(depth + 1, next);
        match &self.layers[depth][state].branches {
            Branches::Inactive(next) => (None, *next, rest),
            Branches::Equal { next, .. } => (Some(rest / count(*next)), *next, rest % count(*next)),
            Branches::Named { levels, named, other } => {
                let (mut first, mut rest) = (0, rest);
                for (position, next) in named.iter().copied().chain([(*levels, *other)]) {
                    let others = (position - first) * count(*other);
                    if rest < others {
                        return (Some(first + rest / count(*other)), *other, rest % count(*other));
                    }
                    rest -= others;
                    if rest < count(next) {
                        return (Some(position), next, rest);
                    }
                    rest -= count(next);
                    first = position + 1;
                }
                (Some(levels - 1), *other, 0)
            }
        }
    }
}

/// One parameter after those of earlier layers.
struct Layer<'a> {
    params: &'a [DiscreteParam],
    param: usize,
    /// Visited parameters that conditions of this and later ones name.
    live: &'a [usize],
    /// Those that conditions of later ones name.
    next_live: &'a [usize],
}

impl Layer<'_> {
    /// The branches of each state, and the states of the next layer.
    fn expand(&self, states: &[LayerState]) -> (Vec<Branches>, Vec<LayerState>) {
        let mut known: HashMap<LayerState, usize> = HashMap::new();
        let mut next_states = Vec::new();
        let mut next = |state: &LayerState, own: NamedValue| {
            let value = |param: &usize| self.value(state, *param).unwrap_or(own);
            let following: LayerState = self.next_live.iter().map(value).collect();
            *known.entry(following.clone()).or_insert_with(|| {
                next_states.push(following);
                next_states.len() - 1
            })
        };
        let DiscreteParam { levels, named, .. } = &self.params[self.param];
        let mut branches = Vec::with_capacity(states.len());
        for state in states {
            branches.push(if !self.is_active(state) {
                Branches::Inactive(next(state, NamedValue::Inactive))
            } else if named.is_empty() {
                Branches::Equal { levels: *levels, next: next(state, NamedValue::Other) }
            } else {
                let other = next(state, NamedValue::Other);
                let named = named.iter().enumerate().map(|(i, at)| (*at, next(state, NamedValue::Named(i)))).collect();
                Branches::Named { levels: *levels, named, other }
            });
        }
        (branches, next_states)
    }

    /// The value of a live parameter.
    fn value(&self, state: &LayerState, param: usize) -> Option<NamedValue> {
        Some(state[self.live.iter().position(|live| *live == param)?])
    }

    fn is_active(&self, state: &LayerState) -> bool {
        let holds = |(parent, accepted): &(usize, Vec<usize>)| match self.value(state, *parent) {
            Some(NamedValue::Named(index)) => accepted.contains(&index),
            _ => false,
        };
        self.params[self.param].conditions.iter().all(holds)
    }
}

/// The layers with their counts; `None` if one is above `u64::MAX`.
fn count_all(branches: Vec<Vec<Branches>>) -> Option<Vec<Vec<SubtreeRoot>>> {
    let mut layers: Vec<Vec<SubtreeRoot>> = Vec::with_capacity(branches.len());
    for layer in branches.into_iter().rev() {
        let next_count = |next: usize| layers.last().map_or(1, |below: &Vec<SubtreeRoot>| below[next].count);
        let root = |branches: Branches| {
            let count = match &branches {
                Branches::Inactive(next) => next_count(*next),
                Branches::Equal { levels, next } => levels.checked_mul(next_count(*next))?,
                Branches::Named { levels, named, other } => {
                    let others = (levels - named.len() as u64).checked_mul(next_count(*other))?;
                    named.iter().try_fold(others, |sum, (_, next)| sum.checked_add(next_count(*next)))?
                }
            };
            Some(SubtreeRoot { count, branches })
        };
        let counted = layer.into_iter().map(root).collect::<Option<Vec<_>>>()?;
        layers.push(counted);
    }
    layers.reverse();
    Some(layers)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn free(levels: u64) -> DiscreteParam {
        DiscreteParam { levels, named: Vec::new(), conditions: Vec::new() }
    }

    #[test]
    fn every_configuration_has_one_number() {
        // 0 has values 0..4, of which 1 and 3 are named; 1 is active with value 1, 2 with 1 or 3, 3 always, 4 if 2 has its value 0.
        let params = [
            DiscreteParam { levels: 4, named: vec![1, 3], conditions: Vec::new() },
            DiscreteParam { levels: 2, named: Vec::new(), conditions: vec![(0, vec![0])] },
            DiscreteParam { levels: 3, named: vec![0], conditions: vec![(0, vec![0, 1])] },
            free(2),
            DiscreteParam { levels: 5, named: Vec::new(), conditions: vec![(2, vec![0])] },
        ];
        let all = Enumeration::new(&[0, 1, 2, 3, 4], &params).unwrap();
        // With value 1: 2·(5 + 2)·2, with value 3: (5 + 2)·2, with the other two: 2 each.
        assert_eq!(all.count(), 28 + 14 + 4);
        let positions: Vec<_> = (0..all.count()).map(|index| all.positions(index)).collect();
        assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), 46);
        assert!(positions.is_sorted(), "{positions:?}");
        for p in &positions {
            assert_eq!(p[1].is_some(), p[0] == Some(1), "{p:?}");
            assert_eq!(p[2].is_some(), p[0] == Some(1) || p[0] == Some(3), "{p:?}");
            assert_eq!(p[4].is_some(), p[2] == Some(0), "{p:?}");
        }
    }

    #[test]
    fn many_switches_with_their_own_parameters_are_counted_without_listing_them() {
        let switch = DiscreteParam { levels: 2, named: vec![1], conditions: Vec::new() };
        let own = |i: usize| DiscreteParam { levels: 3, named: Vec::new(), conditions: vec![(2 * i, vec![0])] };
        let params: Vec<_> = (0..30).flat_map(|i| [switch.clone(), own(i)]).collect();
        let order: Vec<usize> = (0..params.len()).collect();
        assert_eq!(Enumeration::new(&order, &params).unwrap().count(), 4u64.pow(30));
    }

    #[test]
    fn a_count_above_64_bits_and_too_many_combinations_are_refused() {
        assert!(Enumeration::new(&[0, 1], &[free(u64::MAX), free(2)]).is_none());
        let params: Vec<DiscreteParam> = (0..40)
            .map(|i| {
                let conditions = if i < 20 { Vec::new() } else { vec![(i - 20, vec![0])] };
                DiscreteParam { levels: 2, named: if i < 20 { vec![1] } else { Vec::new() }, conditions }
            })
            .collect();
        assert!(Enumeration::new(&(0..40).collect::<Vec<_>>(), &params).is_none());
    }
}
