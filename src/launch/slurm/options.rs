//! What each job asks of Slurm.

use std::num::NonZeroU32;

use serde::Serialize;
use serde_json::{Map, Value};

use super::pool::request::{AllocationRequest, slurm_time};
use crate::types::args::{ArgError, ArgReader, Args};

/// The names of the options.
pub const NAMES: [&str; 12] =
    ["cpus", "gpus", "mem", "time", "partition", "account", "qos", "constraint", "extra", ALLOCATION, "jobs", "nodes"];
/// The option that packs jobs into allocations.
pub const ALLOCATION: &str = "allocation";

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
    /// The allocations that the driver keeps outside of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation: Option<AllocationRequest>,
    /// Jobs at once in each of them; 1 if neither this nor `nodes` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<NonZeroU32>,
    /// Whole nodes of each of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<NonZeroU32>,
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
        let is_time = |text: &str| slurm_time(text).is_some() || text.eq_ignore_ascii_case("unlimited");
        let valid = time.as_deref().is_none_or(is_time);
        reader.check(
            valid,
            "time",
            "`time` must be a number of minutes or a time of Slurm, as in 90, 1:30:00 or 2-00:00:00",
        );
        let (allocation, jobs, nodes) = read_allocation(&mut reader, time.as_deref());
        let options =
            SlurmOptions { cpus, gpus, mem, time, partition, account, qos, constraint, extra, allocation, jobs, nodes };
        reader.finish(|| Some(options))
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

/// `allocation`, `jobs` and `nodes`; `time` is the limit of each job.
fn read_allocation(
    reader: &mut ArgReader<'_>,
    time: Option<&str>,
) -> (Option<AllocationRequest>, Option<NonZeroU32>, Option<NonZeroU32>) {
    let text = reader.optional_text(ALLOCATION).filter(|text| !text.is_empty());
    let allocation = text.as_deref().and_then(AllocationRequest::parse);
    let is_valid = text.is_none() || allocation.is_some();
    reader.check(
        is_valid,
        ALLOCATION,
        "`allocation` must be a number of allocations with the time limit of each, 1m or more, as in 4x8h",
    );
    let longest = time.and_then(slurm_time);
    let holds = allocation.as_ref().zip(longest).is_none_or(|(allocation, longest)| longest <= allocation.time);
    reader.check(holds, "time", "`time` must not be longer than an allocation lasts");
    let [jobs, nodes] = ["jobs", "nodes"]
        .map(|name| reader.optional_positive(name).and_then(|n| NonZeroU32::new(u32::try_from(n).unwrap_or(u32::MAX))));
    reader.check(jobs.is_none() || nodes.is_none(), "nodes", "`jobs` and `nodes` exclude each other");
    (allocation, jobs, nodes)
}

fn is_typed(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(kind, count)| !kind.is_empty() && count.parse::<u32>().is_ok_and(|n| n > 0))
}

fn number_or_text(reader: &mut ArgReader<'_>, name: &str) -> Option<String> {
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
    fn a_time_is_one_that_slurm_reads() {
        for time in [json!(90), json!("1:30:00"), json!("2-00:00:00"), json!("UNLIMITED")] {
            assert!(read(json!({ "time": time })).is_ok(), "{time}");
        }
        for time in [json!(-5), json!("never"), json!("1h")] {
            assert!(read(json!({ "time": time })).unwrap_err()[0].starts_with("`time` must be"), "{time}");
        }
    }

    #[test]
    fn allocations_are_checked_together_with_what_each_job_needs() {
        let given = json!({"allocation": "4x8h", "jobs": 2, "time": "1:00:00"});
        assert_eq!(Value::Object(read(given.clone()).unwrap().to_json()), given);
        for (options, expected) in [
            (json!({"allocation": "8h"}), "`allocation` must be a number of allocations"),
            (json!({"allocation": "4x1h", "time": 61}), "`time` must not be longer than an allocation lasts"),
            (json!({"allocation": "4x1h", "jobs": 2, "nodes": 1}), "`jobs` and `nodes` exclude each other"),
        ] {
            let errors = read(options).unwrap_err();
            assert!(errors.len() == 1 && errors[0].starts_with(expected), "{errors:?}");
        }
    }

    #[test]
    fn memory_is_in_the_units_of_srun() {
        let sizes = ["100", "4G", "1T", "1500K", "2gb"].map(|text| megabytes(text).unwrap());
        assert_eq!(sizes, [100, 4096, 1 << 20, 2, 2048]);
        assert_eq!(["", "G", "1.5G", "3x"].map(megabytes), [None; 4]);
    }
}
