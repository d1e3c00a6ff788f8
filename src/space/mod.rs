//! What may vary: parameters and their domains, one file per family.

pub mod choice;
pub mod dates;
pub mod law;
pub mod normal;
pub mod range;
pub mod spaced;
pub mod uniform;

mod brief;
mod continuous;
mod decimal;
pub mod gauss;
mod quantum;
mod sequence;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use self::law::Continuum;
use crate::words::args::{Args, Fault};
use crate::words::assignment::Assignment;
use crate::words::stream::Stream;

/// How a model may see a domain.
#[derive(Clone, PartialEq, Debug)]
pub enum Geometry {
    /// Neighbours are alike: the unit interval carries the domain's own scale.
    Ordered,
    /// Values have no order; `weights` are their prior probabilities (sum 1) in the order of [`Domain::level`].
    Unordered {
        /// One per value.
        weights: Vec<f64>,
    },
}

/// The values one parameter may take.
pub trait Domain: fmt::Debug + Send + Sync {
    /// One draw. Uses the stream alone, so that the same stream gives the same value on every machine.
    fn sample(&self, stream: &mut Stream) -> Value;
    /// Whether `value` may be drawn from here (within rounding).
    fn contains(&self, value: &Value) -> bool {
        self.settle(value).is_some()
    }
    /// `value` as this domain itself hands it to a trial: 3 where somebody wrote 3.0 for an int; `None` if it is not inside.
    fn settle(&self, value: &Value) -> Option<Value>;
    /// How many distinct values there are; `None` for a continuum.
    fn cardinality(&self) -> Option<u64>;
    /// The `index`-th value of a domain with a cardinality.
    fn level(&self, index: u64) -> Option<Value>;
    /// How a model may see it.
    fn geometry(&self) -> Geometry;
    /// How its values are distributed, if they are not simply listed.
    fn continuum(&self) -> Option<Continuum> {
        None
    }
    /// Where `value` lies in [0, 1] under the domain's own scale (its distribution function); `None` if it is not inside.
    fn to_unit(&self, value: &Value) -> Option<f64>;
    /// The value at `unit` in [0, 1]; the inverse of [`Domain::to_unit`] up to rounding.
    #[allow(clippy::wrong_self_convention)] // the pair of `to_unit`, from a number that is not a domain
    fn from_unit(&self, unit: f64) -> Value;
    /// The effective range or values, in a few words for the plan.
    fn describe(&self) -> String;
}

/// How the written `value` of a parameter maps to named arguments.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A list of anything, handed over as the one argument `items`.
    Items,
    /// Named arguments. A mapping gives them by name; where `positional`, a list or an `a:b:c` string gives them in this order.
    Named {
        /// Those that must be there.
        required: &'static [&'static str],
        /// Those that may follow.
        optional: &'static [&'static str],
        /// Whether a list or a string may give them too.
        positional: bool,
    },
}

/// A domain, or all that is wrong with its arguments.
pub type Built = Result<Box<dyn Domain>, Vec<Fault>>;

/// A parameter kind: one entry of the matrix catalogue.
#[derive(Debug)]
pub struct ParamKind {
    /// The name after `kind:`.
    pub name: &'static str,
    /// The written forms, most usual first.
    pub forms: &'static [Form],
    /// Builds the domain, or says what is wrong with the arguments.
    pub build: fn(&Args) -> Built,
    /// A sentence of advice for arguments that are legal and seldom meant.
    pub advice: fn(&Args) -> Option<String>,
}

/// One parameter.
#[derive(Debug)]
pub struct Param {
    /// Its name, shared by every trial's assignment.
    pub name: Arc<str>,
    /// The kind it was declared with.
    pub kind: &'static str,
    /// Its values.
    pub domain: Box<dyn Domain>,
}

/// Every parameter of a study, in file order.
#[derive(Debug, Default)]
pub struct Space {
    /// The parameters.
    pub params: Vec<Param>,
}

impl Space {
    /// One configuration, each parameter drawn in file order from the one stream.
    pub fn sample(&self, stream: &mut Stream) -> Assignment {
        self.params.iter().map(|p| (p.name.clone(), p.domain.sample(stream))).collect()
    }

    /// The `index`-th of all configurations, the last parameter varying fastest; `None` past the last one or with any continuum.
    pub fn configuration(&self, index: u64) -> Option<Assignment> {
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

    /// How many distinct configurations there are; `None` with any continuum (or past u64).
    pub fn cardinality(&self) -> Option<u64> {
        self.params.iter().try_fold(1u64, |all, p| all.checked_mul(p.domain.cardinality()?))
    }
}
