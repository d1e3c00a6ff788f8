//! Values on the command line that override the file.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::matrix_options::MatrixOptions;
use crate::collect::catalogue::ConfiguredCollector;
use crate::command::config::ConfigFile;
use crate::command::dialect::Dialect;
use crate::command::style::catalogue::ArgStyle;
use crate::kinds::Method;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity, Source};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::sections::proposals::replace_sampler;
use crate::matrix::yaml::parse::parse_value;
use crate::search::catalogue;
use crate::types::objective::{Direction, Metric};

/// The options of the command line that override the file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Overrides {
    /// The command after `--`.
    pub command: Option<Vec<String>>,
    /// `--arg-style`.
    pub style: Option<ArgStyle>,
    /// `--config-template`, or the recorded file.
    pub config: Option<ConfigSource>,
    /// `--workdir`.
    pub workdir: Option<String>,
    /// `--metric`.
    pub metric: Option<MetricOverride>,
    /// `--collect`.
    pub collector: Option<ConfiguredCollector>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `-j`; at least 1.
    pub concurrency: Option<u32>,
    /// `-P`, in order. Of several for one name, the last is used.
    pub values: Vec<ValueOverride>,
    /// `--sampler`.
    pub sampler: Option<String>,
    /// The options that define or change the matrix.
    pub matrix: MatrixOptions,
    /// How templates write values; by default as Polyaxon does in a command of the file, and as JSON after `--`.
    pub dialect: Option<Dialect>,
    /// The recorded text of the component file, used instead of the file.
    pub component: Option<String>,
}

/// Where the configuration file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigSource {
    /// At this path.
    Path(PathBuf),
    /// In the journal of the study, which has its text.
    Recorded(ConfigFile),
}

impl Overrides {
    /// How templates write values.
    pub fn dialect(&self) -> Dialect {
        let default = if self.command.is_some() { Dialect::Plain } else { Dialect::Polyaxon };
        self.dialect.unwrap_or(default)
    }
}

/// `--metric NAME[:minimize|maximize]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricOverride {
    /// NAME.
    pub name: String,
    /// The direction, if given.
    pub direction: Option<Direction>,
}

/// `-P NAME=VALUE`.
#[derive(Clone, PartialEq, Debug)]
pub struct ValueOverride {
    /// NAME.
    pub name: String,
    /// VALUE, unparsed.
    pub text: String,
}

impl ValueOverride {
    /// VALUE, parsed as YAML: `3` is a number, `[1, 2]` a list.
    pub fn value(&self) -> Value {
        parse_value(&self.text)
    }

    /// A diagnostic at its name.
    pub fn about_name(&self, severity: Severity, message: String, hint: Option<String>) -> Diagnostic {
        command_line_diagnostic(
            severity,
            &format!("-P {}={}", self.name, self.text),
            3..3 + self.name.len(),
            message,
            hint,
        )
    }

    /// A diagnostic at its value.
    pub fn about_value(&self, severity: Severity, message: String, hint: Option<String>) -> Diagnostic {
        let start = 4 + self.name.len();
        command_line_diagnostic(
            severity,
            &format!("-P {}={}", self.name, self.text),
            start..start + self.text.len(),
            message,
            hint,
        )
    }
}

/// A diagnostic about `text` on the command line, with carets under `part`.
pub fn command_line_diagnostic(
    severity: Severity,
    text: &str,
    part: std::ops::Range<usize>,
    message: String,
    hint: Option<String>,
) -> Diagnostic {
    let source = Arc::new(Source { name: "command line".to_owned(), text: text.to_owned() });
    Diagnostic { severity, message, hint, source, span: Some(part) }
}

/// The metric of `--metric`. Without a direction, the direction of the same metric in the file is used, else it is minimized with a
/// warning.
pub fn override_metric(given: &MetricOverride, in_file: Option<&Metric>, findings: &mut Findings) -> Metric {
    let same = in_file.filter(|metric| metric.name == given.name).map(|metric| metric.direction);
    let direction = given.direction.or(same).unwrap_or_else(|| {
        let message = format!("{} will be minimized", quoted(&given.name));
        let hint = format!("write --metric {}:maximize if more is better", given.name);
        let text = format!("--metric {}", given.name);
        findings.push(command_line_diagnostic(Severity::Warning, &text, 9..text.len(), message, Some(hint)));
        Direction::Minimize
    });
    Metric { name: given.name.clone(), direction }
}

/// Applies `--sampler`. True if it replaces the sampler of the file or its tuner.
pub fn override_sampler(name: &str, method: &mut Method, findings: &mut Findings) -> bool {
    let text = format!("--sampler {name}");
    let error = |message: String, hint| command_line_diagnostic(Severity::Error, &text, 10..text.len(), message, hint);
    let Some(sampler) = catalogue::by_name(name) else {
        let hint = suggestion(name, catalogue::names());
        findings.push(error(format!("unknown sampler {}", quoted(name)), hint));
        return false;
    };
    let replaced = replace_sampler(method, sampler);
    if let Err(listed) = replaced {
        findings.push(error(listed.to_string(), None));
    }
    replaced.is_ok()
}
