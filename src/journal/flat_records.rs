//! The fields of the most frequent records, for reading: serde buffers every field of a struct with `flatten` and of a tagged enum,
//! which takes most of the time of reading a large journal.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::record::{EndRecord, LaunchRecord, ProcessUsage, Record};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::objective::Score;
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{CurvePoint, Failure, Outcome, Readings, StopRule};
use crate::types::units::{Moment, Resource};

/// The fields of a [`LaunchRecord`].
#[derive(Deserialize)]
struct FlatLaunchRecord {
    trial: TrialId,
    rung: Rung,
    attempt: Attempt,
    round: u32,
    bracket: u32,
    resource: Resource,
    previous: Resource,
    slot: Slot,
    params: Option<Assignment>,
    origin: Option<ConfigOrigin>,
    at: Moment,
}

impl FlatLaunchRecord {
    fn record(self) -> LaunchRecord {
        let FlatLaunchRecord { trial, rung, attempt, round, bracket, resource, previous, slot, params, origin, at } =
            self;
        let job = JobId { key: JobKey { trial, rung }, attempt };
        LaunchRecord { job, bracket: BracketId { round, bracket }, resource, previous, slot, params, origin, at }
    }
}

/// The tag of an [`Outcome`].
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeTag {
    Succeeded,
    Stopped,
    Failed,
}

/// The fields of an [`EndRecord`].
#[derive(Deserialize)]
struct FlatEndRecord {
    trial: TrialId,
    rung: Rung,
    attempt: Attempt,
    status: OutcomeTag,
    score: Option<Score>,
    by: Option<StopRule>,
    failure: Option<Failure>,
    #[serde(default)]
    metrics: Map<String, Value>,
    #[serde(default)]
    curve: Vec<CurvePoint>,
    thinned_from: Option<u64>,
    duration_s: f64,
    exit_code: Option<i32>,
    signal: Option<i32>,
    max_rss_bytes: Option<u64>,
    cpu_s: Option<f64>,
    #[serde(default)]
    stderr_tail: String,
    at: Moment,
}

impl FlatEndRecord {
    /// `None` if a field of its outcome is missing.
    fn record(self) -> Option<EndRecord> {
        let flat = self;
        let outcome = match flat.status {
            OutcomeTag::Succeeded => Outcome::Succeeded { score: flat.score },
            OutcomeTag::Stopped => Outcome::Stopped { score: flat.score, by: flat.by? },
            OutcomeTag::Failed => Outcome::Failed { failure: flat.failure? },
        };
        let FlatEndRecord { duration_s, exit_code, signal, max_rss_bytes, cpu_s, .. } = flat;
        Some(EndRecord {
            job: JobId { key: JobKey { trial: flat.trial, rung: flat.rung }, attempt: flat.attempt },
            outcome,
            readings: Readings { metrics: flat.metrics, curve: flat.curve, thinned_from: flat.thinned_from },
            usage: ProcessUsage { duration_s, exit_code, signal, max_rss_bytes, cpu_s },
            stderr_tail: flat.stderr_tail,
            at: flat.at,
        })
    }
}

/// The fields of [`Record::Promoted`] and [`Record::Retired`].
#[derive(Deserialize)]
struct FlatVerdict {
    trial: TrialId,
    #[serde(default)]
    rung: Option<Rung>,
}

/// Parses the JSON object of a record. The tag is the first field of every record that hypertune writes; other objects are parsed
/// too. `line` is changed and restored.
pub(super) fn parse(line: &mut [u8]) -> serde_json::Result<Record> {
    let tagged = tagged(line, br#"{"type":"launch","#, |launch: FlatLaunchRecord| {
        Some(Record::Launch(Box::new(launch.record())))
    })
    .or_else(|| tagged(line, br#"{"type":"end","#, |end: FlatEndRecord| Some(Record::End(Box::new(end.record()?)))))
    .or_else(|| tagged(line, br#"{"type":"retired","#, |FlatVerdict { trial, .. }| Some(Record::Retired { trial })))
    .or_else(|| {
        tagged(line, br#"{"type":"promoted","#, |FlatVerdict { trial, rung }| Some(Record::Promoted { trial, rung }))
    });
    tagged.map_or_else(|| serde_json::from_slice(line), Ok)
}

/// The record if `line` starts with `tag` and is valid; otherwise the caller finds the error and its column.
fn tagged<T: DeserializeOwned>(
    line: &mut [u8],
    tag: &[u8],
    record: impl FnOnce(T) -> Option<Record>,
) -> Option<Record> {
    if !line.starts_with(tag) {
        return None;
    }
    let object = &mut line[tag.len() - 1..];
    object[0] = b'{';
    let parsed = serde_json::from_slice(object);
    object[0] = b',';
    parsed.ok().and_then(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = r#"{"type":"end","trial":1,"rung":0,"attempt":1,"status":"stopped","score":0.5,"by":{"rule":"median",
        "value":1.0,"threshold":0.25},"metrics":{"loss":0.5},"curve":[{"step":1.0,"value":0.5}],"thinned_from":90,"duration_s":0.5,
        "exit_code":0,"max_rss_bytes":5,"cpu_s":0.25,"stderr_tail":"x","at":55}"#;

    fn read(text: &str) -> Result<Record, String> {
        let mut line = text.as_bytes().to_vec();
        let parsed = parse(&mut line).map_err(|error| error.to_string());
        assert_eq!(line, text.as_bytes(), "the line is restored");
        parsed
    }

    #[test]
    fn both_ways_of_parsing_give_the_same_record() {
        let launch = r#"{"type":"launch","trial":0,"rung":0,"attempt":1,"round":0,"bracket":2,"resource":1.0,"previous":0.0,"slot":0,"params":{"x":0.5},"origin":{"from":"mutated","parent":3},"at":3}"#;
        for text in [END, launch, r#"{"type":"retired","trial":3}"#, r#"{"type":"promoted","trial":4}"#] {
            let generic: Record = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap(), generic);
            assert_eq!(read(&serde_json::to_string(&generic).unwrap()).unwrap(), generic, "{text}");
        }
    }

    #[test]
    fn errors_name_the_field_and_the_column_of_the_whole_line() {
        let error = |text: &str| read(text).unwrap_err();
        assert!(error(&END.replace("\"by\"", "\"bye\"")).starts_with("missing field `by`"));
        assert!(error(&END.replace("stopped", "failed")).starts_with("missing field `failure`"));
        assert!(error(r#"{"type":"retired","trial":x}"#).contains("column 27"));
    }
}
