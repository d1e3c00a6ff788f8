//! The output of jobs: readings are bounded, finite where required, and can be journalled and read back.

use hypertune::collect::catalogue::{COLLECTORS, ConfiguredCollector};
use hypertune::collect::collector::{FileState, FoundFile, LineKind, MetricValue, OutputStream, Wanted};
use hypertune::journal::record::{EndRecord, ProcessUsage, Record};
use hypertune::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
use hypertune::types::outcome::{Failure, Outcome};
use hypertune::types::units::Moment;
use proptest::prelude::*;

use crate::cases;
use crate::damage::{damage, damaged};

const PRINTED: &str = r#"epoch 1: loss 0.3
{"epochs": 1, "loss": 0.5, "acc": NaN, "list": [1, [2, {"a": -Infinity}]], "text": "a \"quoted\" {brace}", "none": null}
{"epochs": 2.0, "loss": 1e-3, "flag": true, "\u00e4\n": "\ud83d\ude00"}
{"loss": Infinity, "epochs": "3"}
{
  "loss": 0.25,
  "deep": {"a": {"b": [[[[[]]]]]}}
}
"#;

const WORDS: [&str; 12] =
    ["loss", "epochs", "NaN", "Infinity", "-Infinity", "null", "true", "{}", "[[[[", "{\"a\":", "\\ud800", "\\u0000"];

/// Passes `printed` to every collector, with and without an objective.
fn collects(printed: &[u8]) {
    for (kind, metric) in COLLECTORS.into_iter().flat_map(|kind| [(kind, Some("loss".to_owned())), (kind, None)]) {
        let options = kind.required.iter().map(|name| ((*name).to_owned(), "metrics".into())).collect();
        let configured = ConfiguredCollector::new(kind, options).unwrap();
        let mut collector = configured.collector(Wanted {
            metric,
            step: Some("epochs".into()),
            others: vec!["acc".into()],
            ..Wanted::default()
        });
        for state in [FileState::Before, FileState::Growing, FileState::Complete] {
            collector.files(&[FoundFile { path: "metrics", bytes: printed }], state);
        }
        for (number, line) in printed.split(|b| *b == b'\n').enumerate() {
            let stream = if number % 3 == 2 { OutputStream::Stderr } else { OutputStream::Stdout };
            if collector.line(stream, line) == LineKind::Reading {
                let reading = collector.reading();
                assert!(reading.step.is_none_or(f64::is_finite));
            }
        }
        collector.end();
        let collected = collector.finish();
        assert!(collected.readings.curve.iter().all(|p| p.value.is_finite() && p.step.is_finite()));
        assert!(collected.first_step.is_none_or(f64::is_finite));
        let outcome = match collected.value {
            MetricValue::Finite(score) => Outcome::Succeeded { score: Some(score) },
            MetricValue::NoMetric => Outcome::Succeeded { score: None },
            MetricValue::NotFinite(why) => Outcome::Failed { failure: Failure::NotFinite(why) },
            MetricValue::Missing(missing) => Outcome::Failed { failure: Failure::NoMetric(missing.reason) },
        };
        can_be_journalled(EndRecord {
            job: JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) },
            outcome,
            readings: collected.readings,
            usage: ProcessUsage::default(),
            stderr_tail: String::from_utf8_lossy(&printed[..printed.len().min(100)]).into_owned(),
            at: Moment(0),
        });
    }
}

fn can_be_journalled(end: EndRecord) {
    let record = Record::End(Box::new(end));
    let line = serde_json::to_string(&record).unwrap();
    assert!(line.len() < 200_000, "{} bytes", line.len());
    let back: Record = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
    assert_eq!(back, record);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        collects(&bytes);
    }

    #[test]
    fn anything_like_json(text in "([\\[\\]{}:,\"\\\\]|\"loss\"|\"epochs\"|NaN|-?Infinity|null|-?[0-9]{1,3}(\\.[0-9]+)?(e-?[0-9]{1,3})?|\\\\u[0-9a-f]{4}|\n| ){0,60}") {
        collects(text.as_bytes());
    }

    #[test]
    fn damaged_readings(damage in damage()) {
        collects(&damaged(PRINTED.as_bytes(), &damage, &WORDS));
    }

    #[test]
    fn readings_nested_to_any_depth(depth in 0..300usize, brackets in prop_oneof![Just(("[", "]")), Just(("{\"a\":", "}"))], inner in "[0-9]{1,3}|null|\"x\"") {
        let (open, close) = brackets;
        let value = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
        collects(format!("{{\"loss\": 1, \"deep\": {value}}}").as_bytes());
        collects(format!("{{\n\"deep\": {value},\n\"loss\": 1\n}}").as_bytes());
    }
}
