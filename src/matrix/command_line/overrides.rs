//! What the command line says over the file.

use std::sync::Arc;

use serde_json::Value;

use crate::command::style::ArgStyle;
use crate::kinds::Method;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity, Source};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::sections::matrix::replace_sampler;
use crate::matrix::yaml::parse::parse_value;
use crate::search::catalogue;
use crate::types::objective::{Direction, Metric};

/// Options of the command line that change what a file means.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Overrides {
    /// What follows `--`.
    pub command: Option<Vec<String>>,
    /// `--arg-style`.
    pub style: ArgStyle,
    /// `--metric`.
    pub metric: Option<MetricOverride>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `-j`; at least 1.
    pub concurrency: Option<u32>,
    /// `-P`, in the order given; of several for one name the last counts.
    pub values: Vec<ValueOverride>,
    /// `--sampler`.
    pub sampler: Option<String>,
    /// The text of the component file, in place of what the file holds now.
    pub component: Option<String>,
}

/// `--metric NAME[:minimize|maximize]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricOverride {
    /// NAME.
    pub name: String,
    /// The direction, if it is said.
    pub direction: Option<Direction>,
}

/// `-P NAME=VALUE`.
#[derive(Clone, PartialEq, Debug)]
pub struct ValueOverride {
    /// NAME.
    pub name: String,
    /// VALUE as written.
    pub text: String,
}

impl ValueOverride {
    /// VALUE, typed as YAML would: `3` is a number, `[1, 2]` a list, what is nothing else is text.
    pub fn value(&self) -> Value {
        parse_value(&self.text)
    }

    /// A finding about its name.
    pub fn about_name(&self, severity: Severity, message: String, hint: Option<String>) -> Diagnostic {
        finding(severity, &format!("-P {}={}", self.name, self.text), 3..3 + self.name.len(), message, hint)
    }

    /// A finding about its value.
    pub fn about_value(&self, severity: Severity, message: String, hint: Option<String>) -> Diagnostic {
        let start = 4 + self.name.len();
        finding(severity, &format!("-P {}={}", self.name, self.text), start..start + self.text.len(), message, hint)
    }
}

/// A finding about a piece of the command line, shown with a caret under `part` of it.
pub fn finding(
    severity: Severity,
    text: &str,
    part: std::ops::Range<usize>,
    message: String,
    hint: Option<String>,
) -> Diagnostic {
    let source = Arc::new(Source { name: "command line".to_owned(), text: text.to_owned() });
    Diagnostic { severity, message, hint, source, span: Some(part) }
}

/// `--metric` without a direction takes that of the file's metric of the same name, else it is minimized, with a warning.
pub fn metric(given: &MetricOverride, in_file: Option<&Metric>, findings: &mut Findings) -> Metric {
    let same = in_file.filter(|metric| metric.name == given.name).map(|metric| metric.direction);
    let direction = given.direction.or(same).unwrap_or_else(|| {
        let message = format!("{} will be minimized", quoted(&given.name));
        let hint = format!("write --metric {}:maximize if more is better", given.name);
        let text = format!("--metric {}", given.name);
        findings.push(finding(Severity::Warning, &text, 9..text.len(), message, Some(hint)));
        Direction::Minimize
    });
    Metric { name: given.name.clone(), direction }
}

/// `--sampler`. Whether it was taken: the file's own tuner then has nothing to do.
pub fn sampler(name: &str, method: &mut Method, findings: &mut Findings) -> bool {
    let text = format!("--sampler {name}");
    let refuse = |message: String, hint| finding(Severity::Error, &text, 10..text.len(), message, hint);
    let Some(sampler) = catalogue::by_name(name) else {
        let hint = suggestion(name, catalogue::names());
        findings.push(refuse(format!("unknown sampler {}", quoted(name)), hint));
        return false;
    };
    let replaced = replace_sampler(method, sampler);
    if let Err(message) = &replaced {
        findings.push(refuse(message.clone(), None));
    }
    replaced.is_ok()
}
