//! The configurations that show what each parameter does: others in which more parameters are active, and each of these with
//! another value of one parameter.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::report::doctor::{UntriedParam, UntriedReason};
use crate::report::text;
use crate::space::{Geometry, Space};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, Stream, stream};

/// Most configurations that are tried for parameters that others depend on.
const MAX_BRANCHES: usize = 16;
/// Most values of a parameter that are all tried.
const MAX_LEVELS: u64 = 16;
/// Number of draws of each parameter.
const DRAWN: u64 = 32;
/// Most listed configurations that are compared with each other.
const MAX_LISTED: usize = 64;

/// A configuration in which other parameters are active.
#[derive(Clone, Debug)]
pub struct BranchConfiguration {
    /// What is special in it: `model=forest`.
    pub label: String,
    pub params: Assignment,
}

/// A configuration that differs from a base in as few parameters as possible.
#[derive(Clone, Debug)]
pub struct ParamVariation {
    /// The parameters with other values: one, or several that constraints tie together.
    pub names: Vec<String>,
    /// The index of the base: of those given, then the branches.
    pub base: usize,
    pub params: Assignment,
}

/// What to try besides the bases.
#[derive(Clone, Debug, Default)]
pub struct Variations {
    pub branches: Vec<BranchConfiguration>,
    /// Labels of branches that are too many.
    pub untried_branches: Vec<String>,
    pub changes: Vec<ParamVariation>,
    pub untried: Vec<UntriedParam>,
}

/// The parameters of either configuration that the other has not with the same value.
pub fn different<'a>(one: &'a Assignment, other: &'a Assignment) -> impl Iterator<Item = &'a str> {
    let missing = other.iter().map(|(name, _)| name).filter(|name| one.get(name).is_none());
    one.iter().filter(|(name, value)| other.get(name) != Some(*value)).map(|(name, _)| name).chain(missing)
}

impl Variations {
    /// Those of listed configurations, of which `bases` run anyway.
    pub fn of_listed(bases: Vec<Assignment>, listed: &[Assignment]) -> Variations {
        let mut found = Variations::default();
        let listed = &listed[..listed.len().min(MAX_LISTED)];
        let mut names: Vec<&str> = Vec::new();
        for name in listed.iter().flat_map(|params| different(&bases[0], params)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let candidates = || bases.iter().chain(listed).collect::<Vec<_>>();
        for name in names {
            let changing = |base: &Assignment| {
                let others = listed.iter().filter(|other| other.get(name) != base.get(name));
                others.min_by_key(|other| different(base, other).count()).cloned()
            };
            let pairs = candidates().into_iter().filter_map(|base| Some((base, changing(base)?)));
            let Some((base, params)) = pairs.min_by_key(|(base, other)| different(base, other).count()) else {
                continue;
            };
            let index = found.base_of(&bases, base);
            let names = different(base, &params).map(str::to_owned).collect();
            found.add(ParamVariation { names, base: index, params });
        }
        found
    }

    /// Those of `space`; `drawn` are configurations of it, and `bases` run anyway.
    pub fn of_space(bases: Vec<Assignment>, drawn: &[Assignment], space: &Space) -> Variations {
        let stream = stream(0, TrialId(0), Purpose::StartingPoint);
        let mut search = SpaceSearch { space, fillers: Vec::new(), stream, given: bases.len(), bases };
        search.fill(drawn);
        let mut found = Variations::default();
        search.add_branches(&mut found);
        search.add_changes(&mut found);
        found
    }

    fn base_of(&mut self, given: &[Assignment], base: &Assignment) -> usize {
        let branches = self.branches.iter().map(|branch| &branch.params);
        let known = given.iter().chain(branches).position(|params| params == base);
        known.unwrap_or_else(|| {
            let label = different(&given[0], base).map(|name| setting(name, base.get(name))).collect::<Vec<_>>();
            self.branches.push(BranchConfiguration { label: label.join(" "), params: base.clone() });
            given.len() + self.branches.len() - 1
        })
    }

    fn add(&mut self, change: ParamVariation) {
        if !self.changes.iter().any(|known| known.names == change.names) {
            self.changes.push(change);
        }
    }
}

fn setting(name: &str, value: Option<&Value>) -> String {
    format!("{name}={}", value.map_or_else(|| "none".to_owned(), text::short_value))
}

struct SpaceSearch<'s> {
    space: &'s Space,
    /// The base configurations: those given, then the branches.
    bases: Vec<Assignment>,
    given: usize,
    /// A value of each parameter, also of those that are not active.
    fillers: Vec<Assignment>,
    stream: Stream,
}

