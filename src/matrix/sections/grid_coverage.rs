//! Warns about a grid that is cut off before some of its parameters have varied.

use crate::engine::experiment::Experiment;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::Span;

/// Warns about each parameter that has only its first value in the trials of a grid with `numRuns`. `spans` are the positions of the
/// parameters, in their order.
pub fn warn_fixed_params(experiment: &Experiment, spans: &[Span], findings: &mut Findings) {
    let trials = experiment.plan().trials();
    // With conditions and constraints, which values the first trials have does not follow from the number of values.
    if experiment.method.kind != "grid" || trials < 2 || experiment.space.has_rules() {
        return;
    }
    // The last parameter varies fastest.
    let mut stride: u64 = 1;
    for (param, span) in experiment.space.params.iter().zip(spans).rev() {
        let values = param.domain.cardinality().unwrap_or(u64::MAX);
        if values > 1 && stride >= trials {
            let message = format!("`{}` has only its first value in the {trials} trials of `numRuns`", param.name);
            let hint = "a grid varies its last parameter fastest; raise `numRuns`, or use `kind: random`";
            findings.warn(span.clone(), message, Some(hint.to_owned()));
        }
        stride = stride.saturating_mul(values);
    }
}
