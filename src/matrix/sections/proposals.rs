//! Where configurations come from: the kind's own sampler, another sampler or an external tuner, and starting points.

use std::sync::Arc;

use crate::kinds::Method;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::Span;
use crate::search::Sampler;
use crate::search::external::External;
use crate::space::Space;

/// A source of configurations for a kind that lists its configurations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{kind}` lists its configurations and accepts no {rejected}")]
pub struct ListedKindError {
    kind: &'static str,
    /// What was given.
    rejected: &'static str,
}

/// Checks that the kind of `method` accepts starting points.
///
/// # Errors
/// The kind lists its configurations.
pub fn check_starting_points(method: &Method) -> Result<(), ListedKindError> {
    check(method, "starting points")
}

/// Replaces the sampler of `method`. The sampler `auto` does not replace that of a kind which has a model of its own.
///
/// # Errors
/// The kind lists its configurations.
pub fn replace_sampler(method: &mut Method, sampler: Arc<dyn Sampler>) -> Result<(), ListedKindError> {
    check(method, if sampler.is_external() { "tuner" } else { "sampler" })?;
    let has_own_model = !method.sampler.is_external() && !method.sampler.ignores_observations();
    if !(sampler.is_automatic() && has_own_model) {
        method.sampler = sampler;
    }
    Ok(())
}

fn check(method: &Method, rejected: &'static str) -> Result<(), ListedKindError> {
    // without parameters, only listed configurations limit the number of trials
    let is_listed = method.sampler.max_trials(&Space::default()).is_some();
    if is_listed { Err(ListedKindError { kind: method.kind, rejected }) } else { Ok(()) }
}

/// The fields of a matrix about proposals.
#[derive(Debug)]
pub struct GivenProposals<'s> {
    /// `sampler` and its position.
    pub sampler: Option<(Arc<dyn Sampler>, Span)>,
    /// The position of `tuner`.
    pub tuner: Option<&'s Span>,
    /// The position of `initial`.
    pub initial: Option<&'s Span>,
    /// The position of `kind`.
    pub kind: &'s Span,
}

/// Replaces the sampler of `method` by the given one or by the external tuner, and checks that it accepts starting points.
pub fn apply(given: GivenProposals<'_>, method: &mut Method, findings: &mut Findings) {
    if let (Some(span), Some(_)) = (given.tuner, &given.sampler) {
        findings.error(span.clone(), "`sampler` and `tuner` cannot both be given");
    }
    let tuner = || given.tuner.map(|span| -> (Arc<dyn Sampler>, Span) { (Arc::new(External), span.clone()) });
    if let Some((sampler, span)) = given.sampler.or_else(tuner) {
        replace_sampler(method, sampler).unwrap_or_else(|error| findings.error(span, error.to_string()));
    } else if method.sampler.is_external() {
        let message = format!("missing field `tuner` in a matrix of kind `{}`", method.kind);
        let hint = "add `tuner: {command: [python3, tuner.py]}`, the program that proposes configurations".to_owned();
        findings.error_with(given.kind.clone(), message, Some(hint));
    }
    if let (Some(span), Err(error)) = (given.initial, check_starting_points(method)) {
        findings.error(span.clone(), error.to_string());
    }
}
