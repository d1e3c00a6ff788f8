//! `--metric` and `-P` as they are typed, read into what the matrix takes over its file, and back.

use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::types::objective::Direction;

/// `NAME`, `NAME:minimize` or `NAME:maximize`.
pub fn metric(text: &str) -> Result<MetricOverride, String> {
    let (name, direction) = match text.rsplit_once(':') {
        None => (text, None),
        Some((name, "minimize")) => (name, Some(Direction::Minimize)),
        Some((name, "maximize")) => (name, Some(Direction::Maximize)),
        Some((_, other)) => return Err(format!("`{other}` must be minimize or maximize")),
    };
    if name.is_empty() {
        return Err("the metric's name is missing".to_owned());
    }
    Ok(MetricOverride { name: name.to_owned(), direction })
}

/// `NAME=VALUE`.
pub fn param(text: &str) -> Result<ValueOverride, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(ValueOverride { name: name.to_owned(), text: value.to_owned() }),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// What [`metric`] reads.
pub fn metric_text(metric: &MetricOverride) -> String {
    match metric.direction {
        None => metric.name.clone(),
        Some(Direction::Minimize) => format!("{}:minimize", metric.name),
        Some(Direction::Maximize) => format!("{}:maximize", metric.name),
    }
}

/// What [`param`] reads.
pub fn param_text(param: &ValueOverride) -> String {
    format!("{}={}", param.name, param.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_may_name_its_direction() {
        for text in ["loss", "acc:maximize", "a:b:minimize"] {
            assert_eq!(metric(text).map(|m| metric_text(&m)), Ok(text.to_owned()));
        }
        assert_eq!(metric("acc:maximize").map(|m| m.direction), Ok(Some(Direction::Maximize)));
        assert!(metric("acc:up").is_err() && metric(":minimize").is_err());
    }

    #[test]
    fn a_value_may_hold_anything() {
        for text in ["a=b=c", "lr=", "x=[1, 2]"] {
            assert_eq!(param(text).map(|p| param_text(&p)), Ok(text.to_owned()));
        }
        assert!(param("lr").is_err() && param("=1").is_err());
    }
}