impl SpaceSearch<'_> {
    fn fill(&mut self, drawn: &[Assignment]) {
        for index in 0..DRAWN.max(drawn.len() as u64) as usize {
            let draw = |param: &crate::space::Param| (param.name.clone(), param.domain.sample(&mut self.stream));
            let mut filler: Assignment = self.space.params.iter().map(draw).collect();
            if let Some(drawn) = drawn.get(index) {
                drawn.iter().for_each(|(name, value)| filler.set(name.into(), value.clone()));
            }
            self.fillers.push(filler);
        }
    }

    /// A configuration for each value of a parameter that others depend on, then for each parameter that is active in none of these.
    fn add_branches(&mut self, found: &mut Variations) {
        for parent in self.parents() {
            for value in self.levels(parent) {
                let name = &self.space.params[parent].name;
                if self.bases.iter().any(|base| base.get(name) == Some(&value)) {
                    continue;
                }
                let Some(mut fixed) = self.required(parent) else { continue };
                fixed.set(name.clone(), value.clone());
                self.add_branch(&fixed, setting(name, Some(&value)), found);
            }
        }
        for (index, param) in self.space.params.iter().enumerate() {
            if self.bases.iter().any(|base| base.get(&param.name).is_some()) {
                continue;
            }
            let Some(fixed) = self.required(index).filter(|fixed| !fixed.is_empty()) else { continue };
            let label = fixed.iter().map(|(name, value)| setting(name, Some(value))).collect::<Vec<_>>().join(" ");
            self.add_branch(&fixed, label, found);
        }
    }

    fn add_branch(&mut self, fixed: &Assignment, label: String, found: &mut Variations) {
        if found.branches.len() == MAX_BRANCHES {
            found.untried_branches.push(label);
            return;
        }
        if let Some(params) = self.space.sample_near(fixed, &self.bases[0].clone(), &mut self.stream) {
            self.bases.push(params.clone());
            found.branches.push(BranchConfiguration { label, params });
        }
    }

    /// The parameters that a `when` names, each after those that it depends on.
    fn parents(&self) -> Vec<usize> {
        let conditions = self.space.conditions();
        let whens = || conditions.order().iter().filter_map(|param| conditions.when(*param));
        let is_parent = |param: &usize| whens().flat_map(|when| &when.conditions).any(|c| c.parent == *param);
        conditions.order().iter().copied().filter(is_parent).collect()
    }

    /// All values of a parameter if they are few, otherwise those that a `when` names.
    fn levels(&self, param: usize) -> Vec<Value> {
        let domain = &self.space.params[param].domain;
        if let Some(count) = domain.cardinality().filter(|count| *count <= MAX_LEVELS) {
            return (0..count).filter_map(|index| domain.level(index)).collect();
        }
        let conditions = self.space.conditions();
        let whens = (0..self.space.params.len()).filter_map(|param| conditions.when(param));
        let named = whens.flat_map(|when| &when.conditions).filter(|condition| condition.parent == param);
        let mut values: Vec<Value> = Vec::new();
        for value in named.flat_map(|condition| &condition.values) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    }

    /// Values of other parameters with which a parameter is active; `None` if its conditions contradict each other.
    fn required(&self, param: usize) -> Option<Assignment> {
        let mut allowed: BTreeMap<usize, Vec<&Value>> = BTreeMap::new();
        for (_, condition) in self.space.conditions().required(param) {
            match allowed.get_mut(&condition.parent) {
                Some(values) => values.retain(|value| condition.values.contains(value)),
                None => drop(allowed.insert(condition.parent, condition.values.iter().collect())),
            }
        }
        let choose = |(parent, values): (usize, Vec<&Value>)| {
            let name: &Arc<str> = &self.space.params[parent].name;
            let as_first = values.iter().find(|value| self.bases[0].get(name) == Some(**value));
            Some((name.clone(), (*as_first.or(values.first())?).clone()))
        };
        allowed.into_iter().map(choose).collect()
    }

    fn add_changes(&self, found: &mut Variations) {
        for param in &self.space.params {
            if param.domain.cardinality() == Some(1) || param.domain.geometry() == Geometry::Constant {
                continue;
            }
            let name = &*param.name;
            let bases = || self.bases.iter().enumerate().filter(|(_, base)| base.get(name).is_some());
            let alone = bases().find_map(|(base, params)| {
                Some(ParamVariation { names: vec![name.to_owned()], base, params: self.with_other(params, name)? })
            });
            let tied = || {
                let changed = |(base, params)| {
                    let (names, params) = self.with_fewest_others(params, name)?;
                    Some(ParamVariation { names, base, params })
                };
                bases().find_map(changed)
            };
            match alone.or_else(tied) {
                Some(change) => found.add(change),
                None => {
                    let is_active = bases().next().is_some();
                    let reason = if is_active { UntriedReason::Constraints } else { UntriedReason::Inactive };
                    found.untried.push(UntriedParam { name: name.to_owned(), reason });
                }
            }
        }
        debug_assert!(found.changes.iter().all(|change| change.base < self.given + found.branches.len()));
    }

    /// `base` with another value of `name` only.
    fn with_other(&self, base: &Assignment, name: &str) -> Option<Assignment> {
        let value = base.get(name)?;
        let drawn = self.fillers.iter().filter_map(|filler| Some((filler.get(name)?.clone(), filler)));
        let levels = self.space.index(name).map(|index| self.levels(index)).unwrap_or_default();
        let levels = levels.into_iter().filter_map(|level| Some((level, self.fillers.first()?)));
        let mut others: Vec<_> = drawn.chain(levels).filter(|(other, _)| other != value).collect();
        // The farther a number is, the less its effect is lost in rounding.
        others.sort_by(|a, b| distance(value, &b.0).total_cmp(&distance(value, &a.0)));
        others.into_iter().find_map(|(other, filler)| self.replaced(base, name, other, filler))
    }

    /// `base` with `name` set to `value`, and with values of `filler` for the parameters that become active.
    fn replaced(&self, base: &Assignment, name: &str, value: Value, filler: &Assignment) -> Option<Assignment> {
        let mut params = filler.clone();
        base.iter().for_each(|(name, value)| params.set(name.into(), value.clone()));
        params.set(name.into(), value);
        self.space.complete_active(&params).ok()
    }

    /// The configuration with another value of `name` that has most values of `base`, and the parameters with other values.
    fn with_fewest_others(&self, base: &Assignment, name: &str) -> Option<(Vec<String>, Assignment)> {
        let others = self.fillers.iter().filter_map(|filler| Some((self.space.complete_active(filler).ok()?, filler)));
        let others = others.filter(|(other, _)| other.get(name).is_some_and(|value| base.get(name) != Some(value)));
        let reduced = others.map(|(mut other, filler)| {
            for (kept, value) in base.iter().filter(|(kept, _)| *kept != name) {
                let nearer = self.replaced(&other, kept, value.clone(), filler);
                if let Some(nearer) = nearer.filter(|nearer| nearer.get(name) == other.get(name)) {
                    other = nearer;
                }
            }
            let is_changed = |param: &&str| base.get(param).is_some() && other.get(param).is_some();
            let names: Vec<String> = different(base, &other).filter(is_changed).map(str::to_owned).collect();
            (names, other)
        });
        reduced.min_by_key(|(names, _)| names.len())
    }
}

fn distance(value: &Value, other: &Value) -> f64 {
    let numbers = value.as_f64().zip(other.as_f64());
    numbers.map_or(0.0, |(value, other)| (value - other).abs())
}
