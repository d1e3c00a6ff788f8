//! Warnings about schedules in which no trial is promoted to the full resource.

use super::fields::{read_max_trials, read_rung_levels};
use crate::schedule::UNLIMITED;
use crate::schedule::rung_levels::RungLevels;
use crate::types::args::{ArgError, Args, PathSegment};

/// Warns if a kind whose number of rungs is `rungs` has only one.
pub fn one_rung(args: &Args, rungs: impl Fn(&RungLevels) -> usize) -> Vec<ArgError> {
    let Some(levels) = read_rung_levels(&mut args.reader()).filter(|levels| rungs(levels) <= 1) else {
        return Vec::new();
    };
    let (min, max, eta) = (levels.min_resource().amount(), levels.max_resource().amount(), levels.eta());
    let smaller = (max / min).floor();
    let smaller = if smaller >= 2.0 { format!("`eta: {smaller}`, ") } else { String::new() };
    let hint = format!("use {smaller}`maxIterations: {}` or more, or `kind: random`", eta * min);
    let message = format!("no trial is promoted: from {min} to {max} there is only one rung with `eta` {eta}");
    vec![warning("maxIterations", message, hint)]
}

/// Warns if `numRuns` is too small for one trial of `asha` to reach the full resource.
pub fn too_few_trials(args: &Args) -> Vec<ArgError> {
    let mut reader = args.reader();
    let (Some(levels), trials) = (read_rung_levels(&mut reader), read_max_trials(&mut reader)) else {
        return Vec::new();
    };
    let promotions = levels.resources().len().saturating_sub(1);
    let needed = levels.mul_pow_ceil(1.0, u32::try_from(promotions).unwrap_or(u32::MAX), 1);
    if trials == UNLIMITED || trials >= needed {
        return Vec::new();
    }
    let max = levels.max_resource().amount();
    let message = format!(
        "no trial reaches `maxIterations` {max}: each rung promotes 1 of {} trials, {promotions} times",
        levels.eta()
    );
    let hint = format!("use `numRuns: {needed}` or more, or a larger `minIterations` for fewer rungs");
    vec![warning("numRuns", message, hint)]
}

fn warning(name: &str, message: String, hint: String) -> ArgError {
    ArgError { path: vec![PathSegment::Key(name.to_owned())], message, hint: Some(hint) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::kinds;
    use crate::kinds::tests::args;

    fn advice(kind: &str, fields: Value) -> String {
        let found = (kinds::by_name(kind).unwrap().advice)(&args(fields));
        let lines = found.into_iter().map(|w| format!("{} ({})", w.message, w.hint.unwrap_or_default()));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_rung_is_a_warning() {
        insta::assert_snapshot!(advice("hyperband", json!({"maxIterations": 2})), @"no trial is promoted: from 1 to 2 there is only one rung with `eta` 3 (use `eta: 2`, `maxIterations: 3` or more, or `kind: random`)");
        insta::assert_snapshot!(advice("halving", json!({"maxIterations": 1})), @"no trial is promoted: from 1 to 1 there is only one rung with `eta` 3 (use `maxIterations: 3` or more, or `kind: random`)");
        insta::assert_snapshot!(advice("hyperband", json!({"maxIterations": 0.9, "minIterations": 0.5, "resourceType": "float"})), @"no trial is promoted: from 0.5 to 0.9 there is only one rung with `eta` 3 (use `maxIterations: 1.5` or more, or `kind: random`)");
        for kind in ["hyperband", "halving", "asha", "auto"] {
            assert_eq!(advice(kind, json!({"maxIterations": 9})), "", "{kind}");
        }
        assert_eq!(advice("hyperband", json!({"maxIterations": 2, "eta": 2})), "");
        assert_eq!(advice("halving", json!({"maxIterations": 2})), "");
    }

    #[test]
    fn too_few_trials_are_a_warning() {
        insta::assert_snapshot!(advice("asha", json!({"maxIterations": 9, "numRuns": 5})), @"no trial reaches `maxIterations` 9: each rung promotes 1 of 3 trials, 2 times (use `numRuns: 9` or more, or a larger `minIterations` for fewer rungs)");
        assert_eq!(advice("asha", json!({"maxIterations": 9, "numRuns": 9})), "");
    }
}
