//! The one catalogue of kind names: what may stand after `kind:` and `sampler:`. A new kind is one line here.

use crate::method::{MethodKind, SamplerKind};
use crate::space::ParamKind;
use crate::space::choice::{CHOICE, PCHOICE};
use crate::space::dates::{DATERANGE, DATETIMERANGE};
use crate::space::normal::{LOGNORMAL, NORMAL, QLOGNORMAL, QNORMAL};
use crate::space::range::RANGE;
use crate::space::spaced::{GEOMSPACE, LINSPACE, LOGSPACE};
use crate::space::uniform::{LOGUNIFORM, QLOGUNIFORM, QUNIFORM, UNIFORM};
use crate::{schedule, search};

/// Parameter kinds.
pub static PARAMETERS: [&ParamKind; 16] = [
    &CHOICE,
    &PCHOICE,
    &RANGE,
    &LINSPACE,
    &LOGSPACE,
    &GEOMSPACE,
    &DATERANGE,
    &DATETIMERANGE,
    &UNIFORM,
    &QUNIFORM,
    &LOGUNIFORM,
    &QLOGUNIFORM,
    &NORMAL,
    &QNORMAL,
    &LOGNORMAL,
    &QLOGNORMAL,
];

/// Matrix kinds.
pub static METHODS: [&MethodKind; 10] = [
    &schedule::auto::KIND,
    &schedule::hyperband::KIND,
    &schedule::halving::KIND,
    &schedule::asha::KIND,
    &search::random::KIND,
    &search::grid::KIND,
    &search::mapping::KIND,
    &search::bayes::KIND,
    &search::hyperopt::KIND,
    &search::outside::KIND,
];

/// Samplers.
pub static SAMPLERS: [&SamplerKind; 4] =
    [&search::random::SAMPLER, &search::tpe::SAMPLER, &search::gp::SAMPLER, &search::anneal::SAMPLER];

/// The parameter kind called `name`.
pub fn parameter(name: &str) -> Option<&'static ParamKind> {
    PARAMETERS.into_iter().find(|kind| kind.name == name)
}

/// The matrix kind called `name`.
pub fn method(name: &str) -> Option<&'static MethodKind> {
    METHODS.into_iter().find(|kind| kind.names.contains(&name))
}

/// The sampler called `name`.
pub fn sampler(name: &str) -> Option<&'static SamplerKind> {
    SAMPLERS.into_iter().find(|kind| kind.name == name)
}

/// Every name of a matrix kind.
pub fn method_names() -> impl Iterator<Item = &'static str> + Clone {
    METHODS.into_iter().flat_map(|kind| kind.names.iter().copied())
}

/// Every name of a parameter kind.
pub fn parameter_names() -> impl Iterator<Item = &'static str> + Clone {
    PARAMETERS.into_iter().map(|kind| kind.name)
}

/// Every name of a sampler.
pub fn sampler_names() -> impl Iterator<Item = &'static str> + Clone {
    SAMPLERS.into_iter().map(|kind| kind.name)
}

/// What an entry of `earlyStopping` may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoppingKind {
    /// A metric condition, or a policy on running jobs.
    Metric,
    /// A share of failed jobs.
    Failure,
}

/// Kinds of early stopping.
pub static STOPPING: [(&str, StoppingKind); 2] =
    [("metric_early_stopping", StoppingKind::Metric), ("failure_early_stopping", StoppingKind::Failure)];

/// What a policy of a metric early stopping compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyKind {
    /// With the median of the others.
    Median,
    /// With the best.
    Diff,
    /// With the other running jobs.
    Truncation,
}

/// Kinds of policies.
pub static POLICIES: [(&str, PolicyKind); 3] =
    [("median", PolicyKind::Median), ("diff", PolicyKind::Diff), ("truncation", PolicyKind::Truncation)];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let unique =
            |names: Vec<&str>| assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        unique(method_names().collect());
        unique(parameter_names().collect());
        unique(sampler_names().collect());
    }
}
