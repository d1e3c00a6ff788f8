//! What the tests of all kinds share.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MatrixKind, names};
use crate::types::args::Args;

pub(super) fn args(fields: Value) -> Args {
    fields.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The messages for invalid fields, one per line.
pub(super) fn errors(kind: &MatrixKind, fields: Value) -> String {
    let errors = (kind.build)(&args(fields)).expect_err("the fields are invalid");
    errors.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_name_is_used_twice() {
    let all: Vec<&str> = names().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
}
