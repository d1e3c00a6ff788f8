//! Configurations as vectors for models: one coordinate per parameter that is not a constant.
//!
//! The coordinate of an ordered parameter is the value of its distribution function, in [0, 1]; that of an unordered one is the
//! index of its value; that of a parameter that is not active is [`INACTIVE`]. Decoded configurations always have values of the
//! parameters' domains.

use std::sync::Arc;

use rand::RngExt;
use serde_json::Value;

use crate::space::distribution::{Distribution, NumericDistribution};
use crate::space::{Domain, Geometry, Param, Space};
use crate::types::assignment::Assignment;
use crate::types::stream::Stream;

/// Maximum number of values of an ordered parameter that are tried one by one.
const MAX_LEVELS: u64 = 32;
/// Probability cut off at each end of an unbounded parameter: beyond 3.1 standard deviations there is no data, and an optimizer
/// that reaches 0 or 1 would propose values that are practically never drawn.
const TAIL: f64 = 1e-3;
/// The most draws per vector if a draw may have to be repeated. The time of a suggestion grows with it.
pub const MAX_DRAWS_PER_VECTOR: usize = 10;

/// Any value in [0, 1] is decoded to a constant.
const CONSTANT_UNIT: f64 = 0.5;

/// The coordinate of a parameter that is not active; all others are 0 or more.
pub const INACTIVE: f64 = -1.0;

/// Which parameters are active.
pub type Branch = Vec<bool>;

/// The branch of the vector `x`.
pub fn branch(x: &[f64]) -> Branch {
    x.iter().map(|x| *x != INACTIVE).collect()
}

/// Whether `x` is in the branch `wanted`, if there is one.
pub fn is_in_branch(wanted: Option<&Branch>, x: &[f64]) -> bool {
    wanted.is_none_or(|wanted| *wanted == branch(x))
}

/// How distances along one parameter are measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// Difference of coordinates in [0, 1].
    Ordered,
    /// Hamming distance: 0 for the same value, 1 for different values. Coordinates are value indices.
    Unordered,
}

/// The parameter of one coordinate, as kernels see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dimension {
    /// Its axis.
    pub axis: Axis,
    /// Whether it has a `when`, so that its coordinate can be [`INACTIVE`].
    pub is_conditional: bool,
}

impl From<Axis> for Dimension {
    /// One that is always active.
    fn from(axis: Axis) -> Dimension {
        Dimension { axis, is_conditional: false }
    }
}

/// Converts configurations to vectors and back.
#[derive(Clone, Debug)]
pub struct Encoding {
    space: Arc<Space>,
    /// The index in the space of each coordinate's parameter.
    params: Vec<usize>,
    axes: Vec<Axis>,
    /// Cumulative prior probabilities of the values of each unordered parameter; empty for ordered ones.
    cumulative: Vec<Vec<f64>>,
    /// Minimum distance of each ordered parameter's coordinate from 0 and 1.
    tails: Vec<f64>,
    /// The parameters that constraints use, each with its coordinate unless it is a constant.
    constrained: Vec<(usize, Option<usize>)>,
}

impl Encoding {
    /// The encoding of `space`.
    pub fn new(space: Arc<Space>) -> Encoding {
        let is_constant = |index: &usize| space.params[*index].domain.geometry() == Geometry::Constant;
        let params: Vec<usize> = (0..space.params.len()).filter(|index| !is_constant(index)).collect();
        let domains = || params.iter().map(|index| &*space.params[*index].domain);
        let cumulative: Vec<Vec<f64>> = domains()
            .map(|domain| match domain.geometry() {
                Geometry::Ordered | Geometry::Constant => Vec::new(),
                Geometry::Unordered { weights } => cumulate(&weights),
            })
            .collect();
        let axis = |sums: &Vec<f64>| if sums.is_empty() { Axis::Ordered } else { Axis::Unordered };
        let tails = domains().map(tail).collect();
        let is_used = |name: &Arc<str>| space.constraints().iter().any(|c| c.predicate.params().contains(name));
        let used = (0..space.params.len()).filter(|param| is_used(&space.params[*param].name));
        let constrained = used.map(|param| (param, params.iter().position(|other| *other == param))).collect();
        Encoding { axes: cumulative.iter().map(axis).collect(), space, params, cumulative, tails, constrained }
    }

