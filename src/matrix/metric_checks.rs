//! Checks of the metric that need more than its own section.

use super::sections::matrix::MatrixSection;
use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::MetricSource;
use crate::command::template::Renderer;
use crate::engine::experiment::MetricCondition;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::types::objective::Direction;

/// Warns about an early-stopping condition that wants small values of a metric that is maximized, or large ones of one that is
/// minimized.
pub fn warn_opposite_direction(section: &MatrixSection, findings: &mut Findings) {
    let Some(metric) = &section.metric else { return };
    let is_opposite =
        |condition: &&MetricCondition| condition.metric == metric.name && condition.direction != metric.direction;
    if let Some(condition) = section.stopping.conditions.iter().find(is_opposite) {
        let word = |direction| if direction == Direction::Minimize { "minimize" } else { "maximize" };
        let message = format!(
            "the early-stopping condition has `optimization: {}` for {}, but the study has `{}`",
            word(condition.direction),
            quoted(&metric.name),
            word(metric.direction)
        );
        let hint = format!("a job that reaches {} from the wrong side ends the study", condition.value);
        findings.warn(section.stopping_span.clone(), message, Some(hint));
    }
}

/// Checks the path from which metrics are read.
pub fn check_metric_path(section: &MatrixSection, renderer: Option<&Renderer>, findings: &mut Findings) {
    let source = section.collector.as_ref().map(ConfiguredCollector::source);
    let (Some(MetricSource::File(path) | MetricSource::EventFiles(path)), Some(renderer)) = (source, renderer) else {
        return;
    };
    for error in Renderer::of_path(&path, renderer).err().into_iter().flatten() {
        let message = format!("`path` of the collector: {}", error.message);
        findings.error(section.metric_span.clone(), message);
    }
}
