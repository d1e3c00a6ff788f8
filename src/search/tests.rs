//! What the tests of every searcher share.

use std::sync::Arc;

use serde_json::Value;

use super::{Ask, Proposal, SearchContext, Searcher};
use crate::method::MethodKind;
use crate::space::Space;
use crate::words::args::Args;
use crate::words::ids::{BracketId, TrialId};
use crate::words::units::Resource;

pub(super) fn context(space: Space, seed: u64) -> SearchContext {
    SearchContext { space: Arc::new(space), seed, direction: None, full: Resource::ONE }
}

/// The configurations of up to `trials` trials as JSON, each adopted as it is proposed.
pub(super) fn run(searcher: &mut dyn Searcher, trials: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for trial in (0..trials).map(TrialId) {
        let ask = Ask { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&ask) else { break };
        searcher.adopt(trial, &assignment);
        lines.push(serde_json::to_string(&assignment).unwrap());
    }
    lines
}

pub(super) fn method_args(fields: Value) -> Args {
    fields.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// What is said of faulty fields, one fault a line.
pub(super) fn method_fault(kind: &MethodKind, fields: Value) -> String {
    let faults = (kind.build)(&method_args(fields)).expect_err("these fields are faulty");
    faults.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("\n")
}