    /// The domain of coordinate `d`.
    fn domain(&self, d: usize) -> &dyn Domain {
        &*self.space.params[self.params[d]].domain
    }

    /// The parameter of coordinate `d`.
    pub fn param(&self, d: usize) -> &Param {
        &self.space.params[self.params[d]]
    }

    /// The coordinate `d` of vectors whose parameter there has `value`; `None` if its domain does not have the value.
    pub fn encode_value(&self, d: usize, value: &Value) -> Option<f64> {
        Some(self.coordinate(d, self.domain(d).to_unit(value)?.clamp(0.0, 1.0)))
    }

    /// One per coordinate, in file order.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Prior probability of each value of coordinate `d`; empty for an ordered parameter.
    pub fn weights(&self, d: usize) -> Vec<f64> {
        let sums = &self.cumulative[d];
        (0..sums.len()).map(|i| sums[i] - if i == 0 { 0.0 } else { sums[i - 1] }).collect()
    }

    /// The vector of `assignment`; `None` if the value of an active parameter is missing or outside its domain.
    pub fn encode(&self, assignment: &Assignment) -> Option<Vec<f64>> {
        let params = &self.space.params;
        let active = self.space.conditions().activity(params.len(), |i| assignment.get(&params[i].name));
        let unit = |(index, param): (usize, &Param)| match active[index] {
            true => Some(Some(param.domain.to_unit(assignment.get(&param.name)?)?)),
            false => Some(None),
        };
        // constants too, so that a configuration with another value is not encoded
        let units: Vec<Option<f64>> = params.iter().enumerate().map(unit).collect::<Option<_>>()?;
        let coordinate = |(d, index): (usize, &usize)| match units[*index] {
            Some(unit) => self.coordinate(d, unit.clamp(0.0, 1.0)),
            None => INACTIVE,
        };
        Some(self.params.iter().enumerate().map(coordinate).collect())
    }

    /// The configuration of the vector `x`.
    pub fn decode(&self, x: &[f64]) -> Assignment {
        self.space.active_only(self.values(x))
    }

    /// Whether the configuration of `x` fulfils all constraints.
    pub fn is_feasible(&self, x: &[f64]) -> bool {
        if !self.has_constraints() {
            return true;
        }
        if self.has_conditions() {
            return self.space.is_feasible(&self.decode(x));
        }
        let entry = |(param, d): &(usize, Option<usize>)| {
            let Param { name, domain, .. } = &self.space.params[*param];
            (name.clone(), domain.from_unit(d.map_or(CONSTANT_UNIT, |d| self.unit(d, x[d]))))
        };
        self.space.is_feasible(&self.constrained.iter().map(entry).collect())
    }

    /// One per coordinate, in file order.
    pub fn dimensions(&self) -> Vec<Dimension> {
        let is_conditional = |param: &usize| self.space.conditions().when(*param).is_some();
        let both = self.axes.iter().zip(&self.params);
        both.map(|(axis, param)| Dimension { axis: *axis, is_conditional: is_conditional(param) }).collect()
    }

    /// Whether not all combinations of values are feasible.
    pub fn has_constraints(&self) -> bool {
        !self.space.constraints().is_empty()
    }

    /// Whether the space has conditions or constraints.
    pub fn has_rules(&self) -> bool {
        self.space.has_rules()
    }

    /// Whether parameters have a `when`.
    pub fn has_conditions(&self) -> bool {
        !self.space.conditions().is_empty()
    }

    /// The most draws to get `wanted` feasible vectors: with conditions or constraints more than `wanted`.
    pub fn draw_limit(&self, wanted: usize) -> usize {
        if self.space.has_rules() { MAX_DRAWS_PER_VECTOR * wanted } else { wanted }
    }

