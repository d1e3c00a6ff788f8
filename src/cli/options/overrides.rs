//! Parses `--metric` and `-P`, and formats them again for the journal.

use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::types::objective::Direction;

/// Parses `NAME`, `NAME:minimize` or `NAME:maximize`.
pub fn metric(text: &str) -> Result<MetricOverride, String> {
    let (name, direction) = match text.rsplit_once(':') {
        None => (text, None),
        Some((name, "minimize")) => (name, Some(Direction::Minimize)),
        Some((name, "maximize")) => (name, Some(Direction::Maximize)),
        Some((_, other)) => return Err(format!("unknown direction `{other}`; expected minimize or maximize")),
    };
    if name.is_empty() {
        return Err("the name of the metric is missing".to_owned());
    }
    Ok(MetricOverride { name: name.to_owned(), direction })
}

/// Parses `NAME=VALUE`.
pub fn param(text: &str) -> Result<ValueOverride, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(ValueOverride { name: name.to_owned(), text: value.to_owned() }),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// The text that [`metric`] parses.
pub fn metric_text(metric: &MetricOverride) -> String {
    match metric.direction {
        None => metric.name.clone(),
        Some(Direction::Minimize) => format!("{}:minimize", metric.name),
        Some(Direction::Maximize) => format!("{}:maximize", metric.name),
    }
}

/// The text that [`param`] parses.
pub fn param_text(param: &ValueOverride) -> String {
    format!("{}={}", param.name, param.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_may_have_a_direction() {
        for text in ["loss", "acc:maximize", "a:b:minimize"] {
            assert_eq!(metric(text).map(|m| metric_text(&m)), Ok(text.to_owned()));
        }
        assert_eq!(metric("acc:maximize").map(|m| m.direction), Ok(Some(Direction::Maximize)));
        assert!(metric("acc:up").is_err() && metric(":minimize").is_err());
    }

    #[test]
    fn a_value_may_be_any_text() {
        for text in ["a=b=c", "lr=", "x=[1, 2]"] {
            assert_eq!(param(text).map(|p| param_text(&p)), Ok(text.to_owned()));
        }
        assert!(param("lr").is_err() && param("=1").is_err());
    }
}
