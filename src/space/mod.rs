//! Search spaces: parameters and their domains, one file per family of parameter kinds.

mod arithmetic;
pub mod catalogue;
pub(crate) mod choice;
pub(crate) mod constant;
mod continuous;
mod dates;
mod display;
pub(crate) mod distribution;
pub mod guess;
mod normal;
mod range;
pub mod rules;
mod sequence;
mod spaced;
#[cfg(test)]
pub(crate) mod tests;
pub mod uniform;
mod whole;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::space::distribution::NumericDistribution;
use crate::space::guess::Guess;
use crate::space::rules::cache::RuleCache;
use crate::space::rules::conditions::Conditions;
use crate::space::rules::constraint::Constraint;
use crate::types::args::{ArgError, Args};
use crate::types::assignment::Assignment;
use crate::types::stream::Stream;

/// Whether the values of a domain are ordered.
#[derive(Clone, PartialEq, Debug)]
pub enum Geometry {
    /// Neighbouring values are similar. [`Domain::to_unit`] gives their scale.
    Ordered,
    /// Values have no order.
    Unordered {
        /// Prior probability of each value, in the order of [`Domain::level`]; their sum is 1.
        weights: Vec<f64>,
    },
    /// There is one value by declaration; models have no coordinate for it.
    Constant,
}

/// The values of a parameter.
pub trait Domain: fmt::Debug + Send + Sync {
    /// Draws a value. It depends on the stream only, so that the same stream gives the same value on every machine.
    fn sample(&self, stream: &mut Stream) -> Value;
    /// Whether the domain has `value`, up to a rounding error.
    fn contains(&self, value: &Value) -> bool {
        self.normalize(value).is_some()
    }
    /// `value` as it is passed to a trial, for instance 3 instead of 3.0 for an integer; `None` if the domain does not have it.
    fn normalize(&self, value: &Value) -> Option<Value>;
    /// Number of distinct values; `None` if it is infinite.
    fn cardinality(&self) -> Option<u64>;
    /// The `index`-th value; `None` if there is none or the number of values is infinite.
    fn level(&self, index: u64) -> Option<Value>;
    /// Whether the values are ordered.
    fn geometry(&self) -> Geometry;
    /// The distribution of the values; `None` if the values are enumerated.
    fn distribution(&self) -> Option<NumericDistribution> {
        None
    }
    /// The distribution function at `value`, in [0, 1]; `None` if the domain does not have the value.
    fn to_unit(&self, value: &Value) -> Option<f64>;
    /// The value at `unit` in [0, 1], the inverse of [`Domain::to_unit`] up to a rounding error.
    #[allow(clippy::wrong_self_convention)] // the pair of `to_unit`, from a number that is not a domain
    fn from_unit(&self, unit: f64) -> Value;
    /// The range or the values as a short text, for the plan.
    fn describe(&self) -> String;
}

/// How the field `value` of a parameter is converted to arguments.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A list of any values becomes the argument `items`.
    Items,
    /// Any value becomes the argument `value`.
    Whole,
    /// Named arguments, given by a mapping. If `positional`, a list or an `a:b:c` string can give them in this order.
    Named {
        /// Required arguments.
        required: &'static [&'static str],
        /// Optional arguments, after the required ones.
        optional: &'static [&'static str],
        /// Whether a list or a string can give them.
        positional: bool,
    },
}

/// A domain, or the errors of its arguments.
pub type DomainResult = Result<Box<dyn Domain>, Vec<ArgError>>;

/// A parameter kind: an entry of [`catalogue::KINDS`].
#[derive(Debug)]
pub struct ParamKind {
    /// The value of the field `kind`.
    pub name: &'static str,
    /// The forms of `value`, the most common first.
    pub forms: &'static [Form],
    /// Builds the domain from the arguments.
    pub build: fn(&Args) -> DomainResult,
    /// A warning about valid arguments that are probably a mistake.
    pub advice: fn(&Args) -> Option<String>,
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    /// Its name, shared with the assignments of all trials.
    pub name: Arc<str>,
    /// The name of its kind.
    pub kind: &'static str,
    /// Its values.
    pub domain: Box<dyn Domain>,
    /// Where its best value is expected, if the user says so.
    pub guess: Option<Guess>,
}

/// The parameters of a study, in the order of the matrix, and the rules that make their values a configuration.
#[derive(Debug, Default)]
pub struct Space {
    /// The parameters.
    pub params: Vec<Param>,
    conditions: Conditions,
    constraints: Vec<Constraint>,
    cache: RuleCache,
}

impl Space {
    /// Parameters without conditions and constraints.
    pub fn new(params: Vec<Param>) -> Space {
        Space { params, ..Space::default() }
    }

    /// Parameters with conditions, which are about these parameters, and constraints.
    pub fn with_rules(params: Vec<Param>, conditions: Conditions, constraints: Vec<Constraint>) -> Space {
        Space { params, conditions, constraints, cache: RuleCache::default() }
    }

    /// The index of the parameter with this name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| &*param.name == name)
    }

    /// The guessed values of all parameters that have one.
    pub fn guesses(&self) -> Assignment {
        let guessed = |param: &Param| Some((param.name.clone(), param.guess.as_ref()?.value.clone()));
        self.params.iter().filter_map(guessed).collect()
    }

    /// When parameters are active.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// What all configurations fulfil.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// Whether there are conditions or constraints, so that not every combination of values is a configuration.
    pub fn has_rules(&self) -> bool {
        !self.conditions.is_empty() || !self.constraints.is_empty()
    }
}