    /// The values of all parameters, of which some may not be active.
    fn values(&self, x: &[f64]) -> Vec<Value> {
        let mut units = vec![CONSTANT_UNIT; self.space.params.len()];
        self.params.iter().enumerate().for_each(|(d, index)| units[*index] = self.unit(d, x[d]));
        self.space.params.iter().zip(units).map(|(param, unit)| param.domain.from_unit(unit)).collect()
    }

    /// Moves `x` to the nearest configuration, without regard to constraints. Parameters that become active without a coordinate
    /// get the median or the first value.
    pub fn snap(&self, x: &mut [f64]) {
        self.snap_values(x);
        self.deactivate(x);
    }

    /// Moves each coordinate to the nearest value of its parameter, as if all were active.
    fn snap_values(&self, x: &mut [f64]) {
        for (d, x) in x.iter_mut().enumerate() {
            match self.axes[d] {
                Axis::Unordered => *x = x.max(0.0),
                Axis::Ordered => {
                    let near = if *x == INACTIVE { 0.5 } else { *x }.clamp(self.tails[d], 1.0 - self.tails[d]);
                    let domain = self.domain(d);
                    *x = domain.to_unit(&domain.from_unit(near)).unwrap_or(near).clamp(0.0, 1.0);
                }
            }
        }
    }

    /// Sets the coordinates of parameters that are not active in the configuration of `x`.
    fn deactivate(&self, x: &mut [f64]) {
        let conditions = self.space.conditions();
        if conditions.is_empty() {
            return;
        }
        let values = self.values(x);
        let active = conditions.activity(values.len(), |param| values.get(param));
        for (x, _) in x.iter_mut().zip(&self.params).filter(|(_, param)| !active[**param]) {
            *x = INACTIVE;
        }
    }

    /// Draws a vector from the prior, without regard to constraints.
    pub fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut x = self.draw_values(stream);
        self.deactivate(&mut x);
        x
    }

    /// Draws a value of every parameter from the prior, as if all were active.
    pub fn draw_values(&self, stream: &mut Stream) -> Vec<f64> {
        let mut x: Vec<f64> = (0..self.axes.len()).map(|d| self.coordinate(d, stream.random())).collect();
        self.snap_values(&mut x);
        x
    }

    /// The values of coordinate `d` if it is unordered or has at most [`MAX_LEVELS`] values; otherwise empty.
    pub fn levels(&self, d: usize) -> Vec<f64> {
        let domain = self.domain(d);
        match self.axes[d] {
            Axis::Unordered => (0..self.cumulative[d].len()).map(|i| i as f64).collect(),
            Axis::Ordered => {
                let count = domain.cardinality().filter(|count| *count <= MAX_LEVELS).unwrap_or(0);
                (0..count).filter_map(|i| domain.to_unit(&domain.level(i)?)).collect()
            }
        }
    }

    fn coordinate(&self, d: usize, unit: f64) -> f64 {
        let sums = &self.cumulative[d];
        match self.axes[d] {
            Axis::Ordered => unit,
            Axis::Unordered => sums.partition_point(|sum| *sum <= unit).min(sums.len() - 1) as f64,
        }
    }

    /// The value of the distribution function for a coordinate: for an unordered parameter, the middle of the value's interval.
    fn unit(&self, d: usize, coordinate: f64) -> f64 {
        let sums = &self.cumulative[d];
        match self.axes[d] {
            Axis::Ordered if coordinate == INACTIVE => 0.5,
            Axis::Ordered => coordinate.clamp(0.0, 1.0),
            Axis::Unordered => {
                let i = (coordinate as usize).min(sums.len() - 1);
                0.5 * (sums[i] + if i == 0 { 0.0 } else { sums[i - 1] })
            }
        }
    }
}

fn tail(domain: &dyn Domain) -> f64 {
    let unbounded = |d| matches!(d, Distribution::Normal { .. } | Distribution::LogNormal { .. });
    match domain.distribution() {
        Some(NumericDistribution { distribution, .. }) if unbounded(distribution) => TAIL,
        _ => 0.0,
    }
}

fn cumulate(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    weights
        .iter()
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect()
}
