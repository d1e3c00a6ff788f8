//! Reads `earlyStopping`: metric conditions and a failure rate that end the study, and policies that end running jobs.

use super::metric::direction;
use crate::engine::experiment::{Interval, Limits, MetricCondition, Policy, Rule, Stopping};
use crate::matrix::catalogue::{POLICIES, PolicyKind, STOPPING, StoppingKind};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Content, Entry, Node};

/// Default of `minSamples`: the median of fewer jobs is too noisy.
const MIN_SAMPLES: u64 = 3;

/// Reads `patience`, a limit of a study with a metric.
pub fn read_patience(fields: &mut Fields<'_>, is_ranked: bool, findings: &mut Findings) -> Option<f64> {
    let (share, span) = fields.number("patience", findings)?;
    if !Limits::accepts_patience(share) {
        findings.error(span, format!("`patience` must be above 0 and below 1, found {share}"));
        return None;
    }
    if !is_ranked {
        findings.warn(span, "`patience` has no effect: without a metric nothing is gained", None);
    }
    Some(share)
}

/// Reads the list of rules. Of several failure rates the smallest is used.
pub fn read(entry: &Entry, findings: &mut Findings) -> Stopping {
    let mut stopping = Stopping::default();
    let Content::List(items) = &entry.value.content else {
        let message = format!("`{}` must be a list, found {}", entry.key, entry.value.describe());
        findings.error_with(entry.key_span.clone(), message, Some("start each rule with `-`".into()));
        return stopping;
    };
    for item in items {
        read_rule(item, &mut stopping, findings);
    }
    stopping
}

fn read_rule(item: &Node, stopping: &mut Stopping, findings: &mut Findings) -> Option<()> {
    let mut fields = Fields::new(item, "an early-stopping rule", item.span.clone(), findings)?;
    let given = fields.value("kind").is_some();
    let kind = match fields.choice("kind", &STOPPING, findings) {
        Some(kind) => kind,
        None if given => return None,
        None if item.get("metric").is_some() => StoppingKind::Metric,
        None => {
            let hint = "`kind` is metric_early_stopping or failure_early_stopping".to_owned();
            findings.error_with(
                item.span.clone(),
                "missing field `kind` or `metric` in an early-stopping rule",
                Some(hint),
            );
            return None;
        }
    };
    match kind {
        StoppingKind::Metric => read_metric_rule(&mut fields, stopping, findings),
        StoppingKind::Failure => {
            if let Some(share) = read_share(&mut fields, findings) {
                stopping.failure_share = Some(stopping.failure_share.map_or(share, |other: f64| other.min(share)));
            }
        }
    }
    fields.finish(findings);
    Some(())
}

/// Reads `percent` as a fraction: a percentage from 1 to 99, or a fraction above 0 and below 1.
fn read_share(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<f64> {
    fields.required("percent", findings)?;
    let (percent, span) = fields.number("percent", findings)?;
    if !(percent > 0.0 && percent <= 99.0) {
        findings.error(span, format!("`percent` must be above 0 and at most 99, found {percent}"));
        return None;
    }
    Some(if percent < 1.0 { percent } else { percent / 100.0 })
}

fn read_metric_rule(fields: &mut Fields<'_>, stopping: &mut Stopping, findings: &mut Findings) {
    let metric = fields.required_text("metric", findings).map(|(name, _)| name.to_owned());
    let direction = direction(fields, findings);
    let policy = fields.value("policy");
    let value = fields.number("value", findings).map(|(value, _)| value);
    match policy {
        Some(entry) => {
            if let (Some((rule, interval)), Some(metric), Some(direction)) =
                (read_policy(entry, findings), metric, direction)
            {
                stopping.policies.push(Policy { metric, direction, interval, rule });
            }
        }
        None => {
            if fields.value("value").is_none() {
                findings.error(fields.span(), "missing field `value` in an early-stopping rule without `policy`");
            }
            if let (Some(metric), Some(value), Some(direction)) = (metric, value, direction) {
                stopping.conditions.push(MetricCondition { metric, value, direction });
            }
        }
    }
}

fn read_policy(entry: &Entry, findings: &mut Findings) -> Option<(Rule, Interval)> {
    let mut fields = Fields::new(&entry.value, "the policy", entry.key_span.clone(), findings)?;
    fields.required("kind", findings)?;
    let kind = fields.choice("kind", &POLICIES, findings)?;
    let every = read_positive(&mut fields, "evaluationInterval", 1, findings);
    let from = match kind {
        PolicyKind::Truncation => 1,
        _ => fields.count("minInterval", findings).map_or(1, |(n, _)| n),
    };
    let rule = match kind {
        PolicyKind::Median => {
            Some(Rule::Median { min_samples: read_positive(&mut fields, "minSamples", MIN_SAMPLES, findings) })
        }
        PolicyKind::Diff => read_percent(&mut fields, findings).map(|percent| Rule::Diff { percent }),
        PolicyKind::Truncation => {
            let include_succeeded = fields.flag("includeSucceeded", findings).unwrap_or(false);
            read_percent(&mut fields, findings).map(|percent| Rule::Truncation { percent, include_succeeded })
        }
    };
    fields.finish(findings);
    Some((rule?, Interval { every, from }))
}

fn read_positive(fields: &mut Fields<'_>, name: &'static str, default: u64, findings: &mut Findings) -> u64 {
    let Some((count, span)) = fields.count(name, findings) else { return default };
    if count == 0 {
        findings.error(span, format!("`{name}` must be 1 or more"));
    }
    count.max(1)
}

fn read_percent(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<f64> {
    fields.required("percent", findings)?;
    let (percent, span) = fields.number("percent", findings)?;
    if !(percent > 0.0 && percent <= 100.0) {
        findings.error(span, format!("`percent` must be above 0 and at most 100, found {percent}"));
        return None;
    }
    Some(percent)
}
