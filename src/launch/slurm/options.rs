//! What each job asks of Slurm.

use std::num::NonZeroU32;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::types::args::{ArgError, Args};

/// The names of the options.
pub const NAMES: [&str; 9] = ["cpus", "gpus", "mem", "time", "partition", "account", "qos", "constraint", "extra"];

/// The request of each job; what is not given is up to Slurm.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SlurmOptions {
    /// Processors; 1 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<NonZeroU32>,
    /// A number of GPUs, or `TYPE:NUMBER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpus: Option<GpuRequest>,
    /// Memory, as `--mem` of srun takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<String>,
    /// Time limit, as `--time` of srun takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// Further arguments of srun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
}

/// GPUs of one job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum GpuRequest {
    /// So many of any type.
    Any(u32),
    /// `TYPE:NUMBER`.
    Typed(String),
}

impl GpuRequest {
    /// Their number and their type, if it matters.
    pub fn count_and_type(&self) -> (u32, Option<&str>) {
        match self {
            GpuRequest::Any(count) => (*count, None),
            GpuRequest::Typed(text) => text
                .rsplit_once(':')
                .and_then(|(kind, count)| Some((count.parse().ok()?, Some(kind))))
                .unwrap_or((1, Some(text))),
        }
    }
}

impl SlurmOptions {
    /// Reads the options of the matrix or the command line.
    pub fn read(args: &Args) -> Result<SlurmOptions, Vec<ArgError>> {
        let mut reader = args.reader();
        let cpus = reader.optional_positive("cpus").map(|cpus| u32::try_from(cpus).unwrap_or(u32::MAX));
        let gpus = match reader.raw("gpus") {
            Some(Value::String(text)) if is_typed(text) => Some(GpuRequest::Typed(text.clone())),
            Some(Value::String(text)) => {
                let message = format!("`gpus` must be a number or TYPE:NUMBER, found {text:?}");
                reader.error("gpus", message);
                None
            }
            _ => reader.optional_count("gpus").map(|gpus| GpuRequest::Any(u32::try_from(gpus).unwrap_or(u32::MAX))),
        };
        let mem = number_or_text(&mut reader, "mem");
        if mem.as_deref().is_some_and(|mem| megabytes(mem).is_none()) {
            reader.error("mem", "`mem` must be a number of megabytes, or a number with K, M, G or T");
        }
        let mut text = |name| reader.optional_text(name).filter(|text| !text.is_empty());
        let [partition, account, qos, constraint] = ["partition", "account", "qos", "constraint"].map(&mut text);
        let time = number_or_text(&mut reader, "time");
        let extra = match reader.raw("extra") {
            None => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(_) => {
                reader.error("extra", "`extra` must be a list of arguments of srun, each a text");
                Vec::new()
            }
        };
        let cpus = cpus.and_then(NonZeroU32::new);
        reader.finish(|| Some(SlurmOptions { cpus, gpus, mem, time, partition, account, qos, constraint, extra }))
    }

    /// The options as the journal records them.
    pub fn to_json(&self) -> Map<String, Value> {
        // Texts, numbers and lists of texts always serialize.
        serde_json::to_value(self).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default()
    }

    /// Processors of each job.
    pub fn cpus(&self) -> u32 {
        self.cpus.map_or(1, NonZeroU32::get)
    }

    /// The value of `--gres`; `None` without GPUs.
    pub fn gres(&self) -> Option<String> {
        match self.gpus()? {
            (count, None) => Some(format!("gpu:{count}")),
            (count, Some(kind)) => Some(format!("gpu:{kind}:{count}")),
        }
    }

    /// Number and type of the GPUs of each job; `None` without GPUs.
    pub fn gpus(&self) -> Option<(u32, Option<&str>)> {
        self.gpus.as_ref().map(GpuRequest::count_and_type).filter(|(count, _)| *count > 0)
    }
}

fn is_typed(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(kind, count)| !kind.is_empty() && count.parse::<u32>().is_ok_and(|n| n > 0))
}

fn number_or_text(reader: &mut crate::types::args::ArgReader<'_>, name: &str) -> Option<String> {
    match reader.raw(name) {
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => reader.optional_text(name).filter(|text| !text.is_empty()),
    }
}

/// Megabytes in `text`, a value of `--mem`.
pub fn megabytes(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(['B', 'b']);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    match text[digits.len()..].to_ascii_uppercase().as_str() {
        "K" => Some(number.div_ceil(1024)),
        "" | "M" => Some(number),
        "G" => number.checked_mul(1024),
        "T" => number.checked_mul(1024 * 1024),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> Result<SlurmOptions, Vec<String>> {
        let args = options.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        SlurmOptions::read(&args).map_err(|errors| errors.into_iter().map(|error| error.message).collect())
    }

    #[test]
    fn gpus_are_a_number_or_a_type_with_a_number() {
        assert_eq!(read(json!({"gpus": 2})).unwrap().gres().as_deref(), Some("gpu:2"));
        let typed = read(json!({"gpus": "a100:4"})).unwrap();
        assert_eq!((typed.gres().as_deref(), typed.gpus()), (Some("gpu:a100:4"), Some((4, Some("a100")))));
        assert_eq!(read(json!({"gpus": 0})).unwrap().gres(), None);
        assert!(read(json!({"gpus": "many"})).unwrap_err()[0].starts_with("`gpus` must be a number"));
    }

    #[test]
    fn all_invalid_options_are_reported_at_once() {
        let errors = read(json!({"cpus": 0, "mem": "lots", "extra": "--nice", "qos": 3})).unwrap_err();
        assert_eq!(errors.len(), 4, "{errors:?}");
    }

    #[test]
    fn memory_is_in_the_units_of_srun() {
        let sizes = ["100", "4G", "1T", "1500K", "2gb"].map(|text| megabytes(text).unwrap());
        assert_eq!(sizes, [100, 4096, 1 << 20, 2, 2048]);
        assert_eq!(["", "G", "1.5G", "3x"].map(megabytes), [None; 4]);
    }
}
