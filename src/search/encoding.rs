//! A space as models see it: every parameter is one position.
//!
//! An ordered parameter's position is its place in the unit interval (its distribution function), an unordered one's is the index
//! of its value. Configurations come out legal: what a model thinks of lies on the domain's own values.

use std::sync::Arc;

use rand::RngExt;

use crate::space::law::{Continuum, Law};
use crate::space::{Domain, Geometry, Space};
use crate::words::assignment::Assignment;
use crate::words::stream::Stream;

/// Most values of an ordered parameter that are tried one by one.
const FEW: u64 = 32;
/// How improbable a value of a parameter without bounds may be: past 3.1 deviations a model has nothing to go by, and a search that
/// reaches the ends of the unit interval would end at values nobody ever draws.
const TAIL: f64 = 1e-3;

/// How distances are measured along one parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// Difference of positions in [0, 1].
    Ordered,
    /// 0 for the same value, 1 for any other (Hamming); positions are value indices.
    Unordered,
}

impl Axis {
    /// Signed distance along this axis.
    pub fn difference(self, a: f64, b: f64) -> f64 {
        match self {
            Axis::Ordered => a - b,
            Axis::Unordered => f64::from(u8::from(a != b)),
        }
    }
}

/// Positions of configurations and back.
#[derive(Clone, Debug)]
pub struct Encoding {
    space: Arc<Space>,
    axes: Vec<Axis>,
    /// Cumulative prior probabilities of unordered parameters' values; empty for ordered ones.
    cumulative: Vec<Vec<f64>>,
    /// Least distance of ordered parameters' positions from 0 and 1.
    tails: Vec<f64>,
}

impl Encoding {
    /// The positions of `space`.
    pub fn new(space: Arc<Space>) -> Encoding {
        let cumulative: Vec<Vec<f64>> = space
            .params
            .iter()
            .map(|param| match param.domain.geometry() {
                Geometry::Ordered => Vec::new(),
                Geometry::Unordered { weights } => cumulate(&weights),
            })
            .collect();
        let axis = |sums: &Vec<f64>| if sums.is_empty() { Axis::Ordered } else { Axis::Unordered };
        let tails = space.params.iter().map(|param| tail(&*param.domain)).collect();
        Encoding { space, axes: cumulative.iter().map(axis).collect(), cumulative, tails }
    }

    /// One per parameter, in file order.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Prior probability of each value of the unordered parameter `d`; empty for an ordered one.
    pub fn weights(&self, d: usize) -> Vec<f64> {
        let sums = &self.cumulative[d];
        (0..sums.len()).map(|i| sums[i] - if i == 0 { 0.0 } else { sums[i - 1] }).collect()
    }

    /// The position of `assignment`; `None` where a value is missing or outside its domain (another study's, say).
    pub fn encode(&self, assignment: &Assignment) -> Option<Vec<f64>> {
        let place = |(d, param): (usize, &crate::space::Param)| {
            let unit = param.domain.to_unit(assignment.get(&param.name)?)?;
            Some(self.position(d, unit.clamp(0.0, 1.0)))
        };
        self.space.params.iter().enumerate().map(place).collect()
    }

    /// The configuration at `x`.
    pub fn decode(&self, x: &[f64]) -> Assignment {
        let value = |d: usize| self.space.params[d].domain.from_unit(self.unit(d, x[d]));
        self.space.params.iter().enumerate().map(|(d, param)| (param.name.clone(), value(d))).collect()
    }

    /// Moves `x` onto the nearest legal configuration.
    pub fn snap(&self, x: &mut [f64]) {
        for (d, param) in self.space.params.iter().enumerate() {
            if self.axes[d] == Axis::Ordered {
                let near = x[d].clamp(self.tails[d], 1.0 - self.tails[d]);
                x[d] = param.domain.to_unit(&param.domain.from_unit(near)).unwrap_or(near).clamp(0.0, 1.0);
            }
        }
    }

    /// A draw from the prior.
    pub fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut x: Vec<f64> = (0..self.axes.len()).map(|d| self.position(d, stream.random())).collect();
        self.snap(&mut x);
        x
    }

    /// The positions of parameter `d`'s values, if they are few or have no order.
    pub fn levels(&self, d: usize) -> Vec<f64> {
        let domain = &self.space.params[d].domain;
        match self.axes[d] {
            Axis::Unordered => (0..self.cumulative[d].len()).map(|i| i as f64).collect(),
            Axis::Ordered => {
                let count = domain.cardinality().filter(|count| *count <= FEW).unwrap_or(0);
                (0..count).filter_map(|i| domain.to_unit(&domain.level(i)?)).collect()
            }
        }
    }

    /// How many configurations there are, if not a continuum.
    pub fn cardinality(&self) -> Option<u64> {
        self.space.cardinality()
    }

    fn position(&self, d: usize, unit: f64) -> f64 {
        let sums = &self.cumulative[d];
        match self.axes[d] {
            Axis::Ordered => unit,
            Axis::Unordered => sums.partition_point(|sum| *sum <= unit).min(sums.len() - 1) as f64,
        }
    }

    /// The middle of an unordered value's cell, the position itself of an ordered one.
    fn unit(&self, d: usize, position: f64) -> f64 {
        let sums = &self.cumulative[d];
        match self.axes[d] {
            Axis::Ordered => position.clamp(0.0, 1.0),
            Axis::Unordered => {
                let i = (position as usize).min(sums.len() - 1);
                0.5 * (sums[i] + if i == 0 { 0.0 } else { sums[i - 1] })
            }
        }
    }
}

fn tail(domain: &dyn Domain) -> f64 {
    match domain.continuum() {
        Some(Continuum { law: Law::Normal { .. } | Law::LogNormal { .. }, .. }) => TAIL,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::space::tests::{parameters, space};

    fn mixed() -> Encoding {
        Encoding::new(Arc::new(space(&[
            ("lr", "loguniform", json!({"min": 1e-5, "max": 0.1})),
            ("op", "choice", json!(["sgd", "adam", {"custom": 1}])),
            ("layers", "range", json!([1, 6, 1])),
            ("act", "pchoice", json!([["relu", 0.7], ["tanh", 0.3]])),
        ])))
    }

    #[test]
    fn what_is_decoded_encodes_to_the_same_place() {
        let encoding = mixed();
        let mut stream = parameters(3);
        for _ in 0..200 {
            let x = encoding.draw(&mut stream);
            let back = encoding.encode(&encoding.decode(&x)).unwrap();
            for (a, b) in x.iter().zip(&back) {
                assert!((a - b).abs() < 1e-9, "{x:?} {back:?}");
            }
        }
    }

    #[test]
    fn unordered_values_are_indices_and_drawn_by_their_probability() {
        let encoding = mixed();
        assert_eq!(encoding.axes(), [Axis::Ordered, Axis::Unordered, Axis::Ordered, Axis::Unordered]);
        assert_eq!(encoding.levels(1), [0.0, 1.0, 2.0]);
        assert_eq!(encoding.levels(2).len(), 5);
        assert!(encoding.levels(0).is_empty());
        let mut stream = parameters(4);
        let relu = (0..2000).filter(|_| encoding.draw(&mut stream)[3] == 0.0).count();
        assert!((1300..1500).contains(&relu), "{relu}");
    }

    #[test]
    fn a_configuration_of_another_space_has_no_place() {
        let encoding = mixed();
        assert_eq!(encoding.encode(&Assignment::default()), None);
        let mut stranger = encoding.decode(&[0.5, 0.0, 0.5, 0.0]);
        stranger.set("lr".into(), json!(7.0));
        assert_eq!(encoding.encode(&stranger), None);
    }
}
