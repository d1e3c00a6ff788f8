//! All collectors. A new one is one file beside this one and one line here.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::collector::{Collector, CollectorConfig, CollectorKind, MetricSource, Wanted};
use super::files::{metrics_file, tensorboard};
use super::{auto, json_lines, pattern_lines};
use crate::types::args::{ArgError, Args, PathSegment};

/// Every collector. The first is the default of new studies.
pub static COLLECTORS: [&CollectorKind; 5] =
    [&auto::KIND, &json_lines::KIND, &pattern_lines::KIND, &metrics_file::KIND, &tensorboard::KIND];

/// The collector called `name`; `None` if there is none.
pub fn named(name: &str) -> Option<&'static CollectorKind> {
    COLLECTORS.into_iter().find(|kind| kind.name == name)
}

/// A collector with its options: how a study collects.
#[derive(Clone, Debug)]
pub struct ConfiguredCollector {
    kind: &'static CollectorKind,
    options: Map<String, Value>,
    config: Arc<dyn CollectorConfig>,
}

impl PartialEq for ConfiguredCollector {
    fn eq(&self, other: &ConfiguredCollector) -> bool {
        self.kind.name == other.kind.name && self.options == other.options
    }
}

impl Default for ConfiguredCollector {
    fn default() -> ConfiguredCollector {
        ConfiguredCollector { kind: &auto::KIND, options: Map::new(), config: Arc::new(auto::AutoConfig) }
    }
}

impl ConfiguredCollector {
    /// `kind` with `options`, or what is wrong with them.
    pub fn new(
        kind: &'static CollectorKind,
        options: Map<String, Value>,
    ) -> Result<ConfiguredCollector, Vec<ArgError>> {
        let known = || kind.required.iter().chain(kind.optional);
        let mut errors = Vec::new();
        for name in options.keys().filter(|name| !known().any(|known| known == name)) {
            let message = format!("the collector `{}` has no option `{name}`", kind.name);
            let listed: Vec<String> = known().map(|known| format!("`{known}`")).collect();
            let hint = (!listed.is_empty()).then(|| format!("its options are {}", listed.join(", ")));
            errors.push(ArgError { path: vec![PathSegment::Key(name.clone())], message, hint });
        }
        for name in kind.required.iter().filter(|name| options.get(**name).is_none_or(Value::is_null)) {
            let message = format!("the collector `{}` needs `{name}`", kind.name);
            let hint =
                Some(format!("write `collect: {{kind: {}, {name}: …}}` or `--collect {}=…`", kind.name, kind.name));
            errors.push(ArgError { path: Vec::new(), message, hint });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let args: Args = options.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(ConfiguredCollector { kind, options, config: (kind.configure)(&args)? })
    }

    /// The collector of studies whose journal names none: it was the only one.
    pub fn first() -> ConfiguredCollector {
        ConfiguredCollector {
            kind: &json_lines::KIND,
            options: Map::new(),
            config: Arc::new(json_lines::JsonLinesConfig),
        }
    }

    /// Its kind's name.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Its kind and its options as one mapping, from which [`ConfiguredCollector::from_json`] makes it again.
    pub fn to_json(&self) -> Value {
        let kind = [("kind".to_owned(), Value::from(self.kind.name))];
        let options = self.options.iter().map(|(name, value)| (name.clone(), value.clone()));
        Value::Object(kind.into_iter().chain(options).collect())
    }

    /// The collector that [`ConfiguredCollector::to_json`] wrote; `None` for anything else.
    pub fn from_json(value: &Value) -> Option<ConfiguredCollector> {
        let mut options = value.as_object()?.clone();
        let kind = options.shift_remove("kind")?;
        ConfiguredCollector::new(named(kind.as_str()?)?, options).ok()
    }

    /// A collector for one job.
    pub fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        self.config.collector(wanted)
    }

    /// What it reads.
    pub fn source(&self) -> MetricSource {
        self.config.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for kind in COLLECTORS {
            assert!(std::ptr::eq(named(kind.name).unwrap(), kind), "{}", kind.name);
        }
        assert!(named("none of them").is_none());
    }

    #[test]
    fn configured_collectors_are_made_again_from_their_json() {
        assert_eq!(ConfiguredCollector::default().to_json(), serde_json::json!({"kind": "auto"}));
        assert_eq!(ConfiguredCollector::first().name(), "json");
        for kind in COLLECTORS {
            let options = kind.required.iter().map(|name| ((*name).to_owned(), Value::from("x.csv"))).collect();
            let configured = ConfiguredCollector::new(kind, options).unwrap();
            assert_eq!(ConfiguredCollector::from_json(&configured.to_json()), Some(configured));
        }
        assert_eq!(ConfiguredCollector::from_json(&serde_json::json!({"kind": "unknown"})), None);
    }

    #[test]
    fn unknown_and_missing_options_are_errors() {
        let error = |name, options: Value| {
            let options = options.as_object().unwrap().clone();
            ConfiguredCollector::new(named(name).unwrap(), options).unwrap_err()[0].message.clone()
        };
        assert_eq!(error("json", serde_json::json!({"pattern": "x"})), "the collector `json` has no option `pattern`");
        assert_eq!(error("file", serde_json::json!({})), "the collector `file` needs `path`");
    }
}
