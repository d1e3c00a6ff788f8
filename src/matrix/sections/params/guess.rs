//! Reads `guess` and `confidence` of a parameter, and warns where guesses have no effect.

use serde_json::Value;

use super::nearest_value::nearest_value;
use crate::kinds::Method;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{nearest, quoted};
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Entry, Span};
use crate::search::GuessUse;
use crate::space::guess::{Guess, GuessConfidence};
use crate::space::{Domain, Space};
use crate::types::ids::TrialId;
use crate::types::stream::{Purpose, stream};

/// The most names that a typo is compared with.
const MAX_NAMES: u64 = 1_000;

/// A guess as it is written.
#[derive(Debug)]
pub struct WrittenGuess<'n> {
    entry: &'n Entry,
    confidence: GuessConfidence,
}

/// Reads the fields `guess` and `confidence`.
pub fn read<'n>(fields: &mut Fields<'n>, findings: &mut Findings) -> Option<WrittenGuess<'n>> {
    let entry = fields.entry("guess");
    let span = fields.value("confidence").map(|entry| entry.key_span.clone());
    let confidence = fields.choice("confidence", &GuessConfidence::NAMES, findings).unwrap_or_default();
    if let (None, Some(span)) = (entry, span) {
        let hint = "add the value that you expect to be the best: `guess: …`".to_owned();
        findings.error_with(span, "`confidence` without a `guess`", Some(hint));
    }
    Some(WrittenGuess { entry: entry?, confidence })
}

/// The guess and its position; an error if the parameter called `name` cannot have the value. A parameter that has one value needs no
/// guess.
pub fn check(
    written: &WrittenGuess<'_>,
    name: &str,
    domain: &dyn Domain,
    findings: &mut Findings,
) -> Option<(Guess, Span)> {
    let node = &written.entry.value;
    let value = node.to_json(&mut Vec::new());
    let Some(value) = domain.normalize(&value) else {
        let message = format!("`guess` of {} cannot be {}", quoted(name), node.describe());
        findings.error_with(node.span.clone(), message, Some(correction(domain, &value)));
        return None;
    };
    if domain.cardinality() == Some(1) {
        let message = format!("`guess` has no effect: {} has only one value", quoted(name));
        findings.warn(written.entry.key_span.clone(), message, None);
        return None;
    }
    Some((Guess { value, confidence: written.confidence }, written.entry.key_span.clone()))
}

/// The nearest value that the parameter can have, and all of them.
fn correction(domain: &dyn Domain, value: &Value) -> String {
    let count = domain.cardinality().unwrap_or(0).min(MAX_NAMES);
    let texts: Vec<String> = (0..count).filter_map(|index| Some(domain.level(index)?.as_str()?.to_owned())).collect();
    let similar = value.as_str().and_then(|text| nearest(text, texts.iter().map(String::as_str)));
    let expected = format!("expected {}", domain.describe());
    match (nearest_value(domain, value), similar) {
        (Some(nearest), _) => format!("the nearest value is {nearest}; {expected}"),
        (None, Some(similar)) => format!("did you mean {}? {expected}", quoted(similar)),
        (None, None) => expected,
    }
}

/// Warns at the first guess, at `span`, if the sampler of `method` does not use guesses, or if constraints allow no configuration
/// with them.
pub fn warn_without_effect(method: &Method, space: &Space, span: Option<Span>, findings: &mut Findings) {
    let Some(span) = span else { return };
    if method.sampler.guess_use() == GuessUse::Nothing {
        let who = if method.sampler.is_external() {
            "the tuner proposes".to_owned()
        } else {
            format!("kind `{}` lists", method.kind)
        };
        let message = format!("`guess` has no effect: {who} the configurations");
        findings.warn(span, message, None);
        return;
    }
    let guesses = space.guesses();
    if space.has_rules() && space.sample_preferring(&guesses, &mut stream(0, TrialId(0), Purpose::Guess)).is_none() {
        let message = "no configuration with all guesses fulfils the constraints".to_owned();
        let hint = "no trial will have all of them; change a guess, or a constraint".to_owned();
        findings.warn(span, message, Some(hint));
    }
}
