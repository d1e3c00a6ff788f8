//! An outside program proposes: the engine asks for it, the driver talks to it.

use std::sync::Arc;

use super::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::method::{Field, Method, MethodKind, Need};
use crate::schedule::full::Full;
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;

/// `kind: iterative`: `maxIterations` suggestions of the `tuner`, each asked for when a slot is free and told of all that ended
/// before it.
pub static KIND: MethodKind = MethodKind {
    names: &["iterative"],
    fields: &[Field::required("maxIterations")],
    params: Need::Required,
    metric: Need::Optional,
    resource: Need::Forbidden,
    build: |args| {
        let mut reader = args.reader();
        let iterations = reader.positive("maxIterations");
        reader.finish(|| {
            let schedule = Arc::new(Full::new(iterations?));
            Some(Method { kind: "iterative", schedule, sampler: Arc::new(Outside) })
        })
    },
    advice: |_| Vec::new(),
};

/// The sampler of every matrix with a `tuner`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outside;

impl Sampler for Outside {
    fn name(&self) -> &'static str {
        "tuner"
    }

    fn searcher(&self, _context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(OutsideSearcher)
    }

    fn draws_blindly(&self) -> bool {
        false
    }

    fn asks_outside(&self) -> bool {
        true
    }
}

/// Knows nothing: the program is told of every job by the driver, from the journal.
#[derive(Debug)]
struct OutsideSearcher;

impl Searcher for OutsideSearcher {
    fn propose(&mut self, _ask: &Ask) -> Proposal {
        Proposal::Outside
    }

    fn adopt(&mut self, _trial: TrialId, _assignment: &Assignment) {}

    fn observe(&mut self, _observation: &Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::tests::{method_args, method_fault};

    #[test]
    fn as_many_suggestions_as_iterations() {
        let method = (KIND.build)(&method_args(json!({"maxIterations": 12}))).unwrap();
        assert_eq!(method.schedule.plan(None).trials(), 12);
        assert!(method.sampler.asks_outside() && !method.sampler.draws_blindly());
    }

    #[test]
    fn the_number_of_iterations_is_needed() {
        insta::assert_snapshot!(method_fault(&KIND, json!({})), @"`maxIterations` is missing");
        insta::assert_snapshot!(method_fault(&KIND, json!({"maxIterations": 0})), @"`maxIterations` must be a whole number, 1 or more, found the number 0");
    }
}
