//! Parses `--metric` and `-P`, and formats them again for the journal.

use serde_json::{Map, Value};

use crate::collect::catalogue::{self, COLLECTORS, ConfiguredCollector};
use crate::launch::catalogue::{self as launchers, LauncherChoice};
use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::matrix::yaml::parse::parse_value;
use crate::types::args::ArgError;
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

/// A collector: its name, NAME=VALUE with the value of its first option, or a mapping as in the field `collect` of the matrix.
pub fn collector(text: &str) -> Result<ConfiguredCollector, String> {
    // A pattern such as `loss: (\S+)` would make the whole text a mapping.
    let short = text.split_once('=').filter(|(name, _)| catalogue::named(name).is_some());
    let (name, options) = match parse_value(text) {
        Value::Object(mut options) if short.is_none() => {
            let kind = options.shift_remove("kind");
            (kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), options)
        }
        _ => {
            let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            let option = catalogue::named(name).and_then(|kind| kind.main_option());
            let options = match (option, value) {
                (Some(option), Some(value)) => Map::from_iter([(option.to_owned(), Value::from(value))]),
                (None, Some(_)) if catalogue::named(name).is_some() => {
                    return Err(format!("the collector `{name}` has no options"));
                }
                _ => Map::new(),
            };
            (name.to_owned(), options)
        }
    };
    let Some(kind) = catalogue::named(&name) else {
        let names: Vec<&str> = COLLECTORS.iter().map(|kind| kind.name).collect();
        return Err(format!("unknown collector `{name}`; the collectors are {}", names.join(", ")));
    };
    let text = |error: ArgError| match error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message,
    };
    ConfiguredCollector::new(kind, options)
        .map_err(|errors| errors.into_iter().map(text).collect::<Vec<_>>().join("; "))
}

/// A launcher: its name, or a mapping as in the field `launcher` of the matrix.
pub fn launcher(text: &str) -> Result<LauncherChoice, String> {
    let (name, options) = match parse_value(text) {
        Value::Object(mut options) => {
            let name = launchers::take_name(&mut options);
            (name.ok_or("the mapping names no launcher; add `kind`")?, options)
        }
        _ => (text.to_owned(), Map::new()),
    };
    let kind = launchers::named(&name, "--launcher").map_err(|error| error.to_string())?;
    LauncherChoice::new(kind, options)
        .map_err(|errors| errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; "))
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
    fn a_collector_may_have_options() {
        let json = |text: &str| collector(text).map(|collector| collector.to_json().to_string());
        assert_eq!(json("json").as_deref(), Ok(r#"{"kind":"json"}"#));
        assert_eq!(json(r"regex=loss=(\S+)").as_deref(), Ok(r#"{"kind":"regex","pattern":"loss=(\\S+)"}"#));
        assert_eq!(json(r"regex=loss: (\S+)").as_deref(), Ok(r#"{"kind":"regex","pattern":"loss: (\\S+)"}"#));
        assert_eq!(json("file={a: b}.csv").as_deref(), Ok(r#"{"kind":"file","path":"{a: b}.csv"}"#));
        assert_eq!(json("{kind: file, path: a=b.csv}").as_deref(), Ok(r#"{"kind":"file","path":"a=b.csv"}"#));
        assert_eq!(json("{kind: file, path: a.csv}").as_deref(), Ok(r#"{"kind":"file","path":"a.csv"}"#));
        assert!(json("file").is_err() && json("json=x").is_err() && json("xml").is_err() && json("regex=(").is_err());
    }

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

    #[test]
    fn a_launcher_is_a_name_or_a_mapping() {
        assert_eq!(launcher("local").unwrap().name(), "local");
        let slurm = launcher("{kind: slurm, cpus: 2}").unwrap();
        assert!(slurm.name() == "slurm" && !slurm.has_no_options());
        assert_eq!(launcher("{kind: slurm, cpu: 2}").unwrap_err(), "the launcher `slurm` has no option `cpu`");
        assert!(
            launcher("slrum").unwrap_err().starts_with("unknown launcher `slrum` in --launcher; known launchers: ")
        );
    }
}
